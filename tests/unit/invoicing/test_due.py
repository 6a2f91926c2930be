"""Until when an invoice is to be paid (BR-16, BR-29, BR-43, BR-60)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.terms import Terms
from libs.events.values import Law, Payer, PracticeKind
from services.invoicing.configuration import CANTONS, holidays_of
from services.invoicing.decider.invoice import round_payable
from services.invoicing.due import due_on, term_days
from tests.unit.invoicing.values import facts

ZURICH = holidays_of("ZH", 2026)


def test_thirty_days_after_a_monday_is_the_fourth_of_february() -> None:
    assert due_on(date(2026, 1, 5), 30, ZURICH) == date(2026, 2, 4)


def test_a_term_that_ends_on_a_saturday_ends_on_the_monday_after() -> None:
    assert due_on(date(2026, 1, 8), 30, ZURICH) == date(2026, 2, 9)


def test_a_term_of_14_days_ends_on_day_28_br_60() -> None:
    assert due_on(date(2026, 6, 1), 14, ZURICH) == date(2026, 6, 29)


def test_a_term_that_ends_on_a_holiday_of_the_canton_ends_after_it() -> None:
    easter_monday = date(2026, 4, 6)
    issued_on = easter_monday - timedelta(days=30)
    assert due_on(issued_on, 30, ZURICH) == date(2026, 4, 7)
    assert due_on(issued_on, 30, holidays_of("VS", 2026)) == easter_monday


@given(
    st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 365), st.sampled_from([*CANTONS])
)
def test_a_term_ends_on_a_working_day_and_leaves_20_days_to_read_and_pay(
    issued_on: date, days: int, canton: str
) -> None:
    calendar = holidays_of(canton, issued_on.year)
    day = due_on(issued_on, days, calendar)
    assert calendar.is_working(day)
    assert day >= issued_on + timedelta(days=max(days, 26))
    if days:
        assert day >= due_on(issued_on, days - 1, calendar)


def test_the_practices_terms_go_before_the_messages_and_those_before_the_default() -> None:
    said, silent = facts(term_days=14), facts()
    own = Terms(patient_days=20, insurer_days=60)
    kind = PracticeKind.SPECIALIST
    assert term_days(said, Payer.PATIENT, own, kind) == 20
    assert term_days(said, Payer.INSURER, own, kind) == 60
    assert term_days(said, Payer.PATIENT, None, kind) == 14
    assert term_days(silent, Payer.PATIENT, None, kind) == 30


def test_invalidity_insurance_and_home_care_have_45_days_br_16() -> None:
    of_iv, of_kvg = facts(law=Law.IVG), facts(law=Law.KVG)
    assert term_days(of_iv, Payer.INSURER, None, PracticeKind.SPECIALIST) == 45
    assert term_days(of_kvg, Payer.INSURER, None, PracticeKind.HOME_CARE) == 45
    assert term_days(of_kvg, Payer.INSURER, None, PracticeKind.PHYSIO) == 30
    assert term_days(of_kvg, Payer.PATIENT, None, PracticeKind.HOME_CARE) == 30


@pytest.mark.parametrize(
    ("exact", "payable"),
    [(27334, 27335), (42768, 42770), (1002, 1000), (1003, 1005), (1007, 1005), (1008, 1010),
     (-1003, -1005), (0, 0), (5, 5)],
)  # fmt: skip
def test_what_is_asked_for_is_rounded_to_5_rappen_br_43(exact: int, payable: int) -> None:
    assert round_payable(exact) == payable
