"""Lists of tariffs, point values and VAT rates: read whole or not at all, never overlapping."""

from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.values import COOPERATIVE
from services.ingest.app import TARIFFS
from services.ingest.decider.tariffs import (
    ROWS_OF_EVENT,
    ImportPointValues,
    ImportPositions,
    ImportVatRates,
    PointValuesImported,
    PositionsImported,
    ValidityOverlaps,
)
from services.ingest.prices.price_lists import PointValue, Position, VatRate
from services.ingest.prices.tariff_lists import Rows, Wrong, read_list
from tests.scenario import Scenario
from tests.unit.ingest.lists import POSITIONS, positions

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
FILE = "f1"
HEAD = "tariff;code;valid_from;valid_to;shape;points_mt;name_de;source\n"
tariffs = Scenario(TARIFFS)


def position(code: str = "1", first: str = "2026-01-01", last: str = "", points: str = "1") -> Any:
    found = read_list(f"{HEAD}312;{code};{first};{last};points;{points};A;B".encode(), Position)
    assert isinstance(found, Rows), found
    return found.rows[0]


def imported(*rows: Position) -> PositionsImported:
    return PositionsImported(practice_id=COOPERATIVE, file=FILE, imported_at=AT, positions=rows)


def take(*rows: Position) -> ImportPositions:
    return ImportPositions(file=FILE, at=AT, rows=rows)


def wrong(text: str, kind: type[Any] = Position) -> list[tuple[int, str]]:
    found = read_list(text.encode(), kind)
    assert isinstance(found, tuple)
    return [(one.line, one.column) for one in found]


def test_the_samples_that_ship_are_in_order_and_say_that_they_are_samples() -> None:
    folder = files("services.ingest.prices") / "samples"

    def rows(name: str, kind: type[Any]) -> tuple[Any, ...]:
        found = read_list((folder / f"{name}.csv").read_bytes(), kind)
        assert isinstance(found, Rows), found
        assert all(row.source.startswith("MUSTER") for row in found.rows)
        return found.rows

    for command in (
        ImportPositions(file=FILE, at=AT, rows=rows("positions", Position)),
        ImportPointValues(file=FILE, at=AT, rows=rows("point_values", PointValue)),
        ImportVatRates(file=FILE, at=AT, rows=rows("vat_rates", VatRate)),
    ):
        assert tariffs.when(command).decided()


def test_a_list_of_thousands_becomes_events_of_a_size_that_every_log_carries() -> None:
    rows = [position(str(number)) for number in range(ROWS_OF_EVENT * 2 + 1)]
    events = tariffs.when(take(*rows)).decided()
    sizes = [len(one.positions) for one in events if isinstance(one, PositionsImported)]
    assert sizes == [ROWS_OF_EVENT, ROWS_OF_EVENT, 1]


def test_the_same_list_again_changes_nothing() -> None:
    rows = positions()
    tariffs.given(imported(*rows)).when(take(*rows)).then_nothing()


def test_only_what_is_new_or_other_is_recorded() -> None:
    one, two = position("1"), position("2")
    tariffs.given(imported(one)).when(take(one, two)).then(imported(two))


def test_a_row_that_begins_on_the_same_day_is_a_correction_and_may_close_it() -> None:
    open_, closed = position(), position(last="2026-12-31")
    following = position(first="2027-01-01", points="2")
    tariffs.given(imported(open_)).when(take(closed, following)).then(imported(closed, following))


@pytest.mark.parametrize(
    ("held", "new", "rows"),
    [
        ([("2026-01-01", "")], [("2027-01-01", "")], (0,)),
        ([("2026-01-01", "2026-06-30")], [("2026-06-30", "")], (0,)),
        ([], [("2026-01-01", ""), ("2026-02-01", "")], (0, 1)),
        ([], [("2026-01-01", ""), ("2026-01-01", "2026-12-31")], (0, 1)),
        ([("2027-01-01", "")], [("2026-01-01", "")], (0,)),
    ],
)
def test_overlapping_validity_is_refused_with_its_rows(
    held: list[tuple[str, str]], new: list[tuple[str, str]], rows: tuple[int, ...]
) -> None:
    before = tariffs.given(imported(*[position("1", *days) for days in held]))
    with pytest.raises(ValidityOverlaps) as refused:
        before.when(take(*[position("1", *days) for days in new])).decided()
    assert refused.value.rows == rows


def test_br33_point_values_of_two_cantons_do_not_overlap() -> None:
    head = "tariff;canton;valid_from;value;source\n"
    text = f"{head}312;ZH;2026-01-01;0.99;A\n312;BE;2026-01-01;0.96;A"
    found = read_list(text.encode(), PointValue)
    assert isinstance(found, Rows)
    command = ImportPointValues(file=FILE, at=AT, rows=found.rows)
    tariffs.when(command).then(
        PointValuesImported(practice_id=COOPERATIVE, file=FILE, imported_at=AT, values=found.rows)
    )


def test_every_line_that_is_wrong_is_named_with_its_column() -> None:
    rows = [
        "31;1;2026-01-01;;points;1;A;B",
        "312;;2026-02-30;;points;x;A;B",
        "312;1;2026-01-01;2025-01-01;points;1;A;B",
        "312;1;2026-01-01;;other;-1;A;",
        "312;1",
        "",
        "312;1;2026-01-01;;price;1;A;B",
    ]
    assert wrong(HEAD + "\n".join(rows)) == [
        (2, "tariff"), (3, "code"), (3, "valid_from"), (3, "points_mt"), (4, "valid_to"),
        (5, "shape"), (5, "points_mt"), (5, "source"), (6, ""), (8, "price"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [(1, "tariff"), (1, "code"), (1, "valid_from"), (1, "shape"), (1, "name_de"),
              (1, "source")]),
        (HEAD, [(2, "")]),
        (HEAD.replace("points_mt", "poinst"), [(1, "poinst")]),
        (HEAD.replace("valid_to", "code"), [(1, "code")]),
        (HEAD + '312;"1', [(2, "")]),
        ("\x00", [(1, "")]),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused_as_a_whole(
    text: str, places: list[tuple[int, str]]
) -> None:
    assert wrong(text) == places


def test_commas_and_a_byte_order_mark_are_read_too() -> None:
    text = "\ufeff" + POSITIONS.replace(";", ",")
    found = read_list(text.encode(), Position)
    assert isinstance(found, Rows)
    assert found.rows == positions()


def test_an_insurers_group_needs_its_members_with_good_check_digits() -> None:
    head = "tariff;valid_from;value;source;insurer_group;insurers\n"
    assert wrong(f"{head}001;2026-01-01;1;A;G;", PointValue) == [(2, "insurers")]
    assert wrong(f"{head}001;2026-01-01;1;A;G;7601003000008", PointValue) == [(2, "insurers")]


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_p20_no_file_makes_the_reader_fail(data: bytes) -> None:
    for text in (data, HEAD.encode() + data):
        found = read_list(text, Position)
        assert isinstance(found, Rows) or all(isinstance(one, Wrong) for one in found)


def test_br30_a_row_stands_from_its_first_day_to_its_last() -> None:
    row = position(last="2026-01-31")
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
    assert [row.stands_on(day) for day in days] == [False, True, True, False]
