"""Holds: why the reminding of a case rests, for how long, and what follows. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from libs.days.calendar import Calendar
from libs.events import HoldLifted, HoldPlaced, Refused
from libs.events.values import Hold, InvoiceId, PracticeId, Stage
from services.dunning.calendar_days import reminding_day
from services.dunning.case import CaseEvent, Ended, Open, State, Unopened
from services.dunning.ladder import LETTERS, Policy

RESUME_DAYS = 10
"""After a hold the next step is at least this far away. Source: BR-126, resume_min_wait."""
RESUME_DAYS_BY: Mapping[Hold, int] = {Hold.DISPUTE: 30}
"""A contested case gets a fresh term. Source: BR-83."""

REVIEW_DAYS_MAX: Mapping[Hold, int] = {
    Hold.INSURER_PENDING: 30,
    Hold.PRACTICE_PAUSE: 60,
    Hold.PAYMENT_MATCHING: 5,
    Hold.DECEASED: 100,
}
REVIEW_DAYS_MAX_OTHERS = 365
"""Longest time until a hold is looked at again. Source: BR-79, BR-126."""
ENDS_BY_DAY = frozenset({Hold.INSURER_PENDING, Hold.PRACTICE_PAUSE, Hold.PAYMENT_MATCHING})
"""Holds that end on their review day; the others wait for a person. Source: BR-126."""
INSURER_PENDING_MAX = 2
"""How often the insurer may keep a case waiting. Source: BR-10, BR-126."""


class UnknownCase(Refused):
    """There is no reminder case for this invoice."""


class CaseEnded(Refused):
    """The case has ended; nobody is reminded any more."""


class OnHold(Refused):
    """The reminding of this case rests."""

    def __init__(self, reason: Hold) -> None:
        super().__init__(reason.value)
        self.reason = reason


class AlreadyHeld(Refused):
    """The case is held for this reason already; lift that hold before you set another day."""


class ReviewDayInvalid(Refused):
    """The review day must lie in the future, and no farther than this kind of hold may last."""


class HeldTooOften(Refused):
    """The insurer has kept this case waiting twice; it may not do so again."""


@dataclass(frozen=True, kw_only=True)
class PlaceHold:
    """Let the reminding rest until it is lifted or its day comes."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    reason: Hold
    by: str
    today: date
    review_on: date


@dataclass(frozen=True, kw_only=True)
class LiftHold:
    """Let the reminding go on; no reason: lift every hold."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    reason: Hold | None
    by: str
    today: date
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class ReviewHolds:
    """Lift what the calendar ends, and what was waiting for a ground that is there now."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    today: date
    policy: Policy
    calendar: Calendar


def place(state: State, command: PlaceHold) -> Sequence[CaseEvent]:
    """Hold a case. Every hold has an owner and a review day. Source: BR-126, rule c."""
    match state:
        case Unopened():
            raise UnknownCase
        case Ended():
            raise CaseEnded
        case Open() if command.reason in state.holds:
            if state.holds[command.reason] != command.review_on:
                raise AlreadyHeld
            return []
        case Open():
            check_review_day(state, command)
            return [
                hold_placed(state, command.reason, command.by, command.today, command.review_on)
            ]


def check_review_day(state: Open, command: PlaceHold) -> None:
    """Refuse a hold that nobody would look at again. Source: BR-126."""
    longest = REVIEW_DAYS_MAX.get(command.reason, REVIEW_DAYS_MAX_OTHERS)
    if not 0 < (command.review_on - command.today).days <= longest:
        raise ReviewDayInvalid
    pending = command.reason is Hold.INSURER_PENDING
    if pending and state.insurer_pending_count >= INSURER_PENDING_MAX:
        raise HeldTooOften


def hold_placed(state: Open, reason: Hold, by: str, on: date, review_on: date) -> HoldPlaced:
    """Say that the reminding rests."""
    return HoldPlaced(
        practice_id=state.practice_id,
        invoice_id=state.invoice_id,
        reason=reason,
        by=by,
        on=on,
        review_on=review_on,
    )


def lift(state: State, command: LiftHold) -> Sequence[CaseEvent]:
    """Let a case go on; what is not held needs no lifting."""
    match state:
        case Unopened():
            raise UnknownCase
        case Ended():
            return []
        case Open():
            wanted = [r for r in state.holds if command.reason in (None, r)]
            return lifted(state, wanted, command.by, command.today, command.calendar)


def review(state: State, command: ReviewHolds) -> Sequence[CaseEvent]:
    """Lift what ends by the calendar or by what the practice has settled since. Source: BR-126."""
    if not isinstance(state, Open):
        return []
    ready = [
        reason
        for reason, review_on in state.holds.items()
        if (reason in ENDS_BY_DAY and review_on <= command.today)
        or (reason is Hold.SECRECY_BASIS_MISSING and command.policy.handover is not None)
    ]
    return lifted(state, ready, "BR-126", command.today, command.calendar)


def lifted(
    state: Open, reasons: Sequence[Hold], by: str, today: date, calendar: Calendar
) -> Sequence[HoldLifted]:
    """Say that holds ended. Together they give the longest of their fresh terms. Source: BR-126."""
    if not reasons:
        return []
    resend = letter_to_resend(state, reasons)
    wait_days = max(RESUME_DAYS_BY.get(reason, RESUME_DAYS) for reason in reasons)
    next_on = (
        resumed_on(state, wait_days, today, calendar)
        if resend is None
        else reminding_day(calendar, state.canton, today)
    )
    ended = sorted(reasons, key=lambda one: one is Hold.ADDRESS_SEARCH)
    events = []
    for count, reason in enumerate(ended, 1):
        still = first_reviewed(state, without=ended[:count])
        events.append(
            HoldLifted(
                practice_id=state.practice_id,
                invoice_id=state.invoice_id,
                reason=reason,
                by=by,
                on=today,
                next_on=next_on,
                resend=resend if reason is Hold.ADDRESS_SEARCH else None,
                still=still,
                still_review_on=state.holds[still] if still else None,
            )
        )
    return events


def first_reviewed(state: Open, without: Sequence[Hold]) -> Hold | None:
    """Return the hold that somebody looks at first, of those that stand; None if none does."""
    standing = [reason for reason in state.holds if reason not in without]
    return min(standing, key=lambda one: (state.holds[one], one), default=None)


def letter_to_resend(state: Open, reasons: Sequence[Hold]) -> Stage | None:
    """Return the step whose letter came back; it is sent again at once. Source: BR-131."""
    returned = Hold.ADDRESS_SEARCH in reasons and state.returned is None
    return state.done if returned and state.done in LETTERS else None


def resumed_on(state: Open, wait_days: int, on: date, calendar: Calendar) -> date | None:
    """Return the next step's day after an interruption, which does not stretch the wait itself.

    Source: BR-126: the later of the planned day and the end of the interruption plus the wait.
    """
    if state.next_on is None:
        return None
    fresh = reminding_day(calendar, state.canton, on + timedelta(days=wait_days))
    return max(state.next_on, fresh)
