"""What goes wrong, and when: drawn by seed, done to the world, repaired again."""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from time import monotonic

from services.simulator.seeds import chance
from tests.chaos.world import World

KINDS = {
    "kill": 5.0,
    "freeze": 2.0,
    "freeze_long": 1.0,
    "broker": 1.5,
    "postgres": 1.5,
    "cut_database": 2.0,
    "cut_brokers": 1.5,
    "cut_commits": 2.0,
}
"""How likely each is beside the others."""
LONG_SECONDS = (8.0, 14.0)
"""Longer than the session of a consumer: the group goes on without it (F9)."""
SHORT_SECONDS = (0.3, 3.0)
COMMITS = 3


class Saboteur:
    """Breaks one thing after the other; what it broke is repaired after a while of its own."""

    def __init__(self, world: World, seed: int, every: float, only: Sequence[str] = ()) -> None:
        """Break something every so many seconds, on average; `only` these kinds."""
        self._world = world
        self._draw: Random = chance(seed, "faults")
        self._every = every
        self._kinds = {kind: KINDS[kind] for kind in only or KINDS}
        self._repairs: set[asyncio.Task[None]] = set()
        self._broken: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._hands = asyncio.Lock()
        """One thing is done to the processes at a time."""
        self.done: Counter[str] = Counter()
        self.restarted: Counter[str] = Counter()
        """Instances that ended by themselves and were started again, as a container would be."""
        self.most = 0
        """End by itself after so many faults; 0: never."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def check(self) -> None:
        """Raise what kept it from its work."""
        for task in (self._task, *self._repairs):
            if task is not None and task.done():
                task.result()

    @property
    def content(self) -> bool:
        """Whether it has done what it was asked for."""
        return 0 < self.most <= sum(self.done.values())

    async def stop(self) -> None:
        """Break nothing more and repair everything."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*self._repairs)
        self._world.to_database.commits_to_cut = 0
        await self._world.patiently(self._all_ready)

    async def _all_ready(self) -> bool:
        await self._revive()
        fleet = self._world.fleet
        return all([await asyncio.to_thread(fleet.ready, name) for name in fleet.names])

    async def _run(self) -> None:
        tick, due = 0.25, self._pause()
        while not self.content:
            await asyncio.sleep(tick)
            await self._revive()
            if monotonic() >= due:
                await self._break_something()
                due = self._pause()
        while True:
            await asyncio.sleep(tick)
            await self._revive()

    def _pause(self) -> float:
        return monotonic() + self._every * self._draw.uniform(0.3, 1.7)

    async def _revive(self) -> None:
        """Start what has ended by itself, as whatever looks after containers does."""
        fleet = self._world.fleet
        async with self._hands:
            for name in fleet.died():
                self.restarted[name] += 1
                fleet.kill(name)
                await asyncio.to_thread(fleet.begin, name)

    async def _break_something(self) -> None:
        kind = self._draw.choices(list(self._kinds), list(self._kinds.values()))[0]
        seconds = self._draw.uniform(*(LONG_SECONDS if kind == "freeze_long" else SHORT_SECONDS))
        act: Callable[[float], Awaitable[bool]] = getattr(self, f"_{kind}")
        self.done[kind] += await act(seconds)

    def _later(self, what: str, seconds: float, repair: Callable[[], Awaitable[None]]) -> None:
        self._broken.add(what)

        async def wait() -> None:
            await asyncio.sleep(seconds)
            await repair()
            self._broken.discard(what)

        task = asyncio.create_task(wait())
        self._repairs.add(task)
        task.add_done_callback(self._repaired)

    def _repaired(self, task: asyncio.Task[None]) -> None:
        if task.exception() is None:  # one that failed stays, for `check`
            self._repairs.discard(task)

    def _somebody(self) -> str | None:
        """Return an instance that works."""
        fleet = self._world.fleet
        well = [n for n in fleet.names if fleet.running(n) and n not in self._broken]
        return self._draw.choice(well) if well else None

    async def _kill(self, seconds: float) -> bool:
        if (name := self._somebody()) is None:
            return False
        fleet = self._world.fleet

        async def start() -> None:
            async with self._hands:
                await asyncio.to_thread(fleet.begin, name)

        async with self._hands:
            fleet.kill(name)
        self._later(name, seconds, start)
        return True

    async def _freeze(self, seconds: float) -> bool:
        if (name := self._somebody()) is None:
            return False
        fleet = self._world.fleet

        async def wake() -> None:
            async with self._hands:
                fleet.wake(name)

        async with self._hands:
            fleet.freeze(name)
        self._later(name, seconds, wake)
        return True

    _freeze_long = _freeze

    async def _broker(self, seconds: float) -> bool:
        if "broker" in self._broken:
            return False
        brokers = self._world.brokers

        async def start() -> None:
            await asyncio.to_thread(brokers.restart)

        await asyncio.to_thread(self._draw.choice(brokers.each).kill)
        self._later("broker", seconds, start)
        return True

    async def _postgres(self, seconds: float) -> bool:
        if "postgres" in self._broken:
            return False
        postgres = self._world.postgres

        async def start() -> None:
            await asyncio.to_thread(postgres.start)

        how = self._draw.choice((signal.SIGQUIT, signal.SIGKILL))
        await asyncio.to_thread(postgres.kill, how)
        self._later("postgres", seconds, start)
        return True

    async def _cut_database(self, _: float) -> bool:
        return self._world.to_database.cut() > 0

    async def _cut_brokers(self, _: float) -> bool:
        return sum([proxy.cut() for proxy in self._world.to_brokers]) > 0

    async def _cut_commits(self, _: float) -> bool:
        self._world.to_database.commits_to_cut += COMMITS
        return True
