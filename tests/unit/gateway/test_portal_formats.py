"""How the portal writes sums, days and numbers, and how it reads a typed sum."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.values import LANGUAGES
from services.gateway.portal import formats


@pytest.mark.parametrize(
    ("rappen", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (123455, "1\N{RIGHT SINGLE QUOTATION MARK}234.55"),
        (
            123456789012,
            "1'234'567'890.12".replace("'", "\u2019"),
        ),
        (-4005, "\N{MINUS SIGN}40.05"),
    ],
)
def test_sums_have_two_digits_and_apostrophes(rappen: int, text: str) -> None:
    assert formats.money(rappen) == text


@given(st.integers(min_value=0, max_value=99_999_999_999))
def test_a_sum_that_is_shown_can_be_typed_back(rappen: int) -> None:
    assert formats.francs_typed(formats.money(rappen)) == rappen


@pytest.mark.parametrize(
    ("typed", "rappen"),
    [
        ("1'234.55", 123455),
        ("1\N{RIGHT SINGLE QUOTATION MARK}234.5", 123450),
        ("CHF 120", 12000),
        ("1 234,05", 123405),
        ("0.05", 5),
        ("Meier", None),
        ("", None),
        (".", None),
        ("12.", None),
        ("1.234", None),
        ("٣.00", None),
        ("-5", None),
        ("9999999999", None),
    ],
)
def test_a_typed_sum_is_read_or_is_none(typed: str, rappen: int | None) -> None:
    assert formats.francs_typed(typed) == rappen


def test_days_stand_as_day_month_year() -> None:
    assert formats.day(date(2026, 9, 14)) == "14.09.2026"
    assert formats.day(None) == "\N{EN DASH}"
    assert formats.days(date(2026, 9, 1), date(2026, 9, 14)) == "01.09.2026 \N{EN DASH} 14.09.2026"
    assert formats.days(date(2026, 9, 1), date(2026, 9, 1)) == "01.09.2026"


def test_a_near_day_leaves_its_year_out() -> None:
    today = date(2026, 11, 23)
    assert formats.short_day(date(2026, 12, 3), today) == "03.12."
    assert formats.short_day(date(2027, 1, 3), today) == "03.01."
    assert formats.short_day(date(2027, 8, 3), today) == "03.08.2027"


def test_a_long_day_names_the_weekday_as_the_language_does() -> None:
    on = date(2026, 12, 3)
    assert [formats.long_day(on, language) for language in LANGUAGES] == [
        "Donnerstag, 03.12.2026",
        "jeudi 03.12.2026",
        "giovedì 03.12.2026",
        "Thursday, 03.12.2026",
    ]


def test_instants_stand_on_swiss_clocks_in_summer_and_winter() -> None:
    assert formats.instant(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == "02.07.2026 00:30"
    assert formats.clock(datetime(2026, 12, 1, 7, 5, tzinfo=UTC)) == "08:05"


def test_an_instant_without_zone_is_read_as_the_database_means_it() -> None:
    naive = datetime(2026, 12, 1, 7, 5, tzinfo=UTC).replace(tzinfo=None)
    assert formats.clock(naive) == "08:05"


def test_references_and_accounts_stand_in_groups() -> None:
    assert formats.reference("010040112000000000105310003") == "01 00401 12000 00000 01053 10003"
    assert formats.account(40112) == "40\u00a0112"


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 3, "33.3\u00a0%"), (2, 3, "66.7\u00a0%"), (0, 0, "0.0\u00a0%"), (5, 5, "100.0\u00a0%")],
)
def test_shares_are_rounded_to_a_tenth_of_a_per_cent(part: int, whole: int, text: str) -> None:
    assert formats.share(part, whole) == text
