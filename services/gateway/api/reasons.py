"""Why something happened: the rules behind each kind of event, and what they counted from. Pure."""

from collections.abc import Mapping
from typing import Any

from libs.events.values import Stage
from services.gateway.api.models import Because
from services.gateway.portal.states import InvoiceRow

RULES: Mapping[str, tuple[str, ...]] = {
    "AdvanceCredited": ("BR-142", "BR-143"),
    "BankCreditBooked": ("BR-89",),
    "BankCreditReversed": ("BR-89",),
    "BatchMissing": ("BR-169",),
    "CallRecorded": ("BR-125",),
    "CaseOpened": ("BR-120", "BR-122"),
    "ClaimChargedBack": ("BR-145",),
    "ClaimClosed": ("BR-105",),
    "ClaimTransmitted": ("BR-105", "BR-153"),
    "CollectionRequested": ("BR-100", "BR-107", "BR-120"),
    "CreditUnmatched": ("BR-89",),
    "DunningResumed": ("BR-134",),
    "DunningStopped": ("BR-134",),
    "FeeCharged": ("BR-51", "BR-158"),
    "HoldLifted": ("BR-126",),
    "HoldPlaced": ("BR-126",),
    "InsurerAnswered": ("BR-200", "BR-201"),
    "InvoiceCancelled": ("BR-45",),
    "InvoiceDispatched": ("BR-9", "BR-29"),
    "InvoiceIssued": ("BR-43", "BR-60"),
    "InvoiceSettled": ("BR-121",),
    "MemberCredited": ("BR-147",),
    "MemberDebited": ("BR-147",),
    "PartPaid": ("BR-127",),
    "PatientCopySent": ("BR-5", "BR-6"),
    "PaymentReceived": ("BR-89",),
    "PaymentReversed": ("BR-89",),
    "PracticeConfigured": ("BR-159",),
    "PracticeRegistered": ("BR-159",),
    "ReceiptParked": ("BR-89",),
    "ReminderDispatched": ("BR-130",),
    "ReminderEscalated": ("BR-120", "BR-122"),
    "ReversalUnmatched": ("BR-89",),
    "SubjectErased": ("BR-114",),
    "SubmissionAccepted": ("BR-44",),
    "SubmissionRejected": ("BR-44",),
}

REASONS = (
    "reason",
    "by",
    "counted_from",
    "waited_days",
    "ladder_version",
    "outcome",
    "end",
    "review_on",
    "due_on",
    "pay_by",
    "booked_on",
    "value_on",
    "secrecy_basis",
    "next_stage",
    "next_on",
)
"""Fields that say why or until when, whatever the event."""


def because(kind: str, data: Mapping[str, Any]) -> Because:
    """Return the rules behind an event and those of its fields that explain it.

    An event that is newer than this table has no rules and still its facts.
    """
    facts = {name: data[name] for name in REASONS if data.get(name) is not None}
    return Because(rules=list(RULES.get(kind, ())), facts=facts)


def because_next(row: InvoiceRow) -> Because | None:
    """Return why the next step comes, and when; None when there is none."""
    if row.end is not None:
        return None
    if row.case_ended == "COLLECTION":
        return Because(rules=["BR-107"], facts={})
    if row.hold:
        facts: dict[str, Any] = {"reason": row.hold, "by": row.hold_by, "since": row.hold_on}
        return Because(rules=["BR-126"], facts=facts)
    if row.next_stage:
        facts = {"after": row.stage or "due", "due_on": row.due_on, "open_rappen": row.open_rappen}
        return Because(rules=["BR-120", "BR-122"], facts=facts)
    if row.stage == Stage.KEY_ACCOUNT:
        return Because(rules=["BR-137"], facts={"due_on": row.due_on})
    return Because(rules=["BR-60"], facts={"due_on": row.due_on})
