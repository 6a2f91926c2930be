"""16 processes that append to one log on PostgreSQL at once: how fast, and whether all is there."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from time import perf_counter

from msgspec.structs import replace
from sqlalchemy import func, select

from bench.facts import NAME, envelopes, fact, opened
from bench.measure import Figure
from bench.servers import on_postgres
from libs.events import Envelope
from libs.runtime.engines import open_engine
from libs.runtime.store import Store
from libs.runtime.tables import EVENTS, LOG_HEAD

WRITERS = 16
BATCH = 50
BATCHES = 40
STREAMS = 5
"""Of each writer: each batch goes on with all of them."""


def figures() -> Iterator[Figure]:
    with on_postgres() as create:
        url = create("writers")
        store = opened(url)
        spent = asyncio.run(race(url))
        wrong = faults(store)
        store.engine.dispose()
    written = WRITERS * BATCHES * BATCH
    what = f"{WRITERS} writer processes on one log, batches of {BATCH}"
    yield Figure(what=what, ours=written / spent)
    yield Figure(
        what=f"{WRITERS} writers: events lost, doubled or out of order, gaps",
        ours=wrong,
        unit=f"of {written:,}",
        at_most=0,
    )


async def race(url: str) -> float:
    """Let all begin at once; return the seconds until the last has ended."""
    run = [sys.executable, "-W", "ignore", "-m", "bench.writers", url]
    started = [
        await asyncio.create_subprocess_exec(
            *run, str(number), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in range(WRITERS)
    ]
    for one in started:
        assert one.stdout is not None
        assert await one.stdout.readline() == b"ready\n"
    begun = perf_counter()
    for one in started:
        assert one.stdin is not None
        one.stdin.write(b"go\n")
    codes = await asyncio.gather(*(one.wait() for one in started))
    spent = perf_counter() - begun
    assert not any(codes)
    return spent


def write(url: str, number: int) -> None:
    """Append batches; each event is the next of one of this writer's streams."""
    store = Store(NAME, open_engine(url))
    with store.reading() as db:
        store.head(db)
    print("ready", flush=True)
    sys.stdin.readline()
    for version in range(1, BATCHES * BATCH // STREAMS + 1, BATCH // STREAMS):
        append(store, batch_of(number, version))
    store.engine.dispose()


def batch_of(writer: int, version: int) -> Sequence[Envelope]:
    """Return the next events of all of a writer's streams, from this version on."""
    streams = [f"writer-{writer}-{stream}" for stream in range(STREAMS)]
    places = [(one, version + n) for one in streams for n in range(BATCH // STREAMS)]
    new = envelopes([fact(n) for n in range(BATCH)])
    return [
        replace(event, stream=stream, version=place)
        for event, (stream, place) in zip(new, places, strict=True)
    ]


def append(store: Store, new: Sequence[Envelope]) -> None:
    """Append as the writer does: what is stored of these streams is read in the transaction."""
    with store.writing() as db:
        store.tails(db, {event.stream: event.version - 1 for event in new})
        store.append(db, new)


def faults(store: Store) -> int:
    """Count what a log must not have, reading all of it: positions and versions tell."""
    seen: Counter[str] = Counter()
    wrong, place = 0, 0
    with store.reading() as db:
        head = db.execute(select(LOG_HEAD.c.position)).scalar_one()
        order = select(EVENTS.c.position, EVENTS.c.stream, EVENTS.c.version)
        for position, stream, version in db.execute(order.order_by(EVENTS.c.position)):
            wrong += (position != place + 1) + (version != seen[stream] + 1)
            place, seen[stream] = position, version
        ids = db.execute(select(func.count(EVENTS.c.event_id.distinct()))).scalar_one()
    written = WRITERS * BATCHES * BATCH
    wrong += abs(int(head) - written) + abs(int(ids) - written) + abs(seen.total() - written)
    return wrong


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]))
