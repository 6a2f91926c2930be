"""Clocks that jump, and a service that was away for days: each level once, none after the money."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from libs.events import InvoiceSettled, PaymentReceived
from libs.events.values import CreditId, InvoiceId, Stage
from libs.runtime import calendar
from libs.runtime.clock import MovableClock
from libs.runtime.feed import Page, StoreFeed
from libs.runtime.ids import derived
from libs.runtime.settings import Settings
from libs.runtime.system import System
from services.dunning.app import build
from tests import toy
from tests.bench import Bench, Once, until
from tests.flows.test_dunning import dunning, invoice, registered
from tests.speaker import Among, Say, speaker
from tests.unit.dunning.cases import INVOICE, PRACTICE

FIRST_ON = date(2026, 2, 24)
"""The day of the first reminder of what was issued on ISSUED."""
SPEAKERS = ("gateway", "invoicing")


def paid(invoice_id: InvoiceId, on: date) -> list[Any]:
    shared: dict[str, Any] = {"practice_id": PRACTICE, "invoice_id": invoice_id}
    return [
        PaymentReceived(
            **shared,
            credit_id=CreditId("c-1"),
            amount_rappen=480_00,
            open_rappen=0,
            booked_on=on,
            value_on=on,
        ),
        InvoiceSettled(**shared, end="PAID", on=on),
    ]


async def steps(among: Among, invoice_id: InvoiceId) -> list[tuple[str, str]]:
    case = (await among.get(f"/cases/{invoice_id}", PRACTICE)).json()
    return [(step["stage"], step["on"]) for step in case["steps"]]


async def caught_up(among: Among) -> None:
    """Let the calendar do what it does when the service starts, and each day at five."""
    await calendar._catch_up(among.host)
    await among.system.settle(effects=True)


def test_a_clock_that_jumps_a_day_ahead_and_back_sends_no_level_twice(tmp_path: Path) -> None:
    """F34, P17: what was done on the day that came early is not done again when it comes."""

    async def flow() -> None:
        async with dunning(tmp_path) as among:
            among.clock.set_day(FIRST_ON - timedelta(days=1))
            await among.hear(registered(), invoice())
            await caught_up(among)
            assert await steps(among, INVOICE) == []
            among.clock.set_day(FIRST_ON)
            await caught_up(among)
            once = [(Stage.FIRST_REMINDER, f"{FIRST_ON}")]
            assert await steps(among, INVOICE) == once
            for day in (FIRST_ON - timedelta(days=1), FIRST_ON, FIRST_ON + timedelta(days=1)):
                among.clock.set_day(day)
                await caught_up(among)
                assert await steps(among, INVOICE) == once
            case = (await among.get(f"/cases/{INVOICE}", PRACTICE)).json()
            assert case["steps"][0]["dispatched_on"] == f"{FIRST_ON}"
            assert (await among.proved())["steps_taken"] == 1

    asyncio.run(flow())


def test_a_consumer_away_for_three_days_hears_of_the_money_before_it_reminds(
    tmp_path: Path,
) -> None:
    """F36, F12: of two invoices due meanwhile one was paid; only the other is reminded, once."""
    first, second = (InvoiceId(derived(INVOICE, number)) for number in "12")
    back_on = FIRST_ON + timedelta(days=2)

    async def before() -> None:
        async with dunning(tmp_path) as among:
            among.clock.set_day(FIRST_ON - timedelta(days=1))
            await among.hear(registered(), invoice(1), invoice(2))
            await caught_up(among)

    async def meanwhile() -> None:
        builds = {name: speaker(name) for name in SPEAKERS}
        system = System(Settings(data=tmp_path), builds, toy_clock(FIRST_ON))
        await system.start()
        for event in paid(first, FIRST_ON):
            await system.hosts["invoicing"].handle(Say(practice_id=PRACTICE, event=event))
        await system.stop()

    async def after() -> None:
        among = Among(tmp_path, "dunning", build, SPEAKERS)
        among.clock.set_day(back_on)
        async with among:
            await caught_up(among)
            assert await steps(among, first) == []
            assert await steps(among, second) == [(Stage.FIRST_REMINDER, f"{back_on}")]
            for days in (1, 2, 3):
                among.clock.set_day(back_on + timedelta(days=days))
                await caught_up(among)
            assert len(await steps(among, second)) == 1
            assert (await among.proved())["steps_taken"] == 1

    for part in (before, meanwhile, after):
        asyncio.run(part())


def toy_clock(on: date) -> MovableClock:
    clock = MovableClock()
    clock.set_day(on)
    return clock


class Late(Once):
    """A feed that has not caught up until it is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.there = asyncio.Event()
        self.asked = asyncio.Event()

    @override
    async def catch_up(self) -> None:
        self.asked.set()
        await self.there.wait()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, lambda name: f"sqlite:///{tmp_path / name}.db")


def test_the_calendar_does_no_day_before_all_that_was_said_is_heard(bench: Bench) -> None:
    """F12: as long as news are on the way, nothing is due; then every day is made up in order."""
    asked: list[date] = []

    def due(_: Any, day: date, __: Any) -> list[Any]:
        asked.append(day)
        return []

    async def scene() -> None:
        host, feed = bench.host(replace(toy.REGISTRY, due=[due])), Late()
        await host.start([feed])
        with host.store.writing() as db:
            stopped_on = toy.DAY - timedelta(days=3)
            host.store.move(db, calendar.CONSUMER, "gateway", 0, 0, stopped_on.toordinal())
        host.spawn(calendar.follow(host), "calendar")
        await feed.asked.wait()
        await feed.empty.wait()
        assert asked == []
        feed.there.set()
        await until(lambda: toy.DAY in asked)
        assert asked == [toy.DAY - timedelta(days=ago) for ago in (2, 1, 0)]

    bench.run(scene)


def test_a_page_given_and_not_stored_is_not_caught_up(bench: Bench) -> None:
    """The embedded feed says it has caught up when what it gave is stored, not when it is given."""

    async def scene() -> None:
        owner, consumer = bench.host(toy.REGISTRY), bench.host(toy.GREETER)
        await owner.start()
        await owner.handle(toy.Rename(practice_id=toy.practice(1), name="hello"))
        feed = StoreFeed(
            owner.store, owner.read, owner.wake, ["PracticeRegistered"], consumer.position_of
        )
        await feed.start()
        page: Page = await feed.next()
        waiting = asyncio.create_task(feed.catch_up())
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        await feed.done(page, moved=True)
        await asyncio.wait_for(waiting, 60)

    bench.run(scene)
