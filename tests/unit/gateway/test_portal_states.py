"""Where an invoice stands and what happens next: no state without a next step."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.values import Hold, Stage
from services.gateway.portal.states import InvoiceRow, may_hold, may_lift, state_of
from tests.unit.gateway.portal_samples import PRACTICE, TODAY, invoice

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("fields", "word", "tone", "step"),
    [
        ({}, "state.sent", "quiet", "next.due"),
        ({"payer": "insurer"}, "state.with_insurer", "info", "next.due"),
        ({"paid_rappen": 5000}, "state.part_paid", "info", "next.due"),
        ({"due_on": TODAY}, "state.sent", "quiet", "next.due"),
        ({"due_on": TODAY - DAY}, "state.overdue", "warn", "next.stage"),
        ({"stage": "first_reminder"}, "stage.first_reminder.done", "warn", "next.stage"),
        ({"stage": "formal_notice"}, "stage.formal_notice.done", "bad", "next.stage"),
        ({"case_ended": "COLLECTION"}, "state.collection", "bad", "next.agency"),
        ({"end": "PAID", "hold": "dispute"}, "state.paid", "good", "next.closed"),
        ({"end": "SETTLED_SMALL"}, "state.settled_small", "good", "next.closed"),
        ({"end": "CANCELLED"}, "state.cancelled", "quiet", "next.closed"),
        (
            {"stage": "key_account", "next_stage": None, "next_on": None},
            "stage.key_account.done",
            "bad",
            "next.person",
        ),
    ],
)
def test_each_state_has_its_word_its_tone_and_its_next_step(
    fields: dict[str, Any], word: str, tone: str, step: str
) -> None:
    state = state_of(invoice(**fields), TODAY)
    assert (state.word, state.tone, state.next.key) == (word, tone, step)
    assert not state.next.broken


def test_a_hold_waits_for_its_review_and_is_late_after_it() -> None:
    held = invoice(hold="dispute", hold_review_on=TODAY)
    assert not state_of(held, TODAY).next.broken
    assert state_of(held, TODAY + DAY).next.broken


def test_an_overdue_invoice_without_a_step_shows_itself_as_an_error() -> None:
    lost = invoice(due_on=TODAY - DAY, next_stage=None, next_on=None)
    assert state_of(lost, TODAY).next.key == "next.missing"
    assert state_of(lost, TODAY).next.broken


def test_a_step_that_did_not_come_for_five_days_is_late() -> None:
    planned = invoice(due_on=TODAY - 20 * DAY, next_on=TODAY - 5 * DAY)
    assert not state_of(planned, TODAY).next.broken
    assert state_of(planned, TODAY + DAY).next.broken


def test_a_new_invoice_may_wait_a_moment_for_its_case_an_old_one_may_not() -> None:
    new = invoice(case_practice=None, issued_on=TODAY)
    assert state_of(new, TODAY).next.key == "next.preparing"
    old = invoice(case_practice=None, issued_on=TODAY - 4 * DAY)
    assert state_of(old, TODAY).next.key == "next.missing"


DAYS = st.dates(min_value=date(2026, 1, 1), max_value=date(2027, 12, 31))


@given(
    due_on=DAYS,
    next_on=st.none() | DAYS,
    stage=st.none() | st.sampled_from(Stage),
    next_stage=st.none() | st.sampled_from(Stage),
    hold=st.none() | st.sampled_from(Hold),
    hold_review_on=st.none() | DAYS,
    case_practice=st.sampled_from([None, PRACTICE]),
    case_ended=st.sampled_from([None, "COLLECTION"]),
    paid_rappen=st.integers(0, 23455),
    payer=st.sampled_from(["patient", "insurer"]),
)
def test_every_open_invoice_has_a_day_for_its_next_step_or_says_why_not(**fields: Any) -> None:
    following = state_of(invoice(**fields), TODAY).next
    undated = {"next.agency", "next.person"}
    assert following.on is not None or following.broken or following.key in undated


def shown(row: InvoiceRow) -> tuple[bool, bool]:
    return may_hold(row), may_lift(row)


def test_only_a_running_case_can_be_held_and_only_a_held_one_let_go() -> None:
    assert shown(invoice()) == (True, False)
    assert shown(invoice(hold="dispute")) == (False, True)
    assert shown(invoice(end="PAID")) == (False, False)
    assert shown(invoice(case_ended="COLLECTION")) == (False, False)
    assert shown(invoice(case_practice=None)) == (False, False)
