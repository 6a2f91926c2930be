"""An invoice's row as REST shows it. Pure."""

from datetime import date

from libs.events.values import Stage
from services.gateway.api.models import HoldItem, InvoiceItem, InvoiceState, NextStep, Person
from services.gateway.portal.states import InvoiceRow

SAME = (
    "invoice_id",
    "number",
    "request_id",
    "reference",
    "payer",
    "scheme",
    "law",
    "insurer_name",
    "issued_on",
    "due_on",
    "treated_from",
    "treated_to",
    "amount_rappen",
    "open_rappen",
    "paid_rappen",
    "ended_on",
    "stage",
    "ownership",
    "advanced_rappen",
    "credited_rappen",
)


def state_of(row: InvoiceRow, today: date) -> InvoiceState:
    """Return the one word for where an invoice stands; the worst that is true."""
    match row.end:
        case "PAID":
            return "paid"
        case "SETTLED_SMALL":
            return "settled_small"
        case "CANCELLED":
            return "cancelled"
        case _:
            return _running(row, today)


def _running(row: InvoiceRow, today: date) -> InvoiceState:
    if row.case_ended == "COLLECTION":
        return "collection"
    if row.hold:
        return "held"
    if row.stage:
        return "reminded"
    return "overdue" if row.due_on < today else "open"


def next_step(row: InvoiceRow) -> NextStep | None:
    """Return what happens next; None when nothing does any more."""
    if row.end is not None:
        return None
    if row.case_ended == "COLLECTION":
        return NextStep(step="with_agency", on=None)
    if row.hold:
        return NextStep(step="review_of_hold", on=row.hold_review_on)
    if row.next_stage:
        return NextStep(step=row.next_stage, on=row.next_on)
    if row.stage == Stage.KEY_ACCOUNT:
        return NextStep(step="work_of_a_person", on=None)
    return NextStep(step="payment_due", on=row.due_on)


def item(row: InvoiceRow, today: date) -> InvoiceItem:
    """Return an invoice as REST shows it."""
    person = None
    if row.name is not None:
        person = Person(name=row.name, given_name=row.given_name or "")
    hold = None
    if row.hold and row.end is None:
        hold = HoldItem(
            reason=row.hold, by=row.hold_by, on=row.hold_on, review_on=row.hold_review_on
        )
    return InvoiceItem.model_validate(
        {
            **{name: getattr(row, name) for name in SAME},
            "state": state_of(row, today),
            "patient": person,
            "next": next_step(row),
            "hold": hold,
        }
    )
