"""Dunning's and factoring's tables, queries and checks on both engines."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from libs.events.values import Hold, Stage
from libs.runtime import migrate
from libs.runtime.calendar import tick
from libs.runtime.clock import MovableClock
from libs.runtime.engines import open_engine
from libs.runtime.host import Host
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import Build, parts_of
from services.dunning import app as dunning
from services.dunning import queries as dunning_queries
from services.factoring import app as factoring
from services.factoring import queries as factoring_queries
from services.factoring.queries import Cursor
from tests import toy
from tests.unit.dunning import cases
from tests.unit.factoring import claims

Make = Callable[[str], tuple[Engine, Engine]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Return a maker of fresh databases: an engine for the writer and one for the reader."""
    engines: list[Engine] = []

    def make(name: str) -> tuple[Engine, Engine]:
        url = f"sqlite:///{tmp_path / name}.db"
        if request.param == "postgres":
            url = request.getfixturevalue("postgres_database")()
        pair = (open_engine(url), open_engine(url))
        engines.extend(pair)
        return pair

    yield make
    for engine in engines:
        engine.dispose()


@asynccontextmanager
async def running(build: Build, databases: Make, folder: Path) -> AsyncIterator[Host]:
    """Run a service alone, hearing nobody, on a database of its own."""
    clock = MovableClock()
    clock.set_day(cases.ISSUED)
    keys = toy.vault(folder, clock)
    values: dict[str, Any] = {"data": folder}
    service = build(parts_of(Settings(**values), clock, keys))
    writer, reader = databases(service.name)
    migrate.upgrade(service.name, writer)
    host = Host(service, Store(service.name, writer), reader, keys, clock)
    try:
        yield host
    finally:
        await asyncio.to_thread(host.writer.worker.stop)
        await asyncio.to_thread(host.reader.worker.stop)
        keys.close()


async def day(host: Host, on: date) -> int:
    """Let a day's work be done; return how many commands it made."""
    clock = host.clock
    assert isinstance(clock, MovableClock)
    clock.set_day(on)
    return await tick(host, on)


async def failures(host: Host) -> Sequence[str]:
    """Return what the service's checks find wrong."""
    return [one for check in host.service.checks for one in (await host.read(check))["failed"]]


def test_dunnings_tables_know_what_is_due_held_and_to_be_called(
    databases: Make, tmp_path: Path
) -> None:
    async def flow() -> None:
        async with running(dunning.build, databases, tmp_path) as host:
            await host.handle(cases.open_case())
            assert await day(host, date(2026, 2, 23)) == 0
            assert await day(host, date(2026, 2, 24)) == 1
            await host.handle(cases.hold(Hold.PRACTICE_PAUSE, date(2026, 2, 25)))
            assert await day(host, date(2026, 3, 1)) == 0
            assert await day(host, date(2026, 3, 2)) == 1
            assert await day(host, date(2026, 3, 26)) == 1
            assert await day(host, date(2026, 4, 7)) == 1
            (row,) = await host.read(dunning_queries.calls_of, cases.PRACTICE)
            assert (row["invoice_id"], row["stage"]) == (cases.INVOICE, Stage.RPLUS_CALL)
            case = await host.read(dunning_queries.case_of, cases.PRACTICE, cases.INVOICE)
            assert case is not None
            assert [step["on"].isoformat() for step in case["steps"]] == [
                "2026-02-24",
                "2026-03-26",
                "2026-04-07",
            ]
            await host.handle(cases.pay(0, date(2026, 4, 8)))
            assert await host.read(dunning_queries.calls_of, cases.PRACTICE) == []
            assert await day(host, date(2026, 6, 1)) == 0
            listed = await host.read(
                lambda db: dunning_queries.cases_of(
                    db, cases.PRACTICE, ended=True, after="", limit=10
                )
            )
            assert [one["ended"] for one in listed] == ["PAID"]
            assert await failures(host) == []

    asyncio.run(flow())


def test_factorings_tables_keep_balances_statement_and_months(
    databases: Make, tmp_path: Path
) -> None:
    async def flow() -> None:
        async with running(factoring.build, databases, tmp_path) as host:
            for command in (
                claims.transmit(),
                claims.advance(),
                claims.pay(600_00, 400_00),
                claims.dispute(),
            ):
                await host.handle(command)
            first, last = claims.ISSUED, claims.PAID
            whole = await host.read(
                factoring_queries.statement, claims.PRACTICE, first, last, None, 10
            )
            amounts = [line["amount_rappen"] for line in whole["lines"]]
            assert amounts == [-12_97, 800_00, 0]
            end = whole["lines"][0]
            cursor = Cursor(end["on"], end["recorded_us"], end["event_id"], end["balance_rappen"])
            rest = await host.read(
                factoring_queries.statement, claims.PRACTICE, first, last, cursor, 10
            )
            assert rest["lines"] == whole["lines"][1:]
            assert rest["closing_rappen"] == 800_00 - 12_97
            assert await day(host, date(2026, 2, 5)) == 1
            assert await day(host, date(2026, 2, 6)) == 1
            assert await day(host, claims.PAID + timedelta(days=61)) > 0
            claim = await host.read(factoring_queries.claim, claims.PRACTICE, claims.INVOICE)
            assert claim is not None
            assert (claim["advanced_rappen"], claim["open_rappen"]) == (0, 400_00)
            books = await host.read(factoring_queries.account, claims.PRACTICE, date(2026, 4, 30))
            assert books["balance_rappen"] == 600_00 - 12_97
            assert books["held_rappen"] == 400_00
            assert await failures(host) == []

    asyncio.run(flow())
