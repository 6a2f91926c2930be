"""How an invoice's way from issue to its end fills the read tables. Pure.

Nothing adds to what a row holds; events say where things stand after them.
"""

from collections.abc import Iterable
from datetime import date
from typing import TypeAlias

from libs.events import (
    AdvanceCredited,
    BankCreditBooked,
    CallRecorded,
    CaseOpened,
    ClaimChargedBack,
    ClaimClosed,
    ClaimTransmitted,
    CollectionRequested,
    DunningResumed,
    DunningStopped,
    Envelope,
    HoldLifted,
    HoldPlaced,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    MemberCredited,
    MemberDebited,
    PartPaid,
    PaymentReceived,
    PaymentReversed,
    ReminderEscalated,
)
from libs.events.values import CreditId, Ownership, Stage
from libs.runtime.rows import Change, change, put
from services.gateway.tables import cases, claims, invoices, payers, payments

Invoiced: TypeAlias = (
    InvoiceIssued | PaymentReceived | PaymentReversed | InvoiceSettled | InvoiceCancelled
)
Reminded: TypeAlias = (
    CaseOpened
    | ReminderEscalated
    | HoldPlaced
    | HoldLifted
    | CallRecorded
    | PartPaid
    | DunningStopped
    | DunningResumed
    | CollectionRequested
)
Owned: TypeAlias = (
    ClaimTransmitted
    | AdvanceCredited
    | MemberCredited
    | MemberDebited
    | ClaimChargedBack
    | ClaimClosed
)


COLLECTED = "COLLECTION"
"""How a case stands whose claim an agency has."""


def project_invoices(event: Invoiced, envelope: Envelope) -> Iterable[Change]:
    """Keep where each invoice stands."""
    match event:
        case InvoiceIssued():
            yield _issued(event, envelope)
        case PaymentReceived():
            yield change(invoices, invoice_id=event.invoice_id, open_rappen=event.open_rappen)
            yield _payment(event, event.credit_id, "received", 1)
        case PaymentReversed():
            # A receipt may be taken back in parts: each is an entry of the bank's own.
            yield _payment(event, event.reversal_id or event.credit_id, "reversed", -1)
            yield change(invoices, invoice_id=event.invoice_id, open_rappen=event.open_rappen)
            if event.open_rappen:
                yield change(
                    invoices, invoice_id=event.invoice_id, waived_rappen=0, end=None, ended_on=None
                )
        case InvoiceSettled():
            yield _ended(event, event.end)
        case InvoiceCancelled():
            yield _ended(event, "CANCELLED")


def _ended(event: InvoiceSettled | InvoiceCancelled, end: str) -> Change:
    return change(
        invoices,
        invoice_id=event.invoice_id,
        open_rappen=0,
        waived_rappen=event.waived_rappen,
        end=end,
        ended_on=event.on,
    )


def _issued(event: InvoiceIssued, envelope: Envelope) -> Change:
    facts = event.facts
    return put(
        invoices,
        invoice_id=event.invoice_id,
        practice_id=event.practice_id,
        number=event.number,
        request_id=facts.request_id,
        reference=event.reference,
        submission_id=event.submission_id,
        patient_subject=event.patient.subject,
        debtor_subject=event.debtor.subject,
        case_subject=event.medical.subject,
        payer=event.payer.value,
        scheme=facts.scheme.value,
        law=facts.law.value,
        insurer_name=facts.insurer_name,
        language=event.language,
        issued_on=event.issued_on,
        due_on=event.due_on,
        treated_from=facts.treated_from,
        treated_to=facts.treated_to,
        amount_rappen=event.open_rappen,
        open_rappen=event.open_rappen,
        waived_rappen=0,
        end=None,
        ended_on=None,
        position=envelope.position,
    )


def _payment(
    event: PaymentReceived | PaymentReversed, credit_id: CreditId, kind: str, sign: int
) -> Change:
    return put(
        payments,
        invoice_id=event.invoice_id,
        credit_id=credit_id,
        kind=kind,
        practice_id=event.practice_id,
        amount_rappen=sign * event.amount_rappen,
        surplus_rappen=sign * event.surplus_rappen,
        booked_on=event.booked_on,
    )


