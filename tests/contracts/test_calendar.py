"""The calendar: a day's work in pages, what a bug in a rule or a question does to it (P17, F36)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, func, select

from libs.runtime import calendar
from libs.runtime.service import DUE_PAGE
from libs.runtime.tables import EVENTS
from tests import toy
from tests.bench import Bench, until


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, lambda name: f"sqlite:///{tmp_path / name}.db")


def test_a_proposal_that_fails_by_a_bug_does_not_stop_the_days_from_passing(bench: Bench) -> None:
    asked: list[date] = []

    def due(_: Connection, day: date, last: toy.Rename | None) -> Iterator[toy.Rename]:
        asked.append(day)
        if last is None:
            yield toy.Rename(practice_id=toy.practice(1), name="bug")
            yield toy.Rename(practice_id=toy.practice(2), name=f"on {day}")

    def failures() -> float:
        named = {"service": "gateway", "command": "Rename"}
        return REGISTRY.get_sample_value("quittance_proposals_failed_total", named) or 0.0

    async def scene() -> None:
        host, before = bench.host(replace(toy.REGISTRY, due=[due])), failures()
        await host.start()
        with host.store.writing() as db:
            stopped_on = toy.DAY - timedelta(days=3)
            host.store.move(db, calendar.CONSUMER, "gateway", 0, 0, stopped_on.toordinal())
        host.spawn(calendar.follow(host), "calendar")
        await until(lambda: failures() == before + 3)
        await until(lambda: toy.DAY in asked)
        assert asked == [toy.DAY - timedelta(days=ago) for ago in (2, 1, 0)]
        assert await host.read(host.store.head) == 3
        assert host.halted == ""

    bench.run(scene)


def test_a_question_that_fails_holds_up_no_other_and_leaves_the_day_to_be_done_again(
    bench: Bench,
) -> None:
    def broken(_: Connection, __: date, ___: toy.Rename | None) -> Iterator[toy.Rename]:
        raise ZeroDivisionError

    def due(_: Connection, day: date, last: toy.Rename | None) -> Iterator[toy.Rename]:
        if last is None:
            yield toy.Rename(practice_id=toy.practice(1), name=f"on {day}")

    async def scene() -> None:
        host = bench.host(replace(toy.REGISTRY, due=[broken, due]))
        await host.start()
        with pytest.raises(ZeroDivisionError):
            await calendar.tick(host, toy.DAY)
        assert await host.read(host.store.head) == 1
        assert await host.read(host.store.position, calendar.CONSUMER, "gateway") == 0

    bench.run(scene)


def test_a_day_of_many_proposals_is_asked_for_and_decided_page_by_page(bench: Bench) -> None:
    most = 2 * DUE_PAGE + 7
    places = {toy.practice(number): number for number in range(most)}
    taken: list[int] = []
    made = 0

    def due(db: Connection, _: date, last: toy.Rename | None) -> Iterator[toy.Rename]:
        nonlocal made
        taken.append(recorded(db))
        for number in range(0 if last is None else places[last.practice_id] + 1, most):
            made += 1
            yield toy.Rename(practice_id=toy.practice(number), name="fine")

    async def scene() -> None:
        host = bench.host(replace(toy.REGISTRY, due=[due]))
        await host.start()
        assert await calendar.tick(host, toy.DAY) == most
        assert taken == [0, DUE_PAGE, 2 * DUE_PAGE]
        assert made == most

    bench.run(scene)


def recorded(db: Connection) -> int:
    """Return how many events the log holds, as the calendar's question sees it."""
    return int(db.execute(select(func.count()).select_from(EVENTS)).scalar_one())
