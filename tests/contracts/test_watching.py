"""What a running service tells of itself from time to time (P46, F34)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection
from typing_extensions import override

from libs.runtime import calendar
from libs.runtime.clock import Clock, MovableClock
from libs.runtime.hearing import Heard
from libs.runtime.service import Command
from libs.runtime.watching import CHECK_SECONDS, Watching
from tests import toy
from tests.bench import Bench, said


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, lambda name: f"sqlite:///{tmp_path / name}.db")


def value(name: str, **labels: str) -> float:
    """Return what a metric shows."""
    found = REGISTRY.get_sample_value(name, {"service": "dunning", **labels})
    assert found is not None, f"{name} shows nothing"
    return found


class Shifted(Clock):
    """A wall clock that somebody sets."""

    by = timedelta()

    @override
    def now(self) -> datetime:
        return super().now() + self.by


def test_a_clock_that_is_set_is_counted_and_one_that_runs_is_not_f34(bench: Bench) -> None:
    async def scene() -> None:
        host = bench.host(toy.GREETER)
        host.clock = clock = Shifted()
        watching = Watching(host)
        before = value("quittance_clock_jumps_total")
        seen = []
        for by in (0, 0, 29, 86_400, 86_400, 0):
            clock.by = timedelta(seconds=by)
            await watching.clock()
            seen.append(value("quittance_clock_jumps_total") - before)
        assert seen == [0, 0, 0, 1, 1, 2], "a small step is none; ahead and back are two"
        await host.stop()

    asyncio.run(scene())


def test_a_clock_of_the_demo_that_stands_jumps_as_it_likes(bench: Bench) -> None:
    async def scene() -> None:
        host = bench.host(toy.GREETER)
        watching = Watching(host)
        before = value("quittance_clock_jumps_total")
        assert isinstance(host.clock, MovableClock)
        for days in (1, 5):
            host.clock.set_day(toy.DAY + timedelta(days=days))
            await watching.clock()
        host.clock.release()
        for _ in range(2):
            await watching.clock()
        assert value("quittance_clock_jumps_total") == before
        await host.stop()

    asyncio.run(scene())


def test_the_age_of_what_is_parked_is_that_of_the_first_failure(bench: Bench) -> None:
    """P43: trying again in vain makes a message no younger."""

    async def scene() -> None:
        host = bench.host(toy.GREETER)
        await host.start()
        watching = Watching(host)
        await watching.parked()
        assert (value("quittance_parked"), value("quittance_parked_age_seconds")) == (0, 0)
        (event,) = await said(bench, (1, "unsayable"))
        item = Heard(seq=1, source="gateway", envelope=event, error=ValueError("no"))
        await host.write(host.hearing.park, item, host.clock.now())
        begun = host.clock.now()
        bench.clock.set_day(toy.DAY + timedelta(days=2))
        assert await host.redrive() == 1
        await watching.parked()
        age = (host.clock.now() - begun).total_seconds()
        assert value("quittance_parked") == 1
        assert value("quittance_parked_age_seconds") == pytest.approx(age, abs=1)
        assert age > 86_400

    bench.run(scene)


def test_invariants_are_checked_once_an_hour_and_what_is_broken_is_shown(bench: Bench) -> None:
    asked = []

    def check(_: Connection) -> Mapping[str, Any]:
        asked.append(1)
        return {"failed": ["one", "two"] if len(asked) == 1 else []}

    async def scene() -> None:
        host = bench.host(replace(toy.GREETER, checks=[check]))
        await host.start()
        watching = Watching(host)
        asked.clear()
        for _ in range(3):
            await watching.check()
        assert (len(asked), value("quittance_invariants_broken")) == (1, 2)
        when = value("quittance_invariants_checked_timestamp_seconds")
        assert when == pytest.approx(host.clock.now().timestamp(), abs=5)
        watching._checked_at -= CHECK_SECONDS
        await watching.check()
        assert (len(asked), value("quittance_invariants_broken")) == (2, 0)

    bench.run(scene)


def test_what_waits_for_people_is_counted_by_kind(bench: Bench) -> None:
    def waiting(_: Connection, today: Any) -> Mapping[str, int]:
        return {"letters": today.day, "calls": 0}

    async def scene() -> None:
        host = bench.host(replace(toy.GREETER, waiting=[waiting]))
        await host.start()
        await Watching(host).count()
        assert value("quittance_waiting", what="letters") == toy.DAY.day
        assert value("quittance_waiting", what="calls") == 0

    bench.run(scene)


def test_the_calendar_shows_the_last_day_that_is_done(bench: Bench) -> None:
    def due(_: Connection, __: Any, ___: Command | None) -> Sequence[Command]:
        return []

    async def scene() -> None:
        host = bench.host(replace(toy.GREETER, due=[due]))
        await host.start()
        await calendar.tick(host, toy.DAY)
        await Watching(host).calendar()
        done = datetime.fromtimestamp(
            value("quittance_calendar_done_timestamp_seconds"), tz=host.clock.now().tzinfo
        )
        assert timedelta(0) <= host.clock.now() - done < timedelta(days=1)
        assert value("quittance_proposals_failed_total", command="Greet") >= 0

    bench.run(scene)
