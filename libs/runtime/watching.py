"""What a running service looks at from time to time, so that operators see how it is (P46)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import structlog

from libs.runtime import backup
from libs.runtime.clock import ZURICH
from libs.runtime.metrics import (
    BREACHES,
    CALENDAR_DONE,
    CHECKED_AT,
    CLOCK_JUMPS,
    LAG_RECORDS,
    PARKED_AGE,
    PROPOSALS_FAILED,
    RETRIED,
    SAVED_AT,
    WAITING,
)

if TYPE_CHECKING:
    from libs.runtime.host import Host

log = structlog.get_logger()

CALENDAR = "calendar"
COUNT_SECONDS = 300.0
CHECK_SECONDS = 3_600.0
JUMP_SECONDS = 30.0
"""A clock that is put right by less is nobody's trouble: rules count in days."""


class Watching:
    """One service's gauges, and its clock against time itself."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._name = host.service.name
        self._counted_at = self._checked_at = float("-inf")
        self._seen: tuple[datetime, float] | None = None
        self._show_counters()

    @property
    def looks(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What to do each time; one that fails holds up no other."""
        return (
            self.clock, self.parked, self.lag, self.calendar, self.count, self.check, self.backup,
        )  # fmt: skip

    def _show_counters(self) -> None:
        """Show counters before the first, which Prometheus would not see as an increase."""
        CLOCK_JUMPS.labels(self._name)
        RETRIED.labels(self._name)
        if self._host.service.due:
            for decider in self._host.service.deciders:
                for command in decider.commands:
                    PROPOSALS_FAILED.labels(self._name, command.__name__)

    async def clock(self) -> None:
        """Notice that the wall clock was moved: days may come early, late or again (F34)."""
        if not self._host.clock.runs:
            self._seen = None
            return
        now, passed = self._host.clock.now(), asyncio.get_running_loop().time()
        seen, self._seen = self._seen, (now, passed)
        if seen is None:
            return
        jumped = (now - seen[0]).total_seconds() - (passed - seen[1])
        if abs(jumped) > JUMP_SECONDS:
            CLOCK_JUMPS.labels(self._name).inc()
            log.warning("clock_jumped", service=self._name, seconds=round(jumped))

    async def parked(self) -> None:
        """Count what is parked, and tell since when the oldest waits."""
        host = self._host
        await host.read(host.hearing.count_parked)
        oldest = await host.read(host.hearing.oldest_parked)
        age = (host.clock.now() - oldest).total_seconds() if oldest else 0.0
        PARKED_AGE.labels(self._name).set(max(0.0, age))

    async def lag(self) -> None:
        """Tell how much the service has not heard yet."""
        for feed in self._host.feeds:
            LAG_RECORDS.labels(self._name, feed.source).set(await feed.lag())

    async def calendar(self) -> None:
        """Tell which day's work was done last."""
        host = self._host
        if not host.service.due:
            return
        done = await host.read(host.store.position, CALENDAR, self._name)
        if done:
            begin = datetime.combine(date.fromordinal(done), time(), tzinfo=ZURICH)
            CALENDAR_DONE.labels(self._name).set(begin.timestamp())

    async def backup(self) -> None:
        """Tell when data and keys were saved last."""
        if self._host.data is not None:
            for what in backup.PARTS:
                SAVED_AT.labels(self._name, what).set(backup.saved_at(self._host.data, what))

    async def count(self) -> None:
        """Count what waits for a person, now and then: it reads whole tables."""
        now = asyncio.get_running_loop().time()
        if now - self._counted_at < COUNT_SECONDS:
            return
        for counting in self._host.service.waiting:
            found = await self._host.read(counting, self._host.clock.today())
            for what, number in found.items():
                WAITING.labels(self._name, what).set(number)
        self._counted_at = now

    async def check(self) -> None:
        """Check the invariants that are the service's own; `quittance verify` proves all."""
        now = asyncio.get_running_loop().time()
        if now - self._checked_at < CHECK_SECONDS:
            return
        broken = 0
        for check in self._host.service.checks:
            found = await self._host.read(check)
            for what in found["failed"]:
                log.error("invariant_broken", service=self._name, what=what)
                broken += 1
        BREACHES.labels(self._name).set(broken)
        CHECKED_AT.labels(self._name).set(self._host.clock.now().timestamp())
        self._checked_at = now
