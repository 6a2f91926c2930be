"""Months on the real loop and its threads, under late, doubled and cut-short deliveries.

The simulated cooperative plays through the front door; feeds misbehave by seed and services are
restarted between days. At the end nothing is lost, nothing doubled, and the facts are those of a
run without any of it. Steps in every order are the subject of test_simulation.py.
"""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import select
from typing_extensions import override

from libs.events.values import COOPERATIVE, PracticeKind
from libs.runtime.clock import MovableClock
from libs.runtime.feed import Feed, Page
from libs.runtime.host import Host
from libs.runtime.settings import Settings
from libs.runtime.system import System
from libs.runtime.tables import EVENTS
from services.command import demo
from services.command.builds import BUILDS
from services.command.opening import Opened
from services.command.proving import prove_opened
from services.gateway import registration
from services.gateway.decider.client import OPERATOR_SCOPES, PRACTICE_SCOPES
from services.simulator import driver
from services.simulator.partner import Access
from services.simulator.practices import Wish

FIRST = date(2026, 1, 5)
DAYS = 66
SEED = 2
WISHES = (
    Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="ZH", version="5.0", rhythm="weekly"),
    Wish(kind=PracticeKind.DENTIST, canton="GE", version="4.5", rhythm="weekly"),
)
RESTARTS = 6


class UnreliableFeed:
    """A feed that gives a page again, cuts pages short and comes late, all by seed."""

    def __init__(self, inner: Feed, chance: Random) -> None:
        self.source = inner.source
        self._inner = inner
        self._chance = chance
        self._last: Page | None = None
        self._doubled = False

    async def start(self) -> None:
        await self._inner.start()

    async def next(self) -> Page:
        self._doubled = self._last is not None and self._chance.random() < 0.2
        if self._doubled and self._last is not None:
            return self._last
        page = await self._inner.next()
        if len(page.items) > 1 and self._chance.random() < 0.5:
            kept = page.items[: self._chance.randrange(1, len(page.items))]
            page = replace(page, items=kept, upto=kept[-1][0])
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)
        return page

    async def done(self, page: Page, *, moved: bool) -> None:
        if self._doubled:
            assert not moved, "a page that was delivered twice had an effect twice"
            return
        self._last = page
        await self._inner.done(page, moved=moved)

    async def stop(self) -> None:
        await self._inner.stop()

    async def lag(self) -> int:
        return await self._inner.lag()

    async def catch_up(self) -> None:
        await self._inner.catch_up()


class UnreliableSystem(System):
    """The embedded system on unreliable feeds."""

    chance: Random

    @override
    def feeds_of(self, host: Host) -> Sequence[Feed]:
        return [UnreliableFeed(feed, self.chance) for feed in super().feeds_of(host)]


class Run:
    """One seed's months on a folder of its own."""

    def __init__(self, folder: Path, seed: int, *, reliable: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "master.key").write_bytes(b64encode(b"m" * 32))  # so that subjects compare
        self.settings = Settings(data=folder, demo=False, demo_seed=seed)
        self.clock = MovableClock()
        self.clock.set_day(FIRST)
        self.chance = Random(seed)  # noqa: S311 - the same seed must do the same
        self.reliable = reliable
        self.system = self._open()
        self.book: dict[str, Any] = {"logins": [], "clients": []}
        self.restart_on = {
            FIRST + timedelta(days=self.chance.randrange(DAYS)) for _ in range(RESTARTS)
        }

    def _open(self) -> System:
        if self.reliable:
            return System(self.settings, BUILDS, self.clock)
        UnreliableSystem.chance = self.chance
        return UnreliableSystem(self.settings, BUILDS, self.clock)

    async def play(self) -> dict[str, Any]:
        """Play all days; return the proof at the end, with the events of every log."""
        await self.system.start()
        plan = driver.Plan(
            first_on=FIRST,
            account=self.settings.creditor_iban,
            seed=self.settings.demo_seed,
            days=DAYS,
            wishes=WISHES,
            share=0.06,
            together=1,
        )
        world = driver.World(
            bank=await self._bank(),
            join=self._join,
            set_day=self._set_day,
            tick=self._tick,
            rest=self._rest,
        )
        door = httpx.AsyncClient(transport=_Door(self), base_url="http://gateway", timeout=30)
        await driver.play(plan, door, world)
        await self.system.settle(effects=True)
        await self.system.settle()
        proof = self._proof()
        logs = {name: self._log(host) for name, host in self.system.hosts.items()}
        await self.system.stop()
        return proof | {"events": logs}

    async def _bank(self) -> Access:
        command, secret = registration.new_client(
            practice_id=COOPERATIVE, name="bank", scopes=sorted(PRACTICE_SCOPES | OPERATOR_SCOPES)
        )
        await self.system.hosts["gateway"].handle(command)
        return Access(client_id=command.client_id, secret=secret)

    async def _join(self, practice: Any) -> Access:
        return await demo.join(self.system, self.clock, self.book, practice)

    async def _set_day(self, day: date) -> None:
        await self.system.settle(effects=True)
        if day in self.restart_on and not self.reliable:
            await self.system.stop()
            self.system = self._open()
            await self.system.start()
        self.clock.set_day(day)

    async def _tick(self, day: date) -> None:
        await self.system.tick(day)
        if not self.reliable and self.chance.random() < 0.2:
            await self.system.tick(day)  # two calendars, or one that was restarted (F37)

    async def _rest(self) -> None:
        await self.system.settle()

    def _proof(self) -> dict[str, Any]:
        opened = {
            name: Opened(host.service, host.read_store, host.hearing)
            for name, host in self.system.hosts.items()
        }
        return prove_opened(opened, over_kafka=False)

    def _log(self, host: Host) -> list[dict[str, Any]]:
        with host.read_store.reading() as db:
            rows = db.execute(select(EVENTS).order_by(EVENTS.c.position)).all()
        return [msgspec.json.decode(row.data) | {"stream": row.stream} for row in rows]


