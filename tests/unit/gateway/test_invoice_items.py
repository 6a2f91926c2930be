"""Where an invoice stands, what comes next, and why: as REST says it."""

from datetime import date
from typing import Any

import pytest

from services.gateway.api.invoice_items import item, next_step, state_of
from services.gateway.api.reasons import because, because_next
from services.gateway.portal.states import InvoiceRow

TODAY = date(2026, 3, 2)


def row(**other: Any) -> InvoiceRow:
    known: dict[str, Any] = dict.fromkeys(InvoiceRow.__dataclass_fields__)
    known |= dict.fromkeys(("invoice_id", "number", "request_id", "reference", "scheme", "law"), "")
    known |= {
        "payer": "patient",
        "insurer_name": "",
        "issued_on": TODAY,
        "due_on": TODAY,
        "treated_from": TODAY,
        "treated_to": TODAY,
        "amount_rappen": 10_000,
        "open_rappen": 10_000,
        "paid_rappen": 0,
    }
    return InvoiceRow(**(known | other))


@pytest.mark.parametrize(
    ("known", "state", "step"),
    [
        ({}, "open", "payment_due"),
        ({"due_on": date(2026, 3, 1)}, "overdue", "payment_due"),
        ({"stage": "first_reminder", "next_stage": "rplus_written"}, "reminded", "rplus_written"),
        ({"hold": "dispute", "stage": "first_reminder"}, "held", "review_of_hold"),
        ({"case_ended": "COLLECTION", "stage": "collection"}, "collection", "with_agency"),
        ({"stage": "key_account", "due_on": date(2025, 11, 1)}, "reminded", "work_of_a_person"),
        ({"end": "PAID", "hold": "dispute"}, "paid", None),
        ({"end": "SETTLED_SMALL"}, "settled_small", None),
        ({"end": "CANCELLED", "case_ended": "CANCELLED"}, "cancelled", None),
    ],
)
def test_each_state_has_its_next_step_and_why(
    known: dict[str, Any], state: str, step: str | None
) -> None:
    given = row(**known)
    assert state_of(given, TODAY) == state
    following = next_step(given)
    assert (following.step if following else None) == step
    assert (because_next(given) is None) == (step is None)
    assert item(given, TODAY).state == state


def test_the_agency_is_the_reason_also_where_a_hold_was_placed_since() -> None:
    given = row(case_ended="COLLECTION", hold="dispute")
    following, why = next_step(given), because_next(given)
    assert following
    assert why
    assert (following.step, why.rules) == ("with_agency", ["BR-107"])


def test_an_event_is_explained_by_rules_and_by_its_own_facts() -> None:
    why = because("ReminderEscalated", {"waited_days": 50, "counted_from": "2026-01-05", "x": 1})
    assert why.rules == ["BR-120", "BR-122"]
    assert why.facts == {"waited_days": 50, "counted_from": "2026-01-05"}
    assert because("SomethingNewer", {"reason": "x"}).rules == []
