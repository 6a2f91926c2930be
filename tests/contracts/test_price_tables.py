"""Lists of prices and drafts mean the same on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bench.pricing import NOBODYS
from libs.events.values import COOPERATIVE
from libs.records import Service
from libs.runtime import migrate, rows
from libs.runtime.engines import open_engine
from services.gateway import drafts
from services.ingest import tariff_projections
from services.ingest.decider.tariffs import (
    PointValuesImported,
    PositionsImported,
    VatRatesImported,
)
from tests.unit.ingest.lists import all_lists, positions

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
ON = date(2026, 1, 20)
Opened = Callable[[str], Connection]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Give what opens a service's database."""
    begun: list[Any] = []
    postgres = request.param == "postgres"
    create = request.getfixturevalue("postgres_database") if postgres else None

    def open_(service: str) -> Connection:
        engine = open_engine(create() if create else f"sqlite:///{tmp_path / service}.db")
        migrate.upgrade(service, engine)
        transaction = engine.begin()
        begun.append((transaction, engine))
        return transaction.__enter__()

    yield open_
    for transaction, engine in begun:
        transaction.__exit__(None, None, None)
        engine.dispose()


def test_lists_are_looked_up_and_searched_alike(opened: Opened) -> None:
    db, lists = opened("ingest"), all_lists()
    said: dict[str, Any] = {"practice_id": COOPERATIVE, "file": "f", "imported_at": NOW}
    values = tuple(value for some in lists.values.values() for value in some)
    for event in (
        PositionsImported(**said, positions=tuple(positions())),
        PointValuesImported(**said, values=values),
        VatRatesImported(**said, rates=tuple(lists.rates)),
        PositionsImported(**said, positions=tuple(positions())),
    ):
        rows.write(db, tariff_projections.project_tariffs(event, NOBODYS))
    wanted = [
        Service(tariff="007", code="AA.00.0010", on=ON),
        Service(tariff="581", code="1", on=ON),
    ]
    found = tariff_projections.lists_for(db, wanted)
    key = ("007", "AA.00.0010")
    assert {name: list(some) for name, some in found.positions.items()} == {
        key: list(lists.positions[key])
    }
    assert found.known == {"007"}
    assert sorted(found.values) == ["007", "532"]
    assert len(found.values["007"]) == len(lists.values["007"])
    assert len(found.rates) == len(lists.rates)
    names = [row["tariff"] for row in tariff_projections.tariff_list(db, ON)]
    assert names == ["005", "007", "222", "312", "317", "402", "452", "532", "999"]
    codes = [one.code for one in tariff_projections.search(db, "007", ["aa."], ON, 5)]
    assert codes == ["AA.00.0010", "AA.00.0090"]
    assert tariff_projections.search(db, "007", ["%"], ON, 5) == []
    assert tariff_projections.search(db, "007", [], date(2025, 1, 1), 5) == []


def test_drafts_are_kept_changed_and_forgotten_alike(opened: Opened) -> None:
    db = opened("gateway")
    row: dict[str, Any] = {"practice_id": "p", "draft_id": "a", "changed_at": NOW, "sealed": b"1"}
    assert drafts.add(db, row)
    assert drafts.add(db, row | {"draft_id": "b", "changed_at": NOW + timedelta(minutes=1)})
    assert drafts.change(db, row | {"sealed": b"2"})
    assert not drafts.change(db, row | {"practice_id": "q"})
    assert [one.draft_id for one in drafts.newest(db, "p")] == ["b", "a"]
    assert drafts.find(db, "p", "a").sealed == b"2"
    assert drafts.find(db, "q", "a") is None
    drafts.drop(db, "p", "b")
    late = NOW + drafts.KEPT + timedelta(days=1)
    assert drafts.add(db, row | {"draft_id": "c", "changed_at": late})
    assert [one.draft_id for one in drafts.newest(db, "p")] == ["c"]
    many = [row | {"draft_id": str(number), "changed_at": late} for number in range(300)]
    assert sum(drafts.add(db, one) for one in many) == drafts.DRAFTS_MAX - 1
