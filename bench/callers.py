"""32 callers at once, each waits until its own event is durable, then sends the next.

The anchor is the library `eventsourcing` with 32 threads and a connection for each. Append only
means the bare writer; with rules and projections a command is decided and a read table written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from time import perf_counter
from typing import Any

from eventsourcing.application import Application

from bench.facts import PLAIN, PRACTICE, SHOWN, Register, envelopes, fact, hosted
from bench.library import CONNECTIONS, library, saved
from bench.measure import Figure, rates
from bench.servers import Create, on_postgres, on_sqlite
from libs.runtime.batch import Batch, Pending, Recorded
from libs.runtime.host import Host

CALLERS = CONNECTIONS
CALLS = 150
ANCHOR_CALLS = 20
LEAST = {"append only": 25.0, "rules and projections": 12.0}
P99_MS = {"append only": 5.0, "rules and projections": 8.0}


class Append:
    """One finished event for the writer: what it costs to make it durable, and no more."""

    def __init__(self, number: int) -> None:
        (self._envelope,) = envelopes([fact(number)])
        self._event = fact(number)

    def prepare(self, batch: Batch) -> Sequence[Pending]:
        assert not batch.streams
        return []

    def decide(self, batch: Batch) -> None:
        batch.new.append(Recorded(self._event, self._event, self._envelope))

    def answer(self) -> None:
        return None


class Calls:
    """Callers of one kind, and how long each call of the best turn took."""

    def __init__(self, create: Create, kind: str) -> None:
        plain = kind == "append only"
        self._runner = asyncio.Runner()
        self._host = hosted(create, f"plain{plain}", PLAIN if plain else SHOWN)
        self._call = partial(append_one if plain else handle_one, self._host)
        self._runner.run(self._host.start())
        self.waits: list[float] = []

    def __call__(self, number: int) -> int:
        waits = self._runner.run(self._all(number))
        if not self.waits or sum(waits) < sum(self.waits):
            self.waits = sorted(waits)
        return len(waits)

    def milliseconds(self, part: float) -> float:
        """Return how long that part of the calls took at most."""
        return self.waits[int(part * (len(self.waits) - 1))] * 1_000

    def close(self) -> None:
        self._runner.run(self._host.stop())
        self._runner.close()
        self._host.vault.close()

    async def _all(self, number: int) -> list[float]:
        names = (f"{number}-{caller}" for caller in range(CALLERS))
        waits = await asyncio.gather(*(_in_turn(self._call, name) for name in names))
        return [wait for one in waits for wait in one]


async def _in_turn(call: Callable[[str], Awaitable[None]], name: str) -> list[float]:
    waits = []
    for index in range(CALLS):
        begun = perf_counter()
        await call(f"{name}-{index}")
        waits.append(perf_counter() - begun)
    return waits


async def append_one(host: Host, key: str) -> None:
    await host.submit(Append(len(key)))


async def handle_one(host: Host, key: str) -> None:
    await host.handle(Register(practice_id=PRACTICE, key=key))


def several(app: Application[Any], _: int) -> int:
    """Let the anchor's callers save one after the other."""

    def calls(_caller: int) -> int:
        return sum(saved(app, 1) for _ in range(ANCHOR_CALLS))

    with ThreadPoolExecutor(CALLERS) as pool:
        return sum(pool.map(calls, range(CALLERS)))


def figures() -> Iterator[Figure]:
    with ExitStack() as engines:
        server, files = engines.enter_context(on_postgres()), engines.enter_context(on_sqlite())
        es, own = library(server, "es"), library(files, "es")
        for engine, create in (("PostgreSQL", server), ("SQLite", files)):
            yield from of_engine(engine, create, es, own)
        es.close()
        own.close()


def of_engine(
    engine: str, create: Create, es: Application[Any], own: Application[Any]
) -> Iterator[Figure]:
    kinds = {kind: Calls(create, kind) for kind in LEAST}
    *ours, anchor, same = rates(*kinds.values(), partial(several, es), partial(several, own))
    against = f"es, {CALLERS} threads, PostgreSQL"
    for (kind, calls), rate in zip(kinds.items(), ours, strict=True):
        what, least = f"{engine}: {CALLERS} callers, {kind}", LEAST[kind]
        calls.close()
        yield Figure(what=what, ours=rate, anchor=anchor, against=against, at_least=least)
        if engine == "SQLite":
            besides = f"es, {CALLERS} threads, SQLite"
            yield Figure(what=f"{what}, same engine", ours=rate, anchor=same, against=besides)
        yield Figure(what=f"{what}, p50", ours=calls.milliseconds(0.5), unit="ms")
        slow = calls.milliseconds(0.99)
        yield Figure(what=f"{what}, p99", ours=slow, unit="ms", at_most=P99_MS[kind])
