"""What dunning says: the way from due to paid or to collection."""

from datetime import date
from typing import Literal

from libs.events.event import Event
from libs.events.values import CreditId, DocumentId, Hold, InvoiceId, Payer, Stage


class CaseOpened(Event, frozen=True, kw_only=True):
    """A new invoice is watched; says the first step of its ladder."""

    invoice_id: InvoiceId
    open_rappen: int
    due_on: date
    next_stage: Stage | None
    """None: the payer is never reminded by rule (BR-128)."""
    next_on: date | None
    """First day on which the next step may be taken."""
    next_wait_days: int = 0
    """The wait that the ladder asks for before the next step."""
    payer: Payer = Payer.PATIENT
    canton: str = ""
    """Whose holidays count (BR-122, BR-167)."""
    counted_from: date | None = None
    """Day from which the wait runs: issue for a patient, due day for an insurer (BR-137)."""


class ReminderEscalated(Event, frozen=True, kw_only=True):
    """A debtor was moved one step up the reminder ladder."""

    invoice_id: InvoiceId
    stage: Stage
    on: date
    waited_days: int
    """The wait that the ladder asked for before this step."""
    counted_from: date
    open_rappen: int
    pay_by: date | None = None
    """New term that the letter grants (BR-130)."""
    next_stage: Stage | None
    next_on: date | None
    next_wait_days: int = 0
    """The wait that the ladder asks for before the step after this one."""
    run: int = 1
    """2 and more: the same step once again, to a corrected address (BR-131)."""
    ladder_version: int = 0
    """Version of the practice's settings that named the waits; 0: the defaults."""


class ReminderDispatched(Event, frozen=True, kw_only=True):
    """The letter of a step was made and handed over for dispatch."""

    invoice_id: InvoiceId
    stage: Stage
    document: DocumentId
    pages: int
    on: date
    run: int = 1


class HoldPlaced(Event, frozen=True, kw_only=True):
    """The reminding of a case rests. Every hold has an owner and a review day (rule c)."""

    invoice_id: InvoiceId
    reason: Hold
    by: str
    """User id or the rule that set it."""
    on: date
    review_on: date


class HoldLifted(Event, frozen=True, kw_only=True):
    """The reminding goes on; the next step is at least ten days away (BR-126)."""

    invoice_id: InvoiceId
    reason: Hold
    by: str
    on: date
    next_on: date | None
    resend: Stage | None = None
    """The step whose letter came back: it is the next one, once again (BR-131)."""
    still: Hold | None = None
    """Another hold that stands, the one that is looked at first: reminding goes on resting."""
    still_review_on: date | None = None


class CallRecorded(Event, frozen=True, kw_only=True):
    """The debtor was called (BR-125)."""

    invoice_id: InvoiceId
    attempt: int
    outcome: Literal[
        "PAYS_NOW",
        "PROMISE",
        "ARRANGEMENT",
        "DISPUTE",
        "REFUSES",
        "NO_ANSWER",
        "WRONG_NUMBER",
        "DECEASED",
        "THIRD_PERSON",
    ]
    by: str
    on: date
    promised_on: date | None = None
    """Until when the debtor promised to pay."""
    next_stage: Stage | None
    next_on: date | None


class PartPaid(Event, frozen=True, kw_only=True):
    """Part of the sum came in; the case goes on at the same stage (BR-127)."""

    invoice_id: InvoiceId
    credit_id: CreditId
    open_rappen: int
    on: date
    next_stage: Stage | None = None
    """The step that the smaller sum leads to (BR-121); None: it is as it was."""
    next_on: date | None
    wait_restarted: bool
    """Whether the payment gave the debtor the whole wait before the next step once again."""


class DunningStopped(Event, frozen=True, kw_only=True):
    """Nobody is reminded any more for this invoice (BR-134)."""

    invoice_id: InvoiceId
    end: Literal["PAID", "SETTLED_SMALL", "CANCELLED"]
    on: date


class DunningResumed(Event, frozen=True, kw_only=True):
    """A payment was taken back; the case goes on where it stood."""

    invoice_id: InvoiceId
    open_rappen: int
    stage: Stage | None = None
    """The last step taken; collection: the agency has the claim, as before."""
    next_stage: Stage | None
    next_on: date | None
    on: date


class CollectionRequested(Event, frozen=True, kw_only=True):
    """The ladder's end: the claim goes to the practice's agency (BR-107)."""

    invoice_id: InvoiceId
    open_rappen: int
    agency: str
    secrecy_basis: str
    on: date