class _Door(httpx.AsyncBaseTransport):
    """The gateway of whichever system runs now: a restart keeps the address."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        app = self._run.system.apps["gateway"]
        return await httpx.ASGITransport(app).handle_async_request(request)


def _of(result: dict[str, Any], service: str, kind: str) -> list[dict[str, Any]]:
    return [event for event in result["events"][service] if event["type"] == kind]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the months under unreliable delivery came to."""
    return asyncio.run(Run(tmp_path_factory.mktemp("bad"), SEED).play())


def test_whatever_delivery_does_nothing_is_lost_and_nothing_doubled(result: dict[str, Any]) -> None:
    assert result["ok"], result["failed"]
    assert not any(log["parked"] for log in result["logs"].values())

    reminders = Counter(
        (event["invoice_id"], event["stage"])
        for event in _of(result, "dunning", "ReminderEscalated")
    )
    letters = Counter(
        (event["invoice_id"], event["stage"])
        for event in _of(result, "dunning", "ReminderDispatched")
    )
    assert reminders, "a run without a reminder proves nothing"
    assert max(reminders.values()) == 1
    written = {key for key in reminders if key[1] not in {"rplus_call", "insurer_query"}}
    assert set(letters) <= written
    assert letters, "a run without a letter proves nothing"
    assert max(letters.values()) == 1

    booked = sum(event["amount_rappen"] for event in _of(result, "ingest", "BankCreditBooked"))
    received = _of(result, "invoicing", "PaymentReceived")
    served = sum(event["amount_rappen"] + event.get("surplus_rappen", 0) for event in received)
    unmatched = sum(event["amount_rappen"] for event in _of(result, "invoicing", "CreditUnmatched"))
    assert booked == served + unmatched

    settled: dict[str, str] = {}
    for event in result["events"]["dunning"]:
        if event["type"] == "DunningStopped":
            settled[event["invoice_id"]] = event["on"]
        elif event["type"] == "DunningResumed":
            settled.pop(event["invoice_id"], None)
        elif event["type"] == "ReminderEscalated":
            assert event["invoice_id"] not in settled, "reminded after it was settled"


def test_unreliable_delivery_ends_in_the_same_facts_as_a_reliable_one(
    result: dict[str, Any], tmp_path: Path
) -> None:
    reliable = asyncio.run(Run(tmp_path, SEED, reliable=True).play())
    for service, log in reliable["events"].items():
        good, bad = _facts(log), _facts(result["events"][service])
        assert list(good - bad) == [], f"{service} lacks a fact"
        assert list(bad - good) == [], f"{service} has a fact too many"


def _facts(log: list[dict[str, Any]]) -> Counter[str]:
    """Return what happened, without order between streams and without ciphertext."""
    private = ("sealed", "secret_hash", "password_hash", "received_at")

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: shown(v) for k, v in value.items() if k not in private}
        return [shown(one) for one in value] if isinstance(value, list) else value

    leave = {"UserAdded", "ClientAdded"}
    return Counter(str(sorted(shown(event).items())) for event in log if event["type"] not in leave)
