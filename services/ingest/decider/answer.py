"""One answer of an insurer: recorded on its invoice once, or refused with what is wrong with it.

Several answers may follow each other, also an acceptance after a rejection: nothing here closes
anything, what it means for the invoice is decided where invoices are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from libs.events import Event, InsurerAnswered
from libs.events.handed import Finding
from libs.events.ingest import AnswerId, Decision
from libs.events.values import COOPERATIVE, DocumentId, InvoiceId, Kind, PracticeId, Private


class AnswerRefused(Event, frozen=True, kw_only=True):
    """An answer cannot be used: it is none, or names no invoice of ours."""

    answer_id: AnswerId
    content: DocumentId
    received_at: datetime | None
    size_bytes: int
    request_id: str = ""
    status: int
    problem: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class RecordAnswer:
    """Record what an insurer answered to an invoice."""

    practice_id: PracticeId
    answer_id: AnswerId
    invoice_id: InvoiceId
    content: DocumentId
    received_at: datetime
    answered_at: datetime
    version: str
    request_id: str
    about: Kind
    insurer_gln: str
    decision: Decision
    status_in: str
    status_out: str
    codes: tuple[str, ...]
    reasons: tuple[str, ...]
    records: tuple[int, ...]
    noticed: tuple[str, ...]
    due_rappen: int | None
    paid_rappen: int | None
    unpaid_rappen: int | None
    back_rappen: int | None
    explanation: Private[str] | None


@dataclass(frozen=True, kw_only=True)
class RefuseAnswer:
    """Record that an answer cannot be used, and why."""

    answer_id: AnswerId
    content: DocumentId
    received_at: datetime
    size_bytes: int
    request_id: str
    status: int
    problem: str
    findings: tuple[Finding, ...]
    practice_id: PracticeId = COOPERATIVE


Command: TypeAlias = RecordAnswer | RefuseAnswer
AnswerEvent: TypeAlias = InsurerAnswered | AnswerRefused


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is known of an answer; a later release may read what an earlier one refused."""

    recorded: InsurerAnswered | None = None
    refused: AnswerRefused | None = None


INITIAL: Final = Answer()


def decide(state: Answer, command: Command) -> Sequence[AnswerEvent]:
    """Return what happens; nothing if the same answer was recorded, or refused alike, before."""
    if state.recorded is not None:
        return []
    match command:
        case RecordAnswer():
            return [_recorded(command)]
        case RefuseAnswer():
            if state.refused is not None and state.refused.findings == command.findings:
                return []
            return [_refused(command)]
        case _:
            assert_never(command)


def _recorded(command: RecordAnswer) -> InsurerAnswered:
    return InsurerAnswered(
        practice_id=command.practice_id,
        answer_id=command.answer_id,
        invoice_id=command.invoice_id,
        content=command.content,
        received_at=command.received_at,
        answered_at=command.answered_at,
        version=command.version,
        request_id=command.request_id,
        about=command.about,
        insurer_gln=command.insurer_gln,
        decision=command.decision,
        status_in=command.status_in,
        status_out=command.status_out,
        codes=command.codes,
        reasons=command.reasons,
        records=command.records,
        noticed=command.noticed,
        due_rappen=command.due_rappen,
        paid_rappen=command.paid_rappen,
        unpaid_rappen=command.unpaid_rappen,
        back_rappen=command.back_rappen,
        explanation=command.explanation,
    )


def _refused(command: RefuseAnswer) -> AnswerRefused:
    return AnswerRefused(
        practice_id=command.practice_id,
        answer_id=command.answer_id,
        content=command.content,
        received_at=command.received_at,
        size_bytes=command.size_bytes,
        request_id=command.request_id,
        status=command.status,
        problem=command.problem,
        findings=command.findings,
    )


def evolve(state: Answer, event: AnswerEvent) -> Answer:
    """Apply a fact."""
    match event:
        case InsurerAnswered():
            return Answer(recorded=event)
        case AnswerRefused() if state.recorded is None:
            return Answer(refused=event)
        case _:
            return state
