"""What invoicing does with what it hears. Pure: what must be looked up enters beside the event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from libs.events import BankCreditBooked, BankCreditReversed, Refused, SubmissionAccepted
from libs.events.terms import Terms
from libs.events.values import CreditId, InvoiceId, Kind, PracticeId, SubmissionId
from services.invoicing.decider.credit import KeepCredit, KeepReversal, Reason
from services.invoicing.decider.invoice import (
    Biller,
    CancelInvoice,
    IssueInvoice,
    NoteRequest,
)
from services.invoicing.decider.money import RecordPayment, ReversePayment
from services.invoicing.due import Holidays


class PracticeNotKnownYet(Refused):
    """The practice's registration has not been heard yet; the message waits for it."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """What an invoice gets that its message does not say."""

    number: str
    reference: str
    biller: Biller
    terms: Terms | None
    holidays: Holidays


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What is known when a page of messages is worked off."""

    today: date
    slots: Mapping[InvoiceId, Slot]
    cancelled: Mapping[SubmissionId, InvoiceId]
    """The invoice that each storno means, where its own id names none that was issued."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose the money is."""

    practice_id: PracticeId
    invoice_id: InvoiceId


Receiver: TypeAlias = Owner | Reason | None
"""The invoice that a reference names, or why it names none; None: the entry was booked before."""


def act_on_submission(
    event: SubmissionAccepted, desk: Desk
) -> IssueInvoice | CancelInvoice | NoteRequest | None:
    """Issue, cancel or note, as the message asks; a test message asks for nothing (B30)."""
    if event.facts.test:
        return None
    match event.facts.kind:
        case Kind.INVOICE:
            return _issue_invoice(event, desk)
        case Kind.STORNO:
            return CancelInvoice(
                practice_id=event.practice_id,
                invoice_id=desk.cancelled.get(event.submission_id, event.invoice_id),
                submission_id=event.submission_id,
                on=desk.today,
            )
        case Kind.COPY | Kind.REFUND | Kind.REMINDER:
            return NoteRequest(
                practice_id=event.practice_id,
                invoice_id=event.invoice_id,
                submission_id=event.submission_id,
                kind=event.facts.kind,
                on=desk.today,
            )


def _issue_invoice(event: SubmissionAccepted, desk: Desk) -> IssueInvoice | None:
    slot = desk.slots.get(event.invoice_id)
    if slot is None:
        raise PracticeNotKnownYet(event.practice_id)
    return IssueInvoice(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        submission_id=event.submission_id,
        number=slot.number,
        reference=slot.reference,
        issued_on=desk.today,
        biller=slot.biller,
        terms=slot.terms,
        holidays=slot.holidays,
        facts=event.facts,
        finished=event.finished,
        debtor=event.debtor,
        patient=event.patient,
        medical=event.medical,
    )


def match_credit(
    event: BankCreditBooked, receivers: Mapping[CreditId, Receiver]
) -> RecordPayment | KeepCredit | None:
    """Give a receipt to the invoice that its reference names, never by amount or name (BR-71)."""
    receiver = receivers[event.credit_id]
    if receiver is None:
        return None
    if isinstance(receiver, Owner):
        return RecordPayment(
            practice_id=receiver.practice_id,
            invoice_id=receiver.invoice_id,
            credit_id=event.credit_id,
            amount_rappen=event.amount_rappen,
            charges_rappen=event.charges_rappen,
            booked_on=event.booked_on,
            value_on=event.value_on,
        )
    return KeepCredit(
        practice_id=event.practice_id,
        credit_id=event.credit_id,
        amount_rappen=event.amount_rappen,
        reason=receiver,
        booked_on=event.booked_on,
        value_on=event.value_on,
    )


def match_reversal(
    event: BankCreditReversed, receivers: Mapping[CreditId, Receiver]
) -> ReversePayment | KeepReversal | None:
    """Undo the receipt on the invoice that the original reference names."""
    receiver = receivers[event.credit_id]
    if receiver is None:
        return None
    if isinstance(receiver, Owner):
        return ReversePayment(
            practice_id=receiver.practice_id,
            invoice_id=receiver.invoice_id,
            reversal_id=event.credit_id,
            original_reference=event.original_reference,
            amount_rappen=event.amount_rappen,
            booked_on=event.booked_on,
            value_on=event.value_on,
        )
    return KeepReversal(
        practice_id=event.practice_id,
        credit_id=event.credit_id,
        original_reference=event.original_reference,
        amount_rappen=event.amount_rappen,
        booked_on=event.booked_on,
        value_on=event.value_on,
    )
