"""Appending in batches of 500: typed, versions checked, durable.

Against the library `eventsourcing`, which is asked to save 500 new aggregates at a time, and
against the bare drivers, which are handed the finished rows and check nothing.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import Any

from bench.facts import PRACTICE, SHOWN, Register, envelopes, fact, hosted, opened
from bench.library import library, saved
from bench.measure import Figure, rates
from bench.servers import Create, on_postgres, on_sqlite
from libs.runtime.batch import Commands, Pending
from libs.runtime.ids import new_id
from libs.runtime.store import Store, columns_of

BATCH = 500
BATCHES = 10
COLUMNS = 13
Row = tuple[Any, ...]


def figures() -> Iterator[Figure]:
    with ExitStack() as engines:
        server, files = engines.enter_context(on_postgres()), engines.enter_context(on_sqlite())
        anchor = library(server, "es")
        yield from of_postgres(server, partial(several, partial(saved, anchor)))
        yield from of_sqlite(files, partial(several, partial(saved, anchor)))
        anchor.close()


def several(save: Callable[[int], int], _: int) -> int:
    """Save batch after batch."""
    return sum(save(BATCH) for _ in range(BATCHES))


def of_postgres(create: Create, anchor: Callable[[int], int]) -> Iterator[Figure]:
    store, bare, numbers = opened(create("append")), opened(create("bare")), count(1)
    what = "PostgreSQL: append 500, typed, versions checked"
    ours, es, rows, copied = rates(
        partial(appended, store),
        anchor,
        lambda _: raw(bare, numbers, insert_rows),
        lambda _: raw(bare, numbers, copy_rows),
    )
    yield Figure(what=what, ours=ours, anchor=es, against="es save of 500", at_least=6)
    yield Figure(what=f"{what}, bare insert", ours=ours, anchor=rows, against="psycopg executemany")
    yield Figure(what=f"{what}, bare copy", ours=ours, anchor=copied, against="psycopg COPY")


def of_sqlite(create: Create, anchor: Callable[[int], int]) -> Iterator[Figure]:
    store, bare, numbers = opened(create("append")), opened(create("bare")), count(1)
    own, shows = library(create, "es"), Decided(create)
    what = "SQLite: append 500, typed, versions checked"
    ours, shown, es, same, rows = rates(
        partial(appended, store),
        shows,
        anchor,
        partial(several, partial(saved, own)),
        lambda _: raw(bare, numbers, insert_rows),
    )
    own.close()
    shows.close()
    with_rows = "SQLite: append 500 + projection, synchronous=FULL"
    yield Figure(
        what=with_rows, ours=shown, anchor=es, against="es save of 500, PostgreSQL", at_least=2
    )
    yield Figure(what=what, ours=ours, anchor=same, against="es save of 500, SQLite")
    yield Figure(what=f"{what}, bare insert", ours=ours, anchor=rows, against="sqlite3 executemany")


def appended(store: Store, _: int) -> int:
    """Type, check and append batch after batch."""
    for _batch in range(BATCHES):
        new = envelopes([fact(number) for number in range(BATCH)])
        with store.writing() as db:
            store.tails(db, {event.stream: 0 for event in new})
            store.append(db, new)
    return BATCH * BATCHES


class Decided:
    """Commands decided batch after batch, with a projection of what they lead to."""

    def __init__(self, create: Create) -> None:
        self._runner = asyncio.Runner()
        self._host = hosted(create, "shown", SHOWN)
        self._runner.run(self._host.start())

    def __call__(self, number: int) -> int:
        return self._runner.run(self._batches(number))

    def close(self) -> None:
        self._runner.run(self._host.stop())
        self._runner.close()
        self._host.vault.close()

    async def _batches(self, number: int) -> int:
        for batch in range(BATCHES):
            keys = (f"{number}-{batch}-{index}" for index in range(BATCH))
            commands = [Register(practice_id=PRACTICE, key=key) for key in keys]
            pending = [Pending(command=c, id=new_id(), correlation_id="c") for c in commands]
            await self._host.submit(Commands(pending))
        return BATCH * BATCHES


def raw(store: Store, numbers: Iterator[int], write: Callable[[Any, Sequence[Row]], None]) -> int:
    """Hand finished rows to the driver, a transaction a batch."""
    connection = store.engine.raw_connection()
    link = b"\x00" * 32
    for _ in range(BATCHES):
        events = envelopes([fact(number) for number in range(BATCH)])
        write(connection, [(next(numbers), *columns_of(event), link) for event in events])
        connection.commit()
    connection.close()
    return BATCH * BATCHES


def insert_rows(connection: Any, rows: Sequence[Row]) -> None:
    """Insert as the driver inserts many."""
    cursor = connection.cursor()
    sqlite = "sqlite" in type(connection.driver_connection).__module__
    if sqlite:
        cursor.execute("BEGIN IMMEDIATE")
    values = ", ".join(["?" if sqlite else "%s"] * COLUMNS)
    cursor.executemany(f"INSERT INTO events VALUES ({values})", rows)  # noqa: S608 - our own words


def copy_rows(connection: Any, rows: Sequence[Row]) -> None:
    """Send as the server takes most at once."""
    with connection.cursor().copy("COPY events FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
