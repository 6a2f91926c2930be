"""How events fill the read tables, and how the tables are asked."""

from collections.abc import Iterator
from typing import TypeAlias

import msgspec
from sqlalchemy import Connection, RowMapping, Table, select

from libs.events import (
    BankCreditBooked,
    BankCreditReversed,
    CreditUnmatched,
    Envelope,
    InvoiceCancelled,
    InvoiceDispatched,
    InvoiceIssued,
    InvoiceSettled,
    PatientCopySent,
    PaymentReceived,
    PaymentReversed,
    PracticeConfigured,
    PracticeRegistered,
    ReversalUnmatched,
    SubmissionAccepted,
)
from libs.events.terms import Terms
from libs.events.values import COOPERATIVE, DocumentId, InvoiceId, PracticeId
from libs.runtime.rows import Change, change, put
from services.invoicing.decider.state import RequestNoted
from services.invoicing.tables import (
    accepted,
    bank_lines,
    documents,
    invoices,
    practices,
    receipts,
    requests,
    terms,
)

CREDIT, REVERSAL = "CREDIT", "REVERSAL"
INVOICE, FORM, COPY = "INVOICE", "REIMBURSEMENT_FORM", "PATIENT_COPY"

Directory: TypeAlias = PracticeRegistered | PracticeConfigured
Lived: TypeAlias = (
    InvoiceIssued
    | PaymentReceived
    | PaymentReversed
    | InvoiceSettled
    | InvoiceCancelled
    | PatientCopySent
)
Paid: TypeAlias = PaymentReceived | PaymentReversed | CreditUnmatched | ReversalUnmatched
Reported: TypeAlias = SubmissionAccepted | BankCreditBooked | BankCreditReversed


def project_directory(event: Directory, _envelope: Envelope) -> Iterator[Change]:
    """Keep what letters and terms need of each practice."""
    match event:
        case PracticeRegistered():
            yield put(
                practices,
                practice_id=event.practice_id,
                account_no=event.account_no,
                name=event.name,
                holder=event.holder,
                kind=event.kind.value,
                address=msgspec.json.encode(event.address).decode(),
                phone=event.phone,
                vat_number=event.vat_number,
            )
        case PracticeConfigured(settings=Terms() as settings):
            yield put(
                terms,
                practice_id=event.practice_id,
                version=event.version,
                valid_from=event.valid_from,
                patient_days=settings.patient_days,
                insurer_days=settings.insurer_days,
            )
        case PracticeConfigured():
            return  # another service's section


def project_invoices(event: Lived, _envelope: Envelope) -> Iterator[Change]:
    """Keep where each invoice stands."""
    key = event.invoice_id
    match event:
        case InvoiceIssued():
            yield _issued(event)
        case PaymentReceived():
            yield change(invoices, invoice_id=key, open_rappen=event.open_rappen)
        case PaymentReversed(open_rappen=0):
            return
        case PaymentReversed():
            yield change(
                invoices, invoice_id=key, open_rappen=event.open_rappen, waived_rappen=0,
                end=None, ended_on=None,
            )  # fmt: skip
        case InvoiceSettled() | InvoiceCancelled():
            yield change(
                invoices, invoice_id=key, open_rappen=0, waived_rappen=event.waived_rappen,
                end=event.end if isinstance(event, InvoiceSettled) else "CANCELLED",
                ended_on=event.on,
            )  # fmt: skip
        case PatientCopySent():
            yield change(invoices, invoice_id=key, copied=True)


def _issued(event: InvoiceIssued) -> Change:
    year, _, sequence = event.number.partition("-")
    return put(
        invoices,
        invoice_id=event.invoice_id,
        practice_id=event.practice_id,
        submission_id=event.submission_id,
        number=event.number,
        year=int(year),
        sequence=int(sequence),
        reference=event.reference,
        request_id=event.facts.request_id,
        payer=event.payer.value,
        scheme=event.facts.scheme.value,
        issued_on=event.issued_on,
        due_on=event.due_on,
        amount_rappen=event.open_rappen,
        open_rappen=event.open_rappen,
        waived_rappen=0,
        end=None,
        ended_on=None,
        copied=False,
    )


def project_documents(
    event: InvoiceDispatched | PatientCopySent, _envelope: Envelope
) -> Iterator[Change]:
    """Keep which documents were made for an invoice."""
    match event:
        case InvoiceDispatched():
            yield _document(event, event.document, INVOICE, event.pages)
            if event.form is not None:
                yield _document(event, event.form, FORM, event.form_pages)
        case PatientCopySent():
            yield _document(event, event.document, COPY, event.pages)


