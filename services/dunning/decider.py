"""The rules of a case: from due to paid, or step by step to collection. Pure.

A case is one invoice on the way of its reminder ladder. What it is stands in `case.py`, the ladders
in `ladder.py`. Here is the function that decides all commands, and the rules of the ladder itself;
what interrupts it has its commands and rules in `money.py`, `holds.py` and `calls.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias, assert_never

from libs.days.calendar import Calendar
from libs.events import (
    CaseOpened,
    CollectionRequested,
    Refused,
    ReminderDispatched,
    ReminderEscalated,
)
from libs.events.values import DocumentId, Hold, InvoiceId, Payer, PracticeId, Stage
from services.dunning import calls, holds, money
from services.dunning.calendar_days import pay_by, reminding_day
from services.dunning.calls import RecordCall
from services.dunning.case import (
    INITIAL,
    CaseEvent,
    Ended,
    LetterWithheld,
    Open,
    State,
    Unopened,
    evolve,
)
from services.dunning.holds import (
    LiftHold,
    OnHold,
    PlaceHold,
    ReviewHolds,
    UnknownCase,
    hold_placed,
)
from services.dunning.ladder import LETTERS, Policy, Step, minimum_rappen
from services.dunning.money import RecordPayment, RecordReversal, StopDunning

__all__ = ["INITIAL", "Command", "decide", "evolve"]

FIRST_AFTER_DUE_DAYS = 5
"""Nobody is reminded sooner than this after the due day. Source: BR-123."""
SMALL_REVIEW_DAYS = timedelta(days=30)
BASIS_REVIEW_DAYS = timedelta(days=30)
"""How long a person is given before a case that a rule stopped is looked at again."""


class TooEarly(Refused):
    """The debtor still has time: the next step is planned for a later day."""


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """Begin to watch an invoice."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    payer: Payer
    canton: str
    open_rappen: int
    issued_on: date
    due_on: date
    policy: Policy
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class EscalateCase:
    """Take the next step, if its day has come."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    today: date
    policy: Policy
    """What the practice wants as of today; a change takes effect from the next step on (BR-159)."""
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class RecordLetter:
    """A step's letter was made; no document: its addressee was erased, there is none."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    stage: Stage
    run: int
    document: DocumentId | None
    pages: int
    on: date


Command: TypeAlias = (
    OpenCase
    | EscalateCase
    | RecordPayment
    | RecordReversal
    | StopDunning
    | RecordLetter
    | PlaceHold
    | LiftHold
    | ReviewHolds
    | RecordCall
)


def decide(state: State, command: Command) -> Sequence[CaseEvent]:
    """Return what happens; nothing if it already had."""
    match command:
        case OpenCase():
            return open_case(state, command)
        case EscalateCase():
            return escalate(state, command)
        case RecordPayment():
            return money.record_payment(state, command)
        case RecordReversal():
            return money.record_reversal(state, command)
        case StopDunning():
            return money.stop(state, command)
        case RecordLetter():
            return record_letter(state, command)
        case PlaceHold():
            return holds.place(state, command)
        case LiftHold():
            return holds.lift(state, command)
        case ReviewHolds():
            return holds.review(state, command)
        case RecordCall():
            return calls.record(state, command)
        case _:
            assert_never(command)


def open_case(state: State, command: OpenCase) -> Sequence[CaseEvent]:
    """Plan the first step of the ladder. Source: BR-120, BR-123, BR-137."""
    if not isinstance(state, Unopened) or command.open_rappen <= 0:
        return []
    step = command.policy.ladder(command.payer, command.open_rappen).after(None)
    assert step is not None, "a ladder has at least its last step"
    counted_from = command.issued_on if command.payer is Payer.PATIENT else command.due_on
    planned = max(
        counted_from + timedelta(days=step.wait_days),
        command.due_on + timedelta(days=FIRST_AFTER_DUE_DAYS),
    )
    return [
        CaseOpened(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            payer=command.payer,
            canton=command.canton,
            open_rappen=command.open_rappen,
            due_on=command.due_on,
            counted_from=counted_from,
            next_stage=step.stage,
            next_on=reminding_day(command.calendar, command.canton, planned),
            next_wait_days=step.wait_days,
        )
    ]


