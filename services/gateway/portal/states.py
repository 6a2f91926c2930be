"""What state an invoice is in and what happens to it next. Pure.

Every state has a next step. An open invoice without one is an error, and is shown as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

from libs.events.values import Hold, Payer, Stage

Tone: TypeAlias = Literal["good", "info", "warn", "bad", "quiet"]

LATE = timedelta(days=5)
"""A planned step that is this much in the past did not happen (BR-136)."""
PREPARING = timedelta(days=3)
"""So long after issue the services may still be making up their minds about a new invoice."""

SEVERE = frozenset({Stage.FORMAL_NOTICE, Stage.THIRD_REMINDER, Stage.COLLECTION, Stage.KEY_ACCOUNT})


@dataclass(frozen=True, kw_only=True)
class InvoiceRow:
    """An invoice as the read tables know it, with its case, its claim and its patient's name."""

    invoice_id: str
    number: str
    request_id: str
    reference: str
    payer: str
    scheme: str
    law: str
    insurer_name: str
    issued_on: date
    due_on: date
    treated_from: date
    treated_to: date
    amount_rappen: int
    open_rappen: int
    paid_rappen: int
    end: str | None
    ended_on: date | None
    name: str | None
    """None: the person was erased, or was never known."""
    given_name: str | None
    born_year: int | None
    case_practice: str | None
    """None: no case was opened yet."""
    stage: str | None
    next_stage: str | None
    next_on: date | None
    hold: str | None
    hold_by: str | None
    hold_on: date | None
    hold_review_on: date | None
    case_ended: str | None
    ownership: str | None
    advanced_rappen: int | None
    credited_rappen: int | None

    @property
    def to_insurer(self) -> bool:
        """Whether an insurer is asked to pay."""
        return self.payer == Payer.INSURER


@dataclass(frozen=True)
class Step:
    """What happens next: a text key, its day, and whether it is missing or late."""

    key: str
    on: date | None = None
    stage: str | None = None
    reason: str | None = None
    broken: bool = False


@dataclass(frozen=True)
class State:
    """Where an invoice stands: a word, its tone, and the next step."""

    word: str
    tone: Tone
    next: Step


def state_of(row: InvoiceRow, today: date) -> State:
    """Return where an invoice stands on a day."""
    match row.end:
        case "CANCELLED":
            return State("state.cancelled", "quiet", Step("next.closed", row.ended_on))
        case "PAID":
            return State("state.paid", "good", Step("next.closed", row.ended_on))
        case "SETTLED_SMALL":
            return State("state.settled_small", "good", Step("next.closed", row.ended_on))
        case _:
            pass
    if row.case_ended == "COLLECTION":
        return State("state.collection", "bad", Step("next.agency"))
    if row.hold:
        return State("state.held", "warn", held(row, today))
    return running(row, today)


def running(row: InvoiceRow, today: date) -> State:
    """Return where an open invoice stands that nobody holds."""
    following = next_step(row, today)
    if row.stage:
        tone: Tone = "bad" if row.stage in SEVERE else "warn"
        return State(f"stage.{row.stage}.done", tone, following)
    if row.due_on < today:
        return State("state.overdue", "warn", following)
    if row.paid_rappen > 0:
        return State("state.part_paid", "info", following)
    if row.to_insurer:
        return State("state.with_insurer", "info", following)
    return State("state.sent", "quiet", following)


def held(row: InvoiceRow, today: date) -> Step:
    """Return the review of a hold; one that was missed is late at once."""
    late = row.hold_review_on is None or row.hold_review_on < today
    return Step("next.review", row.hold_review_on, reason=row.hold, broken=late)


def next_step(row: InvoiceRow, today: date) -> Step:
    """Return what an open invoice waits for, with the step that follows if nothing comes in."""
    if row.case_practice is None:
        young = row.issued_on >= today - PREPARING
        return Step("next.preparing", today) if young else Step("next.missing", broken=True)
    if row.stage is None and row.due_on >= today:
        return Step("next.due", row.due_on, stage=row.next_stage)
    if row.next_stage and row.next_on:
        late = row.next_on < today - LATE
        return Step("next.stage", row.next_on, stage=row.next_stage, broken=late)
    if row.stage == Stage.KEY_ACCOUNT:
        return Step("next.person")
    return Step("next.missing", broken=True)


HOLD_DAYS_MAX: Mapping[Hold, int] = {
    Hold.PRACTICE_PAUSE: 60,
    Hold.DISPUTE: 365,
    Hold.INSURER_PENDING: 30,
    Hold.DECEASED: 100,
    Hold.GUARDIAN_CHECK: 365,
    Hold.BANKRUPT: 365,
}
"""What a practice may give as a reason, and for how many days at most; rules set the others.

The service that owns the holds refuses what is too long; here it is said before (BR-126).
"""
HOLD_DAYS = 30
"""What the form proposes."""


def may_hold(row: InvoiceRow) -> bool:
    """Say whether reminding still runs and can be stopped."""
    return row.end is None and row.case_practice is not None and not (row.hold or row.case_ended)


def may_lift(row: InvoiceRow) -> bool:
    """Say whether there is a hold that can be lifted."""
    return row.end is None and bool(row.hold) and row.case_ended is None
