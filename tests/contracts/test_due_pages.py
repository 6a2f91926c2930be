"""A day's work is the same in whatever pages it is asked for, on both engines (P17, F36)."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from libs.events.terms import Contract
from libs.events.values import Hold, InvoiceId
from libs.runtime import calendar, migrate
from libs.runtime.clock import MovableClock
from libs.runtime.engines import open_engine
from libs.runtime.host import Host
from libs.runtime.service import Command
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import Build, parts_of
from services.dunning import app as dunning
from services.dunning import due as dunning_due
from services.factoring import app as factoring
from services.factoring import due as factoring_due
from services.factoring.tables import contracts
from tests import toy
from tests.unit.dunning import cases
from tests.unit.factoring import claims

Database = Callable[[], str]
COUNT = 7
PRACTICES = 3
DAY = timedelta(days=1)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Return a function that makes an empty database and returns its URL."""
    if request.param == "postgres":
        made: Database = request.getfixturevalue("postgres_database")
        return made
    urls: Iterator[str] = (f"sqlite:///{tmp_path / str(number)}.db" for number in range(9))
    return lambda: next(urls)


def of(number: int, command: Command) -> Command:
    """Return the command for the invoice of a number, each of one of some practices."""
    invoice = InvoiceId(f"{number:08d}-3b7d-4bad-9bdd-2b0d7b3dcb6d")
    return replace(command, practice_id=toy.practice(number % PRACTICES), invoice_id=invoice)


def worked_off(
    build: Build,
    url: str,
    folder: Path,
    before: Sequence[Command],
    contract: Contract | None,
    days: Sequence[date],
) -> Sequence[tuple[str, str, bytes]]:
    """Return what a service says after these commands and days of its calendar."""
    clock = MovableClock()
    clock.set_day(before[0].on if hasattr(before[0], "on") else before[0].issued_on)
    writer, reader = open_engine(url), open_engine(url)
    values: dict[str, Any] = {"data": folder}
    keys = toy.vault(folder, clock)
    service = build(parts_of(Settings(**values), clock, keys))
    migrate.upgrade(service.name, writer)
    host = Host(service, Store(service.name, writer), reader, keys, clock)

    async def scene() -> Sequence[tuple[str, str, bytes]]:
        await host.start()
        if contract is not None:
            with host.store.writing() as db:
                db.execute(insert(contracts), [agreed(n, contract) for n in range(PRACTICES)])
        await host.handle_all(before)
        for day in days:
            clock.set_day(day)
            await calendar.tick(host, day)
        found, _ = await host.read(host.store.read, 0, 1_000)
        await host.stop()
        return [(event.stream, event.type, event.data) for event in found]

    said = asyncio.run(scene())
    keys.close()
    return said


def agreed(number: int, contract: Contract) -> dict[str, Any]:
    """Return the row of a practice's contract."""
    data = msgspec.json.encode(contract).decode()
    return {
        "practice_id": toy.practice(number),
        "version": 1,
        "valid_from": claims.ISSUED,
        "product": contract.product,
        "data": data,
    }


def in_pages_of(
    size: int, monkeypatch: pytest.MonkeyPatch, build: Build, *given: Any
) -> Sequence[tuple[str, str, bytes]]:
    """Return what a service says when what is due is asked for so many at a time."""
    for module in (calendar, dunning_due, factoring_due):
        monkeypatch.setattr(module, "DUE_PAGE", size)
    return worked_off(build, *given)


def test_reminders_and_reviews_come_page_by_page_as_they_come_at_once(
    monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path
) -> None:
    opened = [of(number, cases.open_case()) for number in range(COUNT)]
    until = cases.ISSUED + timedelta(days=20)
    held = [of(number, cases.hold(Hold.PRACTICE_PAUSE, until)) for number in (1, 2, 5, 6)]
    days = [until + timedelta(days=ahead) for ahead in (0, 40, 80)]
    given = ([*opened, *held], None, days)
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    at_once = in_pages_of(99, monkeypatch, dunning.build, database(), tmp_path / "1", *given)
    singly = in_pages_of(1, monkeypatch, dunning.build, database(), tmp_path / "2", *given)
    assert at_once == singly
    assert sum(kind == "HoldLifted" for _, kind, _ in at_once) == len(held)
    reminded = {stream for stream, kind, _ in at_once if kind == "ReminderEscalated"}
    assert len(reminded) == COUNT


def test_advances_chargebacks_and_months_come_page_by_page_as_they_come_at_once(
    monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path
) -> None:
    sent = [of(number, claims.transmit(100_00 * (number + 1))) for number in range(COUNT)]
    room_for_some = Contract(product="PER_INVOICE", advance_bp=8_000, limit_rappen=700_00)
    days = [claims.RUN, claims.LATER, claims.LATER + DAY, claims.DUE + 120 * DAY]
    given = (sent, room_for_some, days)
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    at_once = in_pages_of(99, monkeypatch, factoring.build, database(), tmp_path / "1", *given)
    singly = in_pages_of(1, monkeypatch, factoring.build, database(), tmp_path / "2", *given)
    assert at_once == singly
    advanced = [stream for stream, kind, _ in at_once if kind == "AdvanceCredited"]
    assert 0 < len(advanced) < COUNT
    assert [one for one, kind, _ in at_once if kind == "ClaimChargedBack"] == advanced
    assert len([one for one, kind, _ in at_once if kind == "MonthClosed"]) > 0