def _document(
    event: InvoiceDispatched | PatientCopySent, document: DocumentId, kind: str, pages: int
) -> Change:
    return put(
        documents,
        document=document,
        invoice_id=event.invoice_id,
        practice_id=event.practice_id,
        kind=kind,
        pages=pages,
        made_on=event.on,
    )


def project_requests(event: RequestNoted, _envelope: Envelope) -> Iterator[Change]:
    """Keep the messages that asked for something else than an invoice."""
    yield put(
        requests,
        submission_id=event.submission_id,
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        kind=event.kind.value,
        known=event.known,
        noted_on=event.on,
    )


def project_receipts(event: Paid, _envelope: Envelope) -> Iterator[Change]:
    """Keep where each entry of the bank stands: on an invoice, as surplus, or unmatched."""
    match event:
        case PaymentReceived():
            yield _receipt(event, event.credit_id, CREDIT)
        case PaymentReversed():
            yield _receipt(event, event.reversal_id or event.credit_id, REVERSAL)
        case CreditUnmatched():
            yield _aside(event, event.credit_id, CREDIT, event.reason)
        case ReversalUnmatched():
            yield _aside(event, event.reversal_id, REVERSAL, None)


def _receipt(event: PaymentReceived | PaymentReversed, credit_id: str, kind: str) -> Change:
    return put(
        receipts,
        credit_id=credit_id,
        kind=kind,
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        served_rappen=event.amount_rappen,
        surplus_rappen=event.surplus_rappen,
        charges_rappen=event.charges_rappen,
        unmatched_rappen=0,
        reason=None,
        booked_on=event.booked_on,
    )


def _aside(
    event: CreditUnmatched | ReversalUnmatched, credit_id: str, kind: str, reason: str | None
) -> Change:
    return put(
        receipts,
        credit_id=credit_id,
        kind=kind,
        practice_id=event.practice_id,
        invoice_id=None,
        served_rappen=0,
        surplus_rappen=0,
        charges_rappen=0,
        unmatched_rappen=event.amount_rappen,
        reason=reason,
        booked_on=event.booked_on,
    )


def project_reported(event: Reported, _envelope: Envelope) -> Iterator[Change]:
    """Keep what ingest said, so that it can be compared with what became of it."""
    match event:
        case SubmissionAccepted():
            yield put(
                accepted,
                submission_id=event.submission_id,
                practice_id=event.practice_id,
                invoice_id=event.invoice_id,
                kind=event.facts.kind.value,
                test=event.facts.test,
            )
        case BankCreditBooked() | BankCreditReversed():
            yield put(
                bank_lines,
                credit_id=event.credit_id,
                kind=CREDIT if isinstance(event, BankCreditBooked) else REVERSAL,
                amount_rappen=event.amount_rappen,
            )


def invoice(db: Connection, practice: PracticeId, invoice_id: InvoiceId) -> RowMapping | None:
    """Return an invoice of the practice."""
    wanted = select(invoices).where(
        invoices.c.invoice_id == invoice_id, invoices.c.practice_id == practice
    )
    return db.execute(wanted).mappings().one_or_none()


def documents_of(db: Connection, practice: PracticeId, invoice_id: InvoiceId) -> list[RowMapping]:
    """Return the documents of an invoice of the practice, the invoice itself first."""
    wanted = (
        select(documents)
        .where(documents.c.invoice_id == invoice_id, documents.c.practice_id == practice)
        .order_by(documents.c.made_on, documents.c.kind, documents.c.document)
    )
    return list(db.execute(wanted).mappings())


def document(db: Connection, practice: PracticeId, document_id: DocumentId) -> RowMapping | None:
    """Return a document of the practice."""
    wanted = select(documents).where(
        documents.c.document == document_id, documents.c.practice_id == practice
    )
    return db.execute(wanted).mappings().one_or_none()


def unmatched(db: Connection, practice: PracticeId, limit: int) -> list[RowMapping]:
    """Return money on no invoice, oldest first; the cooperative sees that of all practices."""
    return _page(db, receipts, receipts.c.unmatched_rappen > 0, practice, limit)


def unknown_requests(db: Connection, practice: PracticeId, limit: int) -> list[RowMapping]:
    """Return messages about an invoice that was never issued, oldest first."""
    return _page(db, requests, requests.c.known.is_(False), practice, limit)


def _page(
    db: Connection, table: Table, which: object, practice: PracticeId, limit: int
) -> list[RowMapping]:
    wanted = select(table).where(which)  # type: ignore[arg-type]  # an expression of the table
    if practice != COOPERATIVE:
        wanted = wanted.where(table.c.practice_id == practice)
    order = ("booked_on", "credit_id") if table is receipts else ("noted_on", "submission_id")
    wanted = wanted.order_by(*(table.c[name] for name in order)).limit(limit)
    return list(db.execute(wanted).mappings())
