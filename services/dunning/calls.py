"""Calls of Rappel+: what a conversation came to, and what follows from it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

from libs.days.calendar import Calendar
from libs.events import CallRecorded, Refused
from libs.events.values import Hold, InvoiceId, PracticeId, Stage
from services.dunning.calendar_days import reminding_day
from services.dunning.case import CaseEvent, Ended, Open, State, Unopened
from services.dunning.holds import CaseEnded, OnHold, UnknownCase, hold_placed

Outcome: TypeAlias = Literal[
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
UNREACHED = frozenset({"", "NO_ANSWER", "THIRD_PERSON"})
"""Outcomes after which another attempt makes sense; the others close the call."""

ATTEMPTS_MAX = 3
PROMISE_DAYS_MAX = 14
"""Source: BR-125."""
RECORD_DAYS_MAX = timedelta(days=30)
PROMISE_GRACE = timedelta(days=3)
"""What is ordered on the promised day reaches our books up to three days later."""
ARRANGEMENT_TIME = timedelta(days=30)
"""Time to agree on instalments and pay the first. Source: BR-76, first_due_max_days."""
DISPUTE_REVIEW = timedelta(days=21)
"""Fifteen working days in which the practice replies. Source: BR-83."""
ESTATE_REVIEW = timedelta(days=100)
"""Source: BR-79, estate_hold_days."""


class NotOnCallList(Refused):
    """No call is due for this case."""


class CallClosed(Refused):
    """This call has its outcome, or its three attempts are used up."""


class CalledThatDay(Refused):
    """Attempts are made on different days."""


class NoCallingDay(Refused):
    """Calls are made on working days once the case is listed, and recorded within thirty days."""


class PromiseInvalid(Refused):
    """A promise names a day within two weeks of the call."""


@dataclass(frozen=True, kw_only=True)
class RecordCall:
    """A debtor was called, or it was tried."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    outcome: Outcome
    promised_on: date | None = None
    by: str
    on: date
    today: date
    calendar: Calendar


def record(state: State, command: RecordCall) -> Sequence[CaseEvent]:
    """Note an attempt and plan what follows; the same attempt again changes nothing."""
    match state:
        case Unopened():
            raise UnknownCase
        case Ended():
            raise CaseEnded
        case Open(done=Stage.RPLUS_CALL, next_stage=Stage() as stage, next_on=date() as next_on):
            said = state.calls
            if (said.called_on, said.outcome) == (command.on, command.outcome):
                return []
            check_attempt(state, command)
            return [
                call_recorded(state, command, stage, planned_on(state, command, next_on)),
                *followed_by(state, command),
            ]
        case Open():
            raise NotOnCallList


def check_attempt(state: Open, command: RecordCall) -> None:
    """Refuse what is no attempt. Source: BR-125."""
    listed_on, calls = state.done_on, state.calls
    if state.blocked_by is not None:
        raise OnHold(state.blocked_by)
    if calls.outcome not in UNREACHED or calls.attempts >= ATTEMPTS_MAX:
        raise CallClosed
    if calls.called_on is not None and command.on <= calls.called_on:
        raise CalledThatDay
    first = max(listed_on or command.on, command.today - RECORD_DAYS_MAX)
    if not first <= command.on <= command.today:
        raise NoCallingDay
    if not command.calendar.is_working(state.canton, command.on):
        raise NoCallingDay
    if (command.outcome == "PROMISE") != (command.promised_on is not None):
        raise PromiseInvalid
    if command.promised_on is not None:
        days = (command.promised_on - command.on).days
        if not 0 <= days <= PROMISE_DAYS_MAX:
            raise PromiseInvalid


def planned_on(state: Open, command: RecordCall, next_on: date) -> date:
    """Return the formal notice's day. Source: BR-125.

    Its wait runs from the first attempt. It is sent where the call failed, which an unkept promise
    also is; so every outcome leaves it planned, and money that comes before takes it off.
    """
    earliest = next_on
    if state.calls.attempts == 0:
        earliest = max(earliest, command.on + timedelta(days=state.next_wait_days))
    if command.promised_on is not None:
        earliest = max(earliest, command.promised_on + PROMISE_GRACE + timedelta(days=1))
    if command.outcome == "PAYS_NOW":
        earliest = max(earliest, command.on + timedelta(days=state.next_wait_days))
    if command.outcome == "ARRANGEMENT":
        earliest = max(earliest, command.on + ARRANGEMENT_TIME)
    return reminding_day(command.calendar, state.canton, earliest)


def call_recorded(state: Open, command: RecordCall, stage: Stage, next_on: date) -> CallRecorded:
    """Say what the attempt came to."""
    return CallRecorded(
        practice_id=state.practice_id,
        invoice_id=state.invoice_id,
        attempt=state.calls.attempts + 1,
        outcome=command.outcome,
        promised_on=command.promised_on,
        by=command.by,
        on=command.on,
        next_stage=stage,
        next_on=next_on,
    )


def followed_by(state: Open, command: RecordCall) -> Sequence[CaseEvent]:
    """Return the hold that some outcomes lead to. Source: BR-79, BR-83, BR-125."""
    match command.outcome:
        case "DISPUTE":
            reason, review = Hold.DISPUTE, DISPUTE_REVIEW
        case "DECEASED":
            reason, review = Hold.DECEASED, ESTATE_REVIEW
        case _:
            return []
    return [hold_placed(state, reason, command.by, command.on, command.on + review)]
