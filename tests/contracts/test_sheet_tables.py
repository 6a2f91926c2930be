"""Sheets on paper mean the same on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, RowMapping

from bench.pricing import NOBODYS
from libs.runtime import rows
from libs.runtime.problems import Problem
from services.ingest import sheet_projections
from services.ingest.decider.sheet_words import SheetId
from services.ingest.decider.template import Printed, SheetTemplateChosen
from tests.contracts.test_price_tables import Opened, opened
from tests.unit.ingest import sheets

__all__ = ["opened"]
PRACTICE = sheets.IDS["practice_id"]


def heard(db: Connection, *events: Any) -> None:
    for event in events:
        templates = isinstance(event, SheetTemplateChosen)
        project = sheet_projections.project_templates if templates else None
        rows.write(db, (project or sheet_projections.project_sheets)(event, NOBODYS))


def test_a_sheet_waits_is_claimed_keyed_and_ends_alike(opened: Opened) -> None:
    db = opened("ingest")

    def shown() -> tuple[int, Sequence[RowMapping], RowMapping]:
        count, waiting = sheet_projections.queue(db)
        row = sheet_projections.sheet(db, sheets.IDS["sheet_id"])
        assert row is not None
        return count, waiting, row

    heard(db, sheets.received, sheets.claimed(sheets.ANNA))
    count, waiting, row = shown()
    assert (count, len(waiting), row["claimed_by"]) == (1, 1, sheets.ANNA)
    heard(db, sheets.keyed(sheets.ANNA, final=False))
    heard(db, sheets.keyed(sheets.BEA, sheets.OTHER, second=True, final=False))
    row = shown()[2]
    assert (row["state"], row["first"], row["second"], row["claimed_by"]) == (
        "differing", sheets.ONE, sheets.OTHER, "",
    )  # fmt: skip
    heard(db, sheets.resolved(sheets.BEA), sheets.taken_in)
    count, waiting, row = shown()
    assert (count, list(waiting), row["state"]) == (0, [], "taken")
    listed, more = sheet_projections.newest_sheets(db, PRACTICE, "", 5)
    assert ([one["sheet_id"] for one in listed], more) == ([sheets.IDS["sheet_id"]], None)


def test_a_list_has_pages_without_gap_or_repeat_b52(opened: Opened) -> None:
    db = opened("ingest")
    for number in range(5):  # two of them of one instant
        at = sheets.received.received_at + timedelta(seconds=number // 2)
        name = SheetId(f"sheet-{number}")
        heard(db, msgspec.structs.replace(sheets.received, sheet_id=name, received_at=at))
    seen, cursor = [], ""
    while True:
        rows, more = sheet_projections.newest_sheets(db, PRACTICE, cursor, 2)
        seen += [row["sheet_id"] for row in rows]
        if more is None:
            break
        cursor = more
    assert seen == [f"sheet-{number}" for number in (4, 3, 2, 1, 0)]
    for forged in ("nonsense", "WzEsMl0", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwieCJd"):
        with pytest.raises(Problem) as refused:
            sheet_projections.newest_sheets(db, PRACTICE, forged, 2)
        assert (refused.value.status, refused.value.code) == (400, "invalid_cursor")


def test_every_version_of_a_practices_sheet_stays_known(opened: Opened) -> None:
    db = opened("ingest")
    assert sheet_projections.template(db, PRACTICE, None) is None
    for version in (1, 2):
        positions = (Printed(tariff="007", code=f"A{version}"),)
        heard(
            db,
            SheetTemplateChosen(
                practice_id=PRACTICE, version=version, positions=positions, by="user:1"
            ),
        )
    for asked, found in ((None, 2), (1, 1), (2, 2)):
        known = sheet_projections.template(db, PRACTICE, asked)
        assert known is not None
        assert (known[0], known[1][0].code) == (found, f"A{found}")
