"""What invoicing says: the invoice from issue to settlement."""

from datetime import date
from typing import Literal

from libs.events.event import Event
from libs.events.handed import Facts, Medical
from libs.events.values import (
    CreditId,
    DocumentId,
    InvoiceId,
    Language,
    Party,
    Patient,
    Payer,
    Private,
    SubmissionId,
)


class InvoiceIssued(Event, frozen=True, kw_only=True):
    """The cooperative issued an invoice; from here on it waits for its money."""

    invoice_id: InvoiceId
    submission_id: SubmissionId
    number: str
    """The cooperative's invoice number, as printed."""
    reference: str
    """QR reference, 27 digits; reminders repeat it."""
    payer: Payer
    language: Language
    """Language of the documents (BR-172)."""
    facts: Facts
    open_rappen: int
    """What is asked for, rounded to 5 rappen (BR-43)."""
    finished: DocumentId | None = None
    """The document that its practice finished itself (variant A); only a payment part is added."""
    rounding_rappen: int
    issued_on: date
    due_on: date
    """Last day to pay without being late (BR-60)."""
    biller: Party | None = None
    """The practice as its letters name it on this day; `addition` is the person."""
    biller_phone: str = ""
    biller_vat_number: str = ""
    debtor: Private[Party]
    patient: Private[Patient]
    medical: Private[Medical]


class InvoiceDispatched(Event, frozen=True, kw_only=True):
    """The invoice's document was made and handed over for dispatch."""

    invoice_id: InvoiceId
    document: DocumentId
    pages: int
    form: DocumentId | None = None
    """Reimbursement form that goes with it in tiers garant (BR-9)."""
    form_pages: int = 0
    on: date


class PatientCopySent(Event, frozen=True, kw_only=True):
    """The insured's copy of an invoice to the insurer was made and handed over (BR-5, BR-6)."""

    invoice_id: InvoiceId
    document: DocumentId
    pages: int
    on: date


class PaymentReceived(Event, frozen=True, kw_only=True):
    """Bank money was booked to an invoice; says what stays open."""

    invoice_id: InvoiceId
    credit_id: CreditId
    amount_rappen: int
    """What of it serves the invoice."""
    surplus_rappen: int = 0
    """What was paid too much: credit of the debtor, to be refunded (BR-89)."""
    charges_rappen: int = 0
    """What of both the bank took off as a charge before it booked the rest (payments 3.6)."""
    open_rappen: int
    booked_on: date
    value_on: date


class PaymentReversed(Event, frozen=True, kw_only=True):
    """The bank took a payment back; the invoice is open again, a waived rest included."""

    invoice_id: InvoiceId
    credit_id: CreditId
    """The receipt that is undone, as `PaymentReceived` named it."""
    reversal_id: CreditId | None = None
    """The bank's own entry that undoes it."""
    amount_rappen: int
    surplus_rappen: int = 0
    charges_rappen: int = 0
    """What of both the bank had taken off as a charge: it took back so much less."""
    open_rappen: int
    booked_on: date


class InvoiceSettled(Event, frozen=True, kw_only=True):
    """Nothing is asked for any more. SETTLED_SMALL: a rest within tolerance is waived (BR-121)."""

    invoice_id: InvoiceId
    end: Literal["PAID", "SETTLED_SMALL"]
    waived_rappen: int = 0
    on: date


class InvoiceCancelled(Event, frozen=True, kw_only=True):
    """The practice cancelled the invoice by a storno (BR-45)."""

    invoice_id: InvoiceId
    submission_id: SubmissionId
    waived_rappen: int
    """What was not paid and is asked for no more, a small rest that was waived before included."""
    paid_rappen: int
    """What had been received: credit of the debtor now."""
    on: date


class CreditUnmatched(Event, frozen=True, kw_only=True):
    """Bank money that no rule could give to an invoice; a person decides (account 2040)."""

    credit_id: CreditId
    amount_rappen: int
    reason: Literal["NO_REFERENCE", "UNKNOWN_REFERENCE", "BAD_CHECK_DIGIT"]
    booked_on: date
    value_on: date


class ReversalUnmatched(Event, frozen=True, kw_only=True):
    """The bank took back money that stands on no invoice, such as an unmatched credit."""

    reversal_id: CreditId
    original_reference: str
    amount_rappen: int
    booked_on: date
    value_on: date
