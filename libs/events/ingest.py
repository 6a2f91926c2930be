"""What ingest says: what came in, and whether it can be used."""

from datetime import date, datetime
from typing import Literal, NewType, TypeAlias

from libs.events.event import Event
from libs.events.handed import Facts, Finding, Medical
from libs.events.values import (
    CreditId,
    DocumentId,
    InvoiceId,
    Kind,
    Party,
    Patient,
    Private,
    SubmissionId,
)


class SubmissionAccepted(Event, frozen=True, kw_only=True):
    """A message was read and found usable; it becomes exactly one invoice or act on one."""

    submission_id: SubmissionId
    invoice_id: InvoiceId
    """uuid5 of biller, request id, date, timestamp: copies and stornos name the same invoice."""
    content: DocumentId
    """Digest of the message as received."""
    finished: DocumentId | None = None
    """The invoice that its practice finished itself (variant A); sent as it is."""
    attachments: tuple[DocumentId, ...] = ()
    """Documents that came with it; a sheet's pictures (variant E) among them, in their order."""
    facts: Facts
    received_at: datetime | None = None
    size_bytes: int = 0
    findings: tuple[Finding, ...] = ()
    """Warnings only."""
    likeness: str = ""
    """Keyed fingerprint of patient, days, lines and sum: equal where one invoice came in twice."""
    debtor: Private[Party]
    patient: Private[Patient]
    medical: Private[Medical]


class SubmissionRejected(Event, frozen=True, kw_only=True):
    """An invoice message cannot be used; the practice was told why."""

    submission_id: SubmissionId
    content: DocumentId
    request_id: str = ""
    received_at: datetime | None = None
    size_bytes: int = 0
    version: str = ""
    """Version of the message where it could be read, as in `Facts`."""
    amount_rappen: int | None = None
    status: int = 422
    """HTTP status of the refusal."""
    problem: str = ""
    """Code of the refusal as a whole; the first error's unless the catalogue groups them."""
    findings: tuple[Finding, ...]


class BatchMissing(Event, frozen=True, kw_only=True):
    """A delivery that a practice's calendar expects did not come; once for each date (BR-169)."""

    expected_on: date
    until: date
    """Last working day of grace; nothing had come when it ended."""
    rhythm: str
    """daily, weekly, fortnightly, monthly or other, as in `Deliveries`."""
    on: date


AnswerId = NewType("AnswerId", str)
Decision: TypeAlias = Literal["accepted", "pending", "rejected", "notified"]
"""What an insurer decided; in tiers garant it only notifies (invoice-xml 16)."""


class InsurerAnswered(Event, frozen=True, kw_only=True):
    """An insurer answered to an invoice. Several answers may follow each other; none is final."""

    answer_id: AnswerId
    invoice_id: InvoiceId
    content: DocumentId
    """Digest of the answer as received; kept under the invoice's case."""
    received_at: datetime | None = None
    answered_at: datetime
    version: str
    request_id: str
    about: Kind
    """What was answered: the invoice, its storno, a reminder."""
    insurer_gln: str = ""
    decision: Decision
    status_in: str = ""
    status_out: str = ""
    codes: tuple[str, ...] = ()
    """The insurer's own numbers."""
    reasons: tuple[str, ...] = ()
    """The same as reasons of BR-201; R99 is one that nobody knows (BR-206)."""
    records: tuple[int, ...] = ()
    """Service lines that it names."""
    noticed: tuple[str, ...] = ()
    """Codes of what our own checks had named when the invoice came in."""
    due_rappen: int | None = None
    paid_rappen: int | None = None
    unpaid_rappen: int | None = None
    """In tiers soldant: what the patient is to be asked for (BR-18)."""
    back_rappen: int | None = None
    """What the insurer wants back of an invoice that was paid."""
    explanation: Private[str] | None = None
    """What it says in words."""


class BankCreditBooked(Event, frozen=True, kw_only=True):
    """The bank booked money in our favour. Once per receipt, whatever number of files report it."""

    credit_id: CreditId
    """uuid5 of the bank's own identity of the receipt (payments 3.8, number 6)."""
    account: str
    """IBAN of ours on which it stands."""
    amount_rappen: int
    reference: str = ""
    """The structured reference as the payer gave it, 27 digits or RF…; empty if none."""
    booked_on: date
    value_on: date
    bank_reference: str
    file: DocumentId = DocumentId("")
    """The file that reported it first."""
    charges_rappen: int = 0
    """Bank charges already taken off the amount: the payer paid both (payments 3.6)."""
    payer: Private[str] | None = None
    """Name and remittance text, for the clerk who must match it by hand."""


class BankCreditReversed(Event, frozen=True, kw_only=True):
    """The bank took back a credit that it had booked before (payments 3.7)."""

    credit_id: CreditId
    original_reference: str
    """The structured reference of the credit that is reversed."""
    account: str
    amount_rappen: int
    booked_on: date
    value_on: date
    bank_reference: str
    file: DocumentId = DocumentId("")
    """The file that reported it first."""
