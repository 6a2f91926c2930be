"""What dunning does with what it hears: an event becomes a command. Pure."""

from dataclasses import dataclass

from libs.days.calendar import Calendar
from libs.events import (
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
)
from services.dunning.decider import OpenCase
from services.dunning.ladder import Policies
from services.dunning.money import RecordPayment, RecordReversal, StopDunning


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the lookup found for a page of new invoices, or of payments."""

    policies: Policies
    calendar: Calendar


def open_case(event: InvoiceIssued, known: Known) -> OpenCase | None:
    """Watch a new invoice. One that its sender marked as a test reminds nobody (B30)."""
    if event.facts.test:
        return None
    return OpenCase(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        payer=event.payer,
        canton=event.facts.canton,
        open_rappen=event.open_rappen,
        issued_on=event.issued_on,
        due_on=event.due_on,
        policy=known.policies.on(event.practice_id, event.issued_on),
        calendar=known.calendar,
    )


def record_payment(event: PaymentReceived, known: Known) -> RecordPayment:
    """Stop, or give more time."""
    return RecordPayment(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        credit_id=event.credit_id,
        open_rappen=event.open_rappen,
        booked_on=event.booked_on,
        policy=known.policies.on(event.practice_id, event.booked_on),
        calendar=known.calendar,
    )


def record_reversal(event: PaymentReversed, known: Known) -> RecordReversal:
    """Go on where the case stood."""
    return RecordReversal(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        credit_id=event.credit_id,
        open_rappen=event.open_rappen,
        booked_on=event.booked_on,
        policy=known.policies.on(event.practice_id, event.booked_on),
        calendar=known.calendar,
    )


def stop_settled(event: InvoiceSettled) -> StopDunning:
    """Stop: paid, or what is left was waived."""
    return StopDunning(
        practice_id=event.practice_id, invoice_id=event.invoice_id, end=event.end, on=event.on
    )


def stop_cancelled(event: InvoiceCancelled) -> StopDunning:
    """Stop: the practice asks for nothing any more."""
    return StopDunning(
        practice_id=event.practice_id, invoice_id=event.invoice_id, end="CANCELLED", on=event.on
    )
