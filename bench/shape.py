"""The whole chain on PostgreSQL and Kafka: five processes, two engines, HTTP at the front door.

Core time is that of all processes, the engines' too; the driver that hands in is not counted.
"""

import asyncio
import base64
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import NamedTuple

import httpx
import msgspec
from sqlalchemy import create_engine, text
from typing_extensions import override

from bench.chain import peak_day
from bench.measure import Figure
from bench.processes import core_seconds, memory, started
from bench.servers import kafka, postgres
from services.simulator.invoices import invoice
from services.simulator.partner import ACCEPTED
from services.simulator.practices import Practice
from services.simulator.request import message
from tests.distributed.driving import SEED, TODAY, WORKDAY, XML, Cooperative, Partner
from tests.distributed.processes import SERVICES, Shape
from tests.engines import Databases

PRACTICES = 4
WARM = 50
"""Invoices of each practice that are handed in before anything is measured."""
COUNT = 500
"""And measured; as many again for the profile."""
EACH = 8
"""Requests of a practice at once."""
LAST = (("gateway", "invoices"), ("dunning", "cases"), ("factoring", "claims"))
"""Tables that hold an invoice once everybody has heard of it."""
PATIENCE = 600
POLL_SECONDS = 0.1
IDLE_SECONDS = 5


class Plain(Shape):
    """The five services without documents; each can say where its time goes."""

    @override
    def program(self, service: str, days_ahead: int) -> Sequence[str]:
        assert not days_ahead
        return ["-m", "bench.serve", service, str(self.profile(service))]

    def profile(self, service: str) -> Path:
        return self.folder / f"{service}.profile.json"

    def pid(self, service: str) -> int:
        return self._processes[service][0].pid


class Cost(NamedTuple):
    """What an invoice took."""

    wall: float
    core: Mapping[str, float]
    """Core milliseconds by process."""
    rate: float
    """Receipts a second while they were handed in."""


class Chain:
    """A running cooperative, its practices, and what of theirs was handed in."""

    def __init__(self, shape: Plain) -> None:
        self._shape = shape
        self._stores = {name: create_engine(shape.database(name)) for name, _ in LAST}
        cooperative = Cooperative.open(shape)
        self._members = [cooperative.join() for _ in range(PRACTICES)]
        self._pids = {name: shape.pid(name) for name in SERVICES}
        self._pids |= {"PostgreSQL": started("postgres"), "Kafka": started("java")}
        self._sent = 0

    async def run(self, count: int) -> Cost:
        """Hand in so many invoices of each practice, wait until all services have them."""
        bodies = [self._messages(who, count) for who, _ in self._members]
        self._sent += count
        before, begun = self._spent(), perf_counter()
        async with httpx.AsyncClient(base_url=self._shape.door, timeout=60) as door:
            members = zip(self._members, bodies, strict=True)
            work = (self._hand_in(door, software, some) for (_, software), some in members)
            await asyncio.gather(*work)
            handed = perf_counter() - begun
            await self._heard_everywhere()
        wall, after = perf_counter() - begun, self._spent()
        each = 1_000 / (count * PRACTICES)
        core = {name: (after[name] - before[name]) * each for name in after}
        return Cost(wall * each, core, count * PRACTICES / handed)

    def idle(self) -> float:
        """Return the core milliseconds a second of a system that nobody asks for anything."""
        before = sum(self._spent().values())
        sleep(IDLE_SECONDS)
        return (sum(self._spent().values()) - before) / IDLE_SECONDS * 1_000

    def close(self) -> None:
        for engine in self._stores.values():
            engine.dispose()

    def _messages(self, who: Practice, count: int) -> list[bytes]:
        places = range(self._sent, self._sent + count)
        return [message(invoice(SEED, who, (WORKDAY, index), TODAY)) for index in places]

    def _spent(self) -> dict[str, float]:
        return {name: core_seconds(pid) for name, pid in self._pids.items()}

    async def _hand_in(
        self, door: httpx.AsyncClient, software: Partner, bodies: Sequence[bytes]
    ) -> None:
        waiting = list(reversed(bodies))
        headers = XML | {"Authorization": f"Bearer {software.token}"}

        async def sender() -> None:
            while waiting:
                body = waiting.pop()
                answer = await door.post("/v1/submissions", content=body, headers=headers)
                assert answer.status_code == ACCEPTED, answer.text

        await asyncio.gather(*(sender() for _ in range(EACH)))

    async def _heard_everywhere(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while any(self._held(*one) < self._sent * PRACTICES for one in LAST):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)

    def _held(self, service: str, table: str) -> int:
        with self._stores[service].connect() as db:
            return int(db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


@contextmanager
def running() -> Iterator[Plain]:
    """Run the engines and the five services on empty databases."""
    with postgres() as server, kafka() as broker, TemporaryDirectory() as folder:
        databases = Databases(server.url("postgres"))
        key = base64.b64encode(b"a key for benches, 32 bytes long")
        (Path(folder) / "master.key").write_bytes(key)
        shape = Plain(Path(folder), databases.create(*SERVICES, "keys"), broker.address)
        try:
            shape.command("migrate")
            shape.command("topics", "apply")
            shape.start(*SERVICES)
            yield shape
        finally:
            shape.close()
            databases.drop()


def figures() -> Iterator[Figure]:
    with running() as shape:
        chain = Chain(shape)
        asyncio.run(chain.run(WARM))
        cost = asyncio.run(chain.run(COUNT))
        idle = chain.idle()
        held = {name: memory(shape.pid(name), "VmHWM") for name in SERVICES}
        for name in SERVICES:
            os.kill(shape.pid(name), signal.SIGUSR1)
        asyncio.run(chain.run(COUNT))
        chain.close()
        for name in SERVICES:
            shape.stop(name)
        seconds = sum((profiled(shape, name) for name in SERVICES), Counter[str]())
    yield from shown(cost, held, seconds)
    yield Figure(what="nobody asks for anything, all processes", ours=idle, unit="core ms/s")


def profiled(shape: Plain, service: str) -> Counter[str]:
    """Return where a service's core time went; kept in microseconds, as a counter counts."""
    said = msgspec.json.decode(shape.profile(service).read_bytes(), type=dict[str, float])
    return Counter({name: round(spent * 1e6) for name, spent in said.items()})


def shown(cost: Cost, held: Mapping[str, float], seconds: Counter[str]) -> Iterator[Figure]:
    """Return what was measured, line by line."""
    whole = sum(cost.core.values())
    what = "an invoice, front door to all read tables, all processes"
    yield Figure(what=what, ours=whole, unit="core ms", at_most=2)
    for name, spent in cost.core.items():
        yield Figure(what=f"of it process {name}", ours=spent, unit="core ms")
    in_python = sum(cost.core[name] for name in SERVICES)
    for part, spent in seconds.most_common():
        share = spent / seconds.total()
        yield Figure(what=f"of the services' {part}", ours=share * in_python, unit="core ms")
    yield Figure(what="the same by the clock", ours=cost.wall, unit="ms")
    yield Figure(what="receipts while they are handed in", ours=cost.rate)
    yield peak_day(cost.wall)
    for name, megabytes in held.items():
        yield Figure(what=f"memory of {name} at most", ours=megabytes, unit="MB", at_most=400)
