"""What a case is: its private events, its states, and how facts change them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, TypeAlias, assert_never

from libs.events import (
    CallRecorded,
    CaseOpened,
    CollectionRequested,
    DunningResumed,
    DunningStopped,
    Event,
    HoldLifted,
    HoldPlaced,
    PartPaid,
    ReminderDispatched,
    ReminderEscalated,
)
from libs.events.values import CreditId, Hold, InvoiceId, Payer, PracticeId, Stage

End: TypeAlias = Literal["PAID", "SETTLED_SMALL", "CANCELLED"]


class PaymentTakenBack(Event, frozen=True, kw_only=True):
    """The bank took a part payment back while the case was running."""

    invoice_id: InvoiceId
    credit_id: CreditId
    open_rappen: int
    on: date


class LetterWithheld(Event, frozen=True, kw_only=True):
    """A step's letter was not sent: the case had ended (BR-135), or its addressee was erased."""

    invoice_id: InvoiceId
    stage: Stage
    run: int
    on: date


CaseEvent: TypeAlias = (
    CaseOpened
    | ReminderEscalated
    | ReminderDispatched
    | LetterWithheld
    | PartPaid
    | PaymentTakenBack
    | HoldPlaced
    | HoldLifted
    | CallRecorded
    | CollectionRequested
    | DunningStopped
    | DunningResumed
)


@dataclass(frozen=True)
class Unopened:
    """Nothing is known of the invoice, or nobody is reminded for it."""


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What the calls of the present call stage came to (BR-125)."""

    attempts: int = 0
    called_on: date | None = None
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class Open:
    """A case under way. Holds nothing of a person but ids, codes, amounts and days."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    payer: Payer
    canton: str
    open_rappen: int
    next_stage: Stage | None
    """None: the ladder's top is reached."""
    next_on: date | None
    next_wait_days: int
    counted_from: date
    done: Stage | None = None
    """The last step taken; None before the first."""
    done_on: date | None = None
    done_before: Stage | None = None
    """The step before the last, to which a returned letter throws the case back (BR-131)."""
    run: int = 1
    returned: Stage | None = None
    wait_restarted: bool = False
    """Whether a part payment restarted the wait of this stage already (BR-127)."""
    holds: Mapping[Hold, date] = field(default_factory=dict)
    """Active holds with their review days."""
    insurer_pending_count: int = 0
    calls: Calls = Calls()
    letters: frozenset[tuple[Stage, int]] = frozenset()
    """Steps whose letter is settled: sent, or withheld."""

    @property
    def blocked_by(self) -> Hold | None:
        """Return a hold that stands in the way of the next step. Source: BR-126."""
        for reason in self.holds:
            if reason is not Hold.SECRECY_BASIS_MISSING or self.next_stage is Stage.COLLECTION:
                return reason
        return None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Nobody is reminded any more; the case is kept as it stood, for a payment taken back."""

    case: Open
    end: End
    on: date


State: TypeAlias = Unopened | Open | Ended
INITIAL: State = Unopened()


def evolve(state: State, event: CaseEvent) -> State:
    """Apply a fact. Consults no policy, so old events keep the meaning they had."""
    match state, event:
        case Unopened(), CaseOpened():
            return opened(event)
        case Open(), DunningStopped():
            return Ended(case=state, end=event.end, on=event.on)
        case Ended(), DunningResumed():
            return replace(
                state.case,
                open_rappen=event.open_rappen,
                next_stage=event.next_stage,
                next_on=event.next_on,
            )
        case Ended(), ReminderDispatched() | LetterWithheld():
            return replace(state, case=letter_settled(state.case, event.stage, event.run))
        case Open(), _:
            return changed(state, event)
        case _:
            return state


def opened(event: CaseOpened) -> Open:
    """Return a new case."""
    return Open(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        payer=event.payer,
        canton=event.canton,
        open_rappen=event.open_rappen,
        next_stage=event.next_stage,
        next_on=event.next_on,
        next_wait_days=event.next_wait_days,
        counted_from=event.counted_from or event.due_on,
    )


def changed(case: Open, event: CaseEvent) -> Open:
    """Return a running case after a fact that leaves it running."""
    match event:
        case ReminderEscalated():
            return stepped_up(case, event)
        case CollectionRequested():
            return replace(
                case, done=Stage.COLLECTION, done_on=event.on, next_stage=None, next_on=None
            )
        case ReminderDispatched() | LetterWithheld():
            return letter_settled(case, event.stage, event.run)
        case PartPaid():
            return replace(
                case,
                open_rappen=event.open_rappen,
                next_stage=event.next_stage or case.next_stage,
                next_on=event.next_on,
                wait_restarted=case.wait_restarted or event.wait_restarted,
            )
        case PaymentTakenBack():
            return replace(case, open_rappen=event.open_rappen)
        case HoldPlaced():
            pending = event.reason is Hold.INSURER_PENDING
            return replace(
                case,
                holds={**case.holds, event.reason: event.review_on},
                insurer_pending_count=case.insurer_pending_count + pending,
            )
        case HoldLifted():
            return lifted(case, event)
        case CallRecorded():
            return called(case, event)
        case CaseOpened() | DunningStopped() | DunningResumed():
            return case
        case _:
            assert_never(event)


def stepped_up(case: Open, event: ReminderEscalated) -> Open:
    """Return the case one step up; the wait to the next runs from the day it was taken."""
    return replace(
        case,
        done=event.stage,
        done_on=event.on,
        done_before=case.done,
        run=event.run,
        returned=None,
        counted_from=event.on,
        next_stage=event.next_stage,
        next_on=event.next_on,
        next_wait_days=event.next_wait_days,
        wait_restarted=False,
        calls=Calls(),
    )


def letter_settled(case: Open, stage: Stage, run: int) -> Open:
    """Return the case with one letter less to wait for."""
    return replace(case, letters=case.letters | {(stage, run)})


def lifted(case: Open, event: HoldLifted) -> Open:
    """Return the case without the hold; a letter that came back does not count as delivered."""
    holds = {reason: on for reason, on in case.holds.items() if reason is not event.reason}
    if event.resend is None:
        return replace(case, holds=holds, next_on=event.next_on)
    return replace(
        case,
        holds=holds,
        next_stage=event.resend,
        next_on=event.next_on,
        returned=event.resend,
        done=case.done_before,
    )


def called(case: Open, event: CallRecorded) -> Open:
    """Return the case after a call; the wait to the next step runs from the first attempt."""
    return replace(
        case,
        counted_from=event.on if event.attempt == 1 else case.counted_from,
        next_stage=event.next_stage,
        next_on=event.next_on,
        calls=Calls(attempts=event.attempt, called_on=event.on, outcome=event.outcome),
    )