def escalate(state: State, command: EscalateCase) -> Sequence[CaseEvent]:
    """Take the next step up the ladder, one at a time. Source: BR-120 to BR-122, F36."""
    match state:
        case Unopened():
            raise UnknownCase
        case Ended() | Open(next_stage=None) | Open(next_on=None):
            return []
        case Open() if state.done_on == command.today:
            return []
        case Open(blocked_by=Hold() as reason):
            raise OnHold(reason)
        case Open(next_on=date() as next_on) if command.today < next_on:
            raise TooEarly
        case Open() if not can_remind(state, command):
            raise TooEarly
        case Open():
            return next_step(state, command)


def can_remind(state: Open, command: EscalateCase) -> bool:
    """Return whether today is no weekend, holiday or quiet day where the debtor lives."""
    return reminding_day(command.calendar, state.canton, command.today) == command.today


def next_step(state: Open, command: EscalateCase) -> Sequence[CaseEvent]:
    """Take the step that the practice's ladder names today. Source: BR-121, BR-159."""
    step = command.policy.ladder(state.payer, state.open_rappen).after(state.done)
    if step is None:
        return []
    if state.open_rappen < minimum_rappen(step.stage):
        review_on = command.today + SMALL_REVIEW_DAYS
        return [hold_placed(state, Hold.SMALL_AMOUNT, "BR-121", command.today, review_on)]
    if step.stage is Stage.COLLECTION:
        return hand_over(state, command)
    return [step_up(state, command, step)]


def step_up(state: Open, command: EscalateCase, step: Step) -> ReminderEscalated:
    """Say what is done today, and plan what follows from today on. Source: BR-122, BR-130."""
    today, calendar = command.today, command.calendar
    then = command.policy.ladder(state.payer, state.open_rappen).after(step.stage)
    planned = today + timedelta(days=then.wait_days) if then else None
    return ReminderEscalated(
        practice_id=state.practice_id,
        invoice_id=state.invoice_id,
        stage=step.stage,
        on=today,
        waited_days=state.next_wait_days,
        counted_from=state.counted_from,
        open_rappen=state.open_rappen,
        pay_by=pay_by(calendar, state.canton, step.stage, today) if step.stage in LETTERS else None,
        next_stage=then.stage if then else None,
        next_on=reminding_day(calendar, state.canton, planned) if planned else None,
        next_wait_days=then.wait_days if then else 0,
        run=state.run + 1 if step.stage is state.returned else 1,
        ladder_version=command.policy.version,
    )


def hand_over(state: Open, command: EscalateCase) -> Sequence[CaseEvent]:
    """Give the claim to the agency, or wait for the right to do so. Source: BR-100, BR-107."""
    handover = command.policy.handover
    if handover is None:
        review_on = command.today + BASIS_REVIEW_DAYS
        missing = Hold.SECRECY_BASIS_MISSING
        return [hold_placed(state, missing, "BR-100", command.today, review_on)]
    return [
        CollectionRequested(
            practice_id=state.practice_id,
            invoice_id=state.invoice_id,
            open_rappen=state.open_rappen,
            agency=handover.agency,
            secrecy_basis=handover.secrecy_basis,
            on=command.today,
        )
    ]


def record_letter(state: State, command: RecordLetter) -> Sequence[CaseEvent]:
    """Send a step's letter once, or withhold it where the case ended meanwhile. Source: BR-135."""
    match state:
        case Unopened():
            raise UnknownCase
        case Open(letters=letters) | Ended(case=Open(letters=letters)):
            if (command.stage, command.run) in letters:
                return []
        case _:
            assert_never(state)
    if isinstance(state, Ended) or command.document is None:
        return [
            LetterWithheld(
                practice_id=command.practice_id,
                invoice_id=command.invoice_id,
                stage=command.stage,
                run=command.run,
                on=command.on,
            )
        ]
    return [
        ReminderDispatched(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            stage=command.stage,
            run=command.run,
            document=command.document,
            pages=command.pages,
            on=command.on,
        )
    ]
