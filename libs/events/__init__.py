"""All public events; `PUBLIC` maps a wire name to its class. Changes only by addition."""

from libs.events.dunning import (
    CallRecorded,
    CaseOpened,
    CollectionRequested,
    DunningResumed,
    DunningStopped,
    HoldLifted,
    HoldPlaced,
    PartPaid,
    ReminderDispatched,
    ReminderEscalated,
)
from libs.events.event import Envelope, Event, Refused
from libs.events.factoring import (
    AdvanceCredited,
    ClaimChargedBack,
    ClaimClosed,
    ClaimTransmitted,
    FeeCharged,
    MemberCredited,
    MemberDebited,
    ReceiptParked,
)
from libs.events.gateway import (
    PracticeConfigured,
    PracticeRegistered,
    SubjectErased,
)
from libs.events.ingest import (
    BankCreditBooked,
    BankCreditReversed,
    SubmissionAccepted,
    SubmissionRejected,
)
from libs.events.invoicing import (
    CreditUnmatched,
    InvoiceCancelled,
    InvoiceDispatched,
    InvoiceIssued,
    InvoiceSettled,
    PatientCopySent,
    PaymentReceived,
    PaymentReversed,
    ReversalUnmatched,
)

_ALL: tuple[type[Event], ...] = (
    AdvanceCredited,
    BankCreditBooked,
    BankCreditReversed,
    CallRecorded,
    CaseOpened,
    ClaimChargedBack,
    ClaimClosed,
    ClaimTransmitted,
    CollectionRequested,
    CreditUnmatched,
    DunningResumed,
    DunningStopped,
    FeeCharged,
    HoldLifted,
    HoldPlaced,
    InvoiceCancelled,
    InvoiceDispatched,
    InvoiceIssued,
    InvoiceSettled,
    MemberCredited,
    MemberDebited,
    PartPaid,
    PatientCopySent,
    PaymentReceived,
    PaymentReversed,
    PracticeConfigured,
    PracticeRegistered,
    ReceiptParked,
    ReminderDispatched,
    ReminderEscalated,
    ReversalUnmatched,
    SubjectErased,
    SubmissionAccepted,
    SubmissionRejected,
)

PUBLIC: dict[str, type[Event]] = {event.__name__: event for event in _ALL}

SAID_BY: dict[str, str] = {
    name: event.__module__.rpartition(".")[2] for name, event in PUBLIC.items()
}
"""Wire name to the service that says it: the last part of its topic."""

__all__ = [
    "PUBLIC",
    "SAID_BY",
    "AdvanceCredited",
    "BankCreditBooked",
    "BankCreditReversed",
    "CallRecorded",
    "CaseOpened",
    "ClaimChargedBack",
    "ClaimClosed",
    "ClaimTransmitted",
    "CollectionRequested",
    "CreditUnmatched",
    "DunningResumed",
    "DunningStopped",
    "Envelope",
    "Event",
    "FeeCharged",
    "HoldLifted",
    "HoldPlaced",
    "InvoiceCancelled",
    "InvoiceDispatched",
    "InvoiceIssued",
    "InvoiceSettled",
    "MemberCredited",
    "MemberDebited",
    "PartPaid",
    "PatientCopySent",
    "PaymentReceived",
    "PaymentReversed",
    "PracticeConfigured",
    "PracticeRegistered",
    "ReceiptParked",
    "Refused",
    "ReminderDispatched",
    "ReminderEscalated",
    "ReversalUnmatched",
    "SubjectErased",
    "SubmissionAccepted",
    "SubmissionRejected",
]
