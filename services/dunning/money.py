"""What money does to a case: it ends it, gives it more time, or brings it back. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from libs.days.calendar import Calendar
from libs.events import DunningResumed, DunningStopped, HoldLifted, PartPaid
from libs.events.values import CreditId, Hold, InvoiceId, PracticeId, Stage
from services.dunning.calendar_days import reminding_day
from services.dunning.case import CaseEvent, End, Ended, Open, PaymentTakenBack, State
from services.dunning.holds import RESUME_DAYS, lifted, resumed_on
from services.dunning.ladder import Policy, minimum_rappen

RESTART_SHARE = 4
"""A part payment of a quarter of what was open restarts the wait, once a stage. Source: BR-127."""


@dataclass(frozen=True, kw_only=True)
class RecordPayment:
    """Money came in; says what is still open."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    credit_id: CreditId
    open_rappen: int
    booked_on: date
    policy: Policy
    """What the practice wants as of that day."""
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class RecordReversal:
    """The bank took money back; says what is open again."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    credit_id: CreditId
    open_rappen: int
    booked_on: date
    policy: Policy
    """What the practice wants as of that day."""
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class StopDunning:
    """Nothing is asked for any more."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    end: End
    on: date


def record_payment(state: State, command: RecordPayment) -> Sequence[CaseEvent]:
    """Stop when all is paid; a part leaves the case at its stage. Source: BR-120, BR-127."""
    if not isinstance(state, Open) or command.open_rappen == state.open_rappen:
        return []
    if command.open_rappen <= 0:
        return [stopped(state, "PAID", command.booked_on)]
    restarted_on = fresh_wait(state, command)
    return [
        PartPaid(
            practice_id=state.practice_id,
            invoice_id=state.invoice_id,
            credit_id=command.credit_id,
            open_rappen=command.open_rappen,
            on=command.booked_on,
            next_stage=stage_ahead(state, command),
            next_on=restarted_on or state.next_on,
            wait_restarted=restarted_on is not None,
        )
    ]


def stage_ahead(state: Open, command: RecordPayment | RecordReversal) -> Stage | None:
    """Return the next step of a case whose sum has changed: small sums take others (BR-121)."""
    if state.next_stage is None:
        return None
    step = command.policy.ladder(state.payer, command.open_rappen).after(state.done)
    return step.stage if step else state.next_stage


def fresh_wait(state: Open, command: RecordPayment) -> date | None:
    """Return the next step's day if the payment restarts the wait, else None. Source: BR-127."""
    paid_rappen = state.open_rappen - command.open_rappen
    small = paid_rappen * RESTART_SHARE < state.open_rappen
    if state.next_on is None or state.wait_restarted or small:
        return None
    fresh = command.booked_on + timedelta(days=state.next_wait_days)
    return max(state.next_on, reminding_day(command.calendar, state.canton, fresh))


def record_reversal(state: State, command: RecordReversal) -> Sequence[CaseEvent]:
    """Go on with a case whose money was taken back, where it stood. A cancelled one stays ended.

    So does one that is asked for nothing all the same: what was taken back had been too much.
    """
    match state:
        case Open() if command.open_rappen != state.open_rappen:
            return [taken_back(state, command), *worth_it_again(state, command)]
        case Ended(end="PAID" | "SETTLED_SMALL", case=stood) if command.open_rappen > 0:
            return [resumed(stood, command), *worth_it_again(stood, command)]
        case _:
            return []


def resumed(stood: Open, command: RecordReversal) -> DunningResumed:
    """Say that the case goes on, and from which step."""
    return DunningResumed(
        practice_id=stood.practice_id,
        invoice_id=stood.invoice_id,
        open_rappen=command.open_rappen,
        stage=stood.done,
        next_stage=stage_ahead(stood, command),
        next_on=resumed_on(stood, RESUME_DAYS, command.booked_on, command.calendar),
        on=command.booked_on,
    )


def taken_back(state: Open, command: RecordReversal) -> PaymentTakenBack:
    """Say what is open again."""
    return PaymentTakenBack(
        practice_id=state.practice_id,
        invoice_id=state.invoice_id,
        credit_id=command.credit_id,
        open_rappen=command.open_rappen,
        on=command.booked_on,
    )


def worth_it_again(state: Open, command: RecordReversal) -> Sequence[HoldLifted]:
    """Lift the hold of a small sum that has grown again. Source: BR-121."""
    next_stage = state.next_stage
    if next_stage is None or Hold.SMALL_AMOUNT not in state.holds:
        return []
    if command.open_rappen < minimum_rappen(next_stage):
        return []
    return lifted(state, [Hold.SMALL_AMOUNT], "BR-121", command.booked_on, command.calendar)


def stop(state: State, command: StopDunning) -> Sequence[CaseEvent]:
    """End the path, exactly once and with one reason. Source: BR-134."""
    return [stopped(state, command.end, command.on)] if isinstance(state, Open) else []


def stopped(state: Open, end: End, on: date) -> DunningStopped:
    """Say that nobody is reminded any more."""
    return DunningStopped(
        practice_id=state.practice_id, invoice_id=state.invoice_id, end=end, on=on
    )
