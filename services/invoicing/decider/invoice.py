"""The rules of an invoice: issue, cancel, send, and the money that comes for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never

from libs.events import (
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    Refused,
)
from libs.events.handed import Facts, Medical
from libs.events.terms import Terms
from libs.events.values import (
    DocumentId,
    InvoiceId,
    Kind,
    Party,
    Patient,
    Payer,
    PracticeId,
    PracticeKind,
    Private,
    Scheme,
    SubmissionId,
)
from services.invoicing.decider import money, post
from services.invoicing.decider.money import RecordPayment, ReversePayment
from services.invoicing.decider.post import RecordCopy, RecordDispatch
from services.invoicing.decider.state import (
    INITIAL,
    InvoiceEvent,
    Issued,
    RequestNoted,
    State,
    Unissued,
    evolve,
)
from services.invoicing.due import Holidays, due_on, term_days

__all__ = ["INITIAL", "Command", "State", "decide", "evolve"]

ROUNDED_TO_RAPPEN = 5


class UnknownInvoice(Refused):
    """There is no such invoice."""


@dataclass(frozen=True, kw_only=True)
class Biller:
    """The practice as its letters name it, and what decides its terms."""

    party: Party
    kind: PracticeKind
    phone: str = ""
    vat_number: str = ""


@dataclass(frozen=True, kw_only=True)
class IssueInvoice:
    """Make an accepted message an invoice that waits for its money."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    submission_id: SubmissionId
    number: str
    reference: str
    issued_on: date
    biller: Biller
    terms: Terms | None
    """The practice's terms as of that day (BR-159); None: it has settled none."""
    holidays: Holidays
    facts: Facts
    finished: DocumentId | None = None
    debtor: Private[Party]
    patient: Private[Patient]
    medical: Private[Medical]


@dataclass(frozen=True, kw_only=True)
class CancelInvoice:
    """Take an invoice back because its practice sent a storno (BR-45)."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    submission_id: SubmissionId
    on: date


@dataclass(frozen=True, kw_only=True)
class NoteRequest:
    """Keep on record that a copy, reminder or refund message came."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    submission_id: SubmissionId
    kind: Kind
    on: date


Command: TypeAlias = (
    IssueInvoice
    | CancelInvoice
    | NoteRequest
    | RecordDispatch
    | RecordCopy
    | RecordPayment
    | ReversePayment
)


def decide(state: State, command: Command) -> Sequence[InvoiceEvent]:
    """Return what happens; nothing if it already had."""
    match command:
        case IssueInvoice():
            return issue(state, command) if isinstance(state, Unissued) else []
        case CancelInvoice():
            return cancel(state, command)
        case NoteRequest():
            return _noted(state, command, command.kind)
        case RecordDispatch():
            return post.dispatch(_issued(state), command)
        case RecordCopy():
            return post.send_copy(_issued(state), command)
        case RecordPayment():
            return money.receive(_issued(state), command)
        case ReversePayment():
            return money.reverse(_issued(state), command)
        case _:
            assert_never(command)


def _issued(state: State) -> Issued:
    if isinstance(state, Unissued):
        raise UnknownInvoice
    return state


def payer_of(scheme: Scheme) -> Payer:
    """Return who is asked first; in tiers soldant the patient's rest waits (BR-1, BR-18)."""
    return Payer.INSURER if scheme in (Scheme.TP, Scheme.TS) else Payer.PATIENT


def round_payable(amount_rappen: int) -> int:
    """Return the amount due, rounded to the nearest 5 rappen, halves away from zero.

    Receipts are booked to the rappen; only what is asked for is rounded. Source: BR-43.
    """
    sign = -1 if amount_rappen < 0 else 1
    half = ROUNDED_TO_RAPPEN // 2
    return sign * ((abs(amount_rappen) + half) // ROUNDED_TO_RAPPEN * ROUNDED_TO_RAPPEN)


def issue(state: Unissued, command: IssueInvoice) -> Sequence[InvoiceEvent]:
    """Issue the invoice; one that leaves nothing to pay is settled, one cancelled before ends."""
    facts = command.facts
    exact = facts.amount_rappen + facts.reminder_rappen - facts.prepaid_rappen
    payable = round_payable(exact)
    payer = payer_of(facts.scheme)
    days = term_days(facts, payer, command.terms, command.biller.kind)
    issued = InvoiceIssued(
        practice_id=command.practice_id,
        invoice_id=command.invoice_id,
        submission_id=command.submission_id,
        number=command.number,
        reference=command.reference,
        payer=payer,
        language=facts.language,
        facts=facts,
        finished=command.finished,
        open_rappen=max(payable, 0),
        rounding_rappen=payable - exact,
        issued_on=command.issued_on,
        due_on=due_on(command.issued_on, days, command.holidays),
        biller=command.biller.party,
        biller_phone=command.biller.phone,
        biller_vat_number=command.biller.vat_number,
        debtor=command.debtor,
        patient=command.patient,
        medical=command.medical,
    )
    return [issued, *_ended_at_once(state, command, issued.open_rappen)]


def _ended_at_once(
    state: Unissued, command: IssueInvoice, open_rappen: int
) -> Sequence[InvoiceEvent]:
    if state.cancelled_by is not None:
        return [
            InvoiceCancelled(
                practice_id=command.practice_id,
                invoice_id=command.invoice_id,
                submission_id=state.cancelled_by,
                waived_rappen=open_rappen,
                paid_rappen=0,
                on=command.issued_on,
            )
        ]
    if open_rappen:
        return []
    return [
        InvoiceSettled(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            end="PAID",
            on=command.issued_on,
        )
    ]


def cancel(state: State, command: CancelInvoice) -> Sequence[InvoiceEvent]:
    """Cancel in full; what was paid becomes credit of the debtor. Source: BR-45.

    A storno that is faster than its invoice is kept and cancels it when it comes.
    """
    match state:
        case Unissued():
            return _noted(state, command, Kind.STORNO)
        case Issued(end="CANCELLED"):
            return []
        case Issued():
            return [
                InvoiceCancelled(
                    practice_id=command.practice_id,
                    invoice_id=command.invoice_id,
                    submission_id=command.submission_id,
                    waived_rappen=state.open_rappen + state.waived_rappen,
                    paid_rappen=state.paid_rappen,
                    on=command.on,
                )
            ]


def _noted(
    state: State, command: CancelInvoice | NoteRequest, kind: Kind
) -> Sequence[InvoiceEvent]:
    """Keep the message on record, once; it changes no sum and sends no second invoice."""
    if command.submission_id in state.noted:
        return []
    return [
        RequestNoted(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            submission_id=command.submission_id,
            kind=kind,
            known=isinstance(state, Issued),
            on=command.on,
        )
    ]
