"""On which days a batch is expected, and until when it may be late; missed once (BR-169)."""

from datetime import date, timedelta
from typing import Any

import pytest

from libs.days.holidays_ch import calendar_around
from libs.events import BatchMissing
from libs.events.terms import Deliveries
from libs.events.values import PracticeId
from services.ingest.app import DELIVERY
from services.ingest.decider.delivery import MissBatch
from services.ingest.deliveries import Expected, last_expected
from tests.scenario import Scenario

PRACTICE = PracticeId("p")
MONDAY = date(2026, 2, 2)
CALENDAR = calendar_around(MONDAY)
DAY = timedelta(days=1)


def expected(day: date, **plan: Any) -> Expected | None:
    return last_expected(Deliveries(canton="ZH", **plan), CALENDAR, day)


def test_br_169_a_weekly_delivery_is_late_when_its_working_days_of_grace_have_passed() -> None:
    friday = MONDAY + 4 * DAY
    until = MONDAY + 8 * DAY
    due = Expected(friday, until, friday - 7 * DAY)
    assert expected(until, rhythm="weekly") == Expected(
        friday - 7 * DAY, MONDAY + DAY, friday - 14 * DAY
    )
    assert expected(until + DAY, rhythm="weekly") == due
    assert expected(until + 7 * DAY, rhythm="weekly") == due
    assert expected(friday + DAY, rhythm="weekly", grace_days=0) == Expected(
        friday, friday, friday - 7 * DAY
    )


def test_br_169_a_day_that_is_a_holiday_in_the_canton_moves_to_the_next_working_day() -> None:
    easter_monday, behind = date(2026, 4, 6), date(2026, 4, 20)
    wish: dict[str, Any] = {"rhythm": "monthly", "day_of_month": 6}
    assert expected(behind, **wish) == Expected(
        date(2026, 4, 7), date(2026, 4, 9), date(2026, 3, 6)
    )
    valais = last_expected(Deliveries(canton="VS", **wish), CALENDAR, behind)
    assert valais == Expected(easter_monday, date(2026, 4, 8), date(2026, 3, 6))


def test_br_169_a_daily_delivery_is_expected_on_working_days_alone() -> None:
    tuesday = MONDAY + DAY
    assert expected(tuesday, rhythm="daily", grace_days=0) == Expected(
        MONDAY, MONDAY, MONDAY - 3 * DAY
    )
    good_friday = date(2026, 4, 3)
    after_easter = good_friday + 5 * DAY
    assert expected(after_easter, rhythm="daily", grace_days=0) == Expected(
        good_friday + 4 * DAY, good_friday + 4 * DAY, good_friday - DAY
    )


def test_br_169_a_month_that_is_shorter_has_its_delivery_on_its_last_day() -> None:
    found = expected(date(2026, 3, 10), rhythm="monthly", day_of_month=31)
    assert found == Expected(date(2026, 3, 2), date(2026, 3, 4), date(2026, 2, 2))


def test_br_169_fortnightly_and_other_rhythms_are_counted_from_their_first_day() -> None:
    late = MONDAY + 20 * DAY
    assert expected(late, rhythm="fortnightly", starts_on=MONDAY) == Expected(
        MONDAY + 14 * DAY, MONDAY + 16 * DAY, MONDAY
    )
    assert expected(MONDAY + 5 * DAY, rhythm="fortnightly", starts_on=MONDAY) == Expected(
        MONDAY, MONDAY + 2 * DAY, None
    )
    assert expected(late, rhythm="other", every_days=10, starts_on=MONDAY) == Expected(
        MONDAY + 10 * DAY, MONDAY + 14 * DAY, MONDAY
    )
    assert expected(MONDAY, rhythm="fortnightly", starts_on=MONDAY + DAY) is None
    assert expected(late, rhythm="none") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekday": 0},
        {"weekday": 8},
        {"day_of_month": 0},
        {"day_of_month": 32},
        {"grace_days": 11},
        {"rhythm": "fortnightly"},
        {"rhythm": "other", "starts_on": MONDAY},
        {"rhythm": "other", "starts_on": MONDAY, "every_days": 181},
        {"canton": "Zürich"},
    ],
)
def test_a_plan_that_names_no_day_refuses_to_exist(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        Deliveries(**wrong)


def test_br_169_a_delivery_is_missed_once_and_never_one_before_it() -> None:
    def miss(on: date) -> MissBatch:
        return MissBatch(
            practice_id=PRACTICE, expected_on=on, until=on, rhythm="weekly", today=on + DAY
        )

    missing = BatchMissing(
        practice_id=PRACTICE, expected_on=MONDAY, until=MONDAY, rhythm="weekly", on=MONDAY + DAY
    )
    missed = Scenario(DELIVERY).when(miss(MONDAY)).then(missing)
    missed.when(miss(MONDAY)).then_nothing()
    missed.when(miss(MONDAY - DAY)).then_nothing()
    assert len(missed.when(miss(MONDAY + DAY)).decided()) == 1