def project_payers(event: BankCreditBooked, _envelope: Envelope) -> Iterable[Change]:
    """Keep under whose key the bank's words on a receipt are sealed."""
    if event.payer is not None:
        yield put(payers, credit_id=event.credit_id, subject=event.payer.subject)


def project_cases(event: Reminded, _envelope: Envelope) -> Iterable[Change]:
    """Keep how far the reminding of each invoice is, and what comes next."""
    key = event.invoice_id
    match event:
        case CaseOpened():
            yield put(
                cases,
                invoice_id=key,
                practice_id=event.practice_id,
                stage=None,
                stage_on=None,
                next_stage=event.next_stage,
                next_on=event.next_on,
                hold=None,
                hold_by=None,
                hold_on=None,
                hold_review_on=None,
                ended=None,
            )
        case ReminderEscalated():
            yield change(cases, invoice_id=key, stage=event.stage.value, stage_on=event.on)
            yield _next(event)
        case CallRecorded():
            yield _next(event)
        case PartPaid():
            yield _replanned(event, event.next_stage)
        case DunningResumed():
            handed_over = event.stage is Stage.COLLECTION
            yield change(cases, invoice_id=key, ended=COLLECTED if handed_over else None)
            yield _next(event)
        case HoldPlaced():
            yield _held(event, event.reason.value, event.by, event.on, event.review_on)
        case HoldLifted():
            still = event.still.value if event.still else None
            yield _held(event, still, None, None, event.still_review_on)
            yield _replanned(event, event.resend)
        case DunningStopped():
            yield change(cases, invoice_id=key, ended=event.end, next_stage=None, next_on=None)
        case CollectionRequested():
            yield change(cases, invoice_id=key, ended=COLLECTED, next_stage=None, next_on=None)


def _next(event: ReminderEscalated | CallRecorded | DunningResumed) -> Change:
    stage = event.next_stage.value if event.next_stage else None
    return change(cases, invoice_id=event.invoice_id, next_stage=stage, next_on=event.next_on)


def _replanned(event: PartPaid | HoldLifted, stage: Stage | None) -> Change:
    """Return the new day of the next step, which is another one only where the event says so."""
    other = {"next_stage": stage.value} if stage else {}
    return change(cases, invoice_id=event.invoice_id, next_on=event.next_on, **other)


def _held(
    event: HoldPlaced | HoldLifted,
    reason: str | None,
    by: str | None,
    on: date | None,
    review_on: date | None,
) -> Change:
    return change(
        cases,
        invoice_id=event.invoice_id,
        hold=reason,
        hold_by=by,
        hold_on=on,
        hold_review_on=review_on,
    )


def project_claims(event: Owned, _envelope: Envelope) -> Iterable[Change]:
    """Keep whose claim each invoice is and what its member has had for it."""
    key = event.invoice_id
    match event:
        case ClaimTransmitted():
            yield put(
                claims,
                invoice_id=key,
                practice_id=event.practice_id,
                ownership=event.ownership.value,
                advanced_rappen=0,
                credited_rappen=0,
            )
        case AdvanceCredited():
            yield change(
                claims,
                invoice_id=key,
                advanced_rappen=event.amount_rappen,
                ownership=Ownership.ADVANCED_RECOURSE.value,
            )
        case MemberCredited():
            yield change(
                claims,
                invoice_id=key,
                advanced_rappen=event.advanced_rappen,
                credited_rappen=event.credited_rappen,
            )
            if event.repaid_rappen and event.advanced_rappen == 0:
                yield change(claims, invoice_id=key, ownership=Ownership.MANDATED.value)
        case MemberDebited():
            yield change(claims, invoice_id=key, credited_rappen=event.credited_rappen)
        case ClaimChargedBack():
            yield change(
                claims, invoice_id=key, advanced_rappen=0, ownership=Ownership.MANDATED.value
            )
        case ClaimClosed():
            # What was paid of a cancelled claim is the debtor's again: its member has had nothing.
            if event.refundable_rappen:
                yield change(claims, invoice_id=key, credited_rappen=0)
