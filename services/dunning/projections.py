"""How events fill dunning's read tables."""

from collections.abc import Iterator
from datetime import date
from typing import Any, TypeAlias, assert_never

from libs.events import (
    CallRecorded,
    CaseOpened,
    CollectionRequested,
    DunningResumed,
    DunningStopped,
    Envelope,
    HoldLifted,
    HoldPlaced,
    InvoiceIssued,
    PartPaid,
    ReminderDispatched,
    ReminderEscalated,
)
from libs.events.values import Stage
from libs.runtime.rows import Change, change, drop, put
from services.dunning.case import LetterWithheld, PaymentTakenBack
from services.dunning.ladder import LETTERS
from services.dunning.tables import cases, debtors, holds, steps

Moved: TypeAlias = (
    ReminderEscalated
    | CollectionRequested
    | PartPaid
    | PaymentTakenBack
    | HoldLifted
    | CallRecorded
    | DunningStopped
    | DunningResumed
)


def project_debtors(event: InvoiceIssued, envelope: Envelope) -> Iterator[Change]:
    """Keep what a letter needs; whom it goes to stays sealed until it is printed."""
    yield put(
        debtors,
        invoice_id=event.invoice_id,
        practice_id=event.practice_id,
        number=event.number,
        reference=event.reference,
        language=event.language,
        issued_on=event.issued_on,
        amount_rappen=event.open_rappen,
        subject=event.debtor.subject,
        sealed=event.debtor.sealed,
        sealed_in=envelope.id,
    )


def project_cases(event: CaseOpened | Moved, _: Envelope) -> Iterator[Change]:
    """Say where each case stands and what comes next."""
    if isinstance(event, CaseOpened):
        yield put(
            cases,
            invoice_id=event.invoice_id,
            practice_id=event.practice_id,
            payer=event.payer,
            canton=event.canton,
            open_rappen=event.open_rappen,
            due_on=event.due_on,
            stage=None,
            stage_on=None,
            next_stage=event.next_stage,
            next_on=event.next_on,
            call_attempts=0,
            called_on=None,
            call_outcome=None,
            ended=None,
            ended_on=None,
        )
    else:
        yield change(cases, invoice_id=event.invoice_id, **moved(event))


def moved(event: Moved) -> dict[str, Any]:
    """Return the columns of a case that an event gives new values."""
    match event:
        case ReminderEscalated():
            uncalled = {"call_attempts": 0, "called_on": None, "call_outcome": None}
            return {"stage": event.stage, "stage_on": event.on} | planned(event) | uncalled
        case CollectionRequested():
            return {"stage": Stage.COLLECTION, "stage_on": event.on} | NOTHING_PLANNED
        case PartPaid():
            ahead = {"next_stage": event.next_stage} if event.next_stage else {}
            return {"open_rappen": event.open_rappen, "next_on": event.next_on} | ahead
        case PaymentTakenBack():
            return {"open_rappen": event.open_rappen}
        case HoldLifted(resend=None):
            return {"next_on": event.next_on}
        case HoldLifted():
            return {"next_stage": event.resend, "next_on": event.next_on}
        case CallRecorded():
            called = {"call_attempts": event.attempt, "call_outcome": event.outcome}
            return {"called_on": event.on} | called | planned(event)
        case DunningStopped():
            over = {"ended": event.end, "ended_on": event.on, "open_rappen": 0}
            return over | NOTHING_PLANNED
        case DunningResumed():
            again = {"ended": None, "ended_on": None, "open_rappen": event.open_rappen}
            return again | planned(event)
        case _:
            assert_never(event)


NOTHING_PLANNED: dict[str, Any] = {"next_stage": None, "next_on": None}


def planned(event: ReminderEscalated | CallRecorded | DunningResumed) -> dict[str, Any]:
    """Return the columns of the step that comes next."""
    return {"next_stage": event.next_stage, "next_on": event.next_on}


def project_holds(event: HoldPlaced | HoldLifted, _: Envelope) -> Iterator[Change]:
    """Keep the holds that stand."""
    if isinstance(event, HoldLifted):
        yield drop(holds, invoice_id=event.invoice_id, reason=event.reason)
        return
    yield put(
        holds,
        invoice_id=event.invoice_id,
        reason=event.reason,
        practice_id=event.practice_id,
        by=event.by,
        on=event.on,
        review_on=event.review_on,
    )


Stepped: TypeAlias = ReminderEscalated | CollectionRequested | ReminderDispatched | LetterWithheld


def project_steps(event: Stepped, _: Envelope) -> Iterator[Change]:
    """Keep each step that was taken, with the letter that it led to."""
    match event:
        case ReminderEscalated():
            yield step_taken(event, event.stage, event.run, event.pay_by)
        case CollectionRequested():
            yield step_taken(event, Stage.COLLECTION, 1, None)
        case ReminderDispatched():
            yield change(
                steps,
                invoice_id=event.invoice_id,
                stage=event.stage,
                run=event.run,
                document=event.document,
                pages=event.pages,
                dispatched_on=event.on,
            )
        case LetterWithheld():
            yield change(
                steps,
                invoice_id=event.invoice_id,
                stage=event.stage,
                run=event.run,
                withheld_on=event.on,
            )


def step_taken(
    event: ReminderEscalated | CollectionRequested, stage: Stage, run: int, pay_by: date | None
) -> Change:
    """Return the row of a step whose letter, if it is one, is still to be made."""
    return put(
        steps,
        invoice_id=event.invoice_id,
        stage=stage,
        run=run,
        practice_id=event.practice_id,
        on=event.on,
        open_rappen=event.open_rappen,
        pay_by=pay_by,
        is_letter=stage in LETTERS,
        document=None,
        pages=None,
        dispatched_on=None,
        withheld_on=None,
    )
