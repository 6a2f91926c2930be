"""One message of a practice: accepted once under its key, or refused with every finding (P10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Never, TypeAlias, assert_never

from libs.events import Refused, SubmissionAccepted, SubmissionRejected
from libs.events.handed import Facts, Finding, Medical
from libs.events.values import (
    DocumentId,
    InvoiceId,
    Party,
    Patient,
    PracticeId,
    Private,
    SubmissionId,
)

SubmissionEvent: TypeAlias = SubmissionAccepted | SubmissionRejected


class ConflictingDuplicate(Refused):
    """This invoice was accepted before, with other content."""


@dataclass(frozen=True, kw_only=True)
class AcceptSubmission:
    """Take a usable message."""

    practice_id: PracticeId
    submission_id: SubmissionId
    invoice_id: InvoiceId
    content: DocumentId
    received_at: datetime
    size_bytes: int
    finished: DocumentId | None = None
    attachments: tuple[DocumentId, ...] = ()
    facts: Facts
    findings: tuple[Finding, ...]
    likeness: str = ""
    debtor: Private[Party]
    patient: Private[Patient]
    medical: Private[Medical]


@dataclass(frozen=True, kw_only=True)
class RejectSubmission:
    """Record that a message cannot be used, and why (P22)."""

    practice_id: PracticeId
    submission_id: SubmissionId
    """Made of practice and content, not of the message's key: a mended message must not meet it."""
    content: DocumentId
    received_at: datetime
    size_bytes: int
    request_id: str
    version: str
    amount_rappen: int | None
    status: int
    problem: str
    findings: tuple[Finding, ...]


Command: TypeAlias = AcceptSubmission | RejectSubmission


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """Nothing came in under this key."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What the receipt of an accepted message says."""

    submission_id: SubmissionId
    invoice_id: InvoiceId
    content: DocumentId
    received_at: datetime | None
    request_id: str
    findings: tuple[Finding, ...]
    finished: DocumentId | None = None


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """What the receipt of a refused message says."""

    submission_id: SubmissionId
    content: DocumentId
    received_at: datetime | None
    request_id: str
    status: int
    problem: str
    findings: tuple[Finding, ...]


State: TypeAlias = Unseen | Accepted | Rejected

INITIAL: Final[State] = Unseen()


def decide(state: State, command: Command) -> Sequence[SubmissionEvent]:
    """Return what happens; nothing if the same bytes had the same verdict before."""
    match command:
        case AcceptSubmission():
            return accept(state, command)
        case RejectSubmission():
            return reject(state, command)
        case _:
            assert_never(command)


def accept(state: State, command: AcceptSubmission) -> Sequence[SubmissionAccepted]:
    """Take a message once. Other bytes under an accepted key are a conflict (B22, B23)."""
    if isinstance(state, Accepted):
        return _same_or_conflict(state, command.content, command.finished)
    return [
        SubmissionAccepted(
            practice_id=command.practice_id,
            submission_id=command.submission_id,
            invoice_id=command.invoice_id,
            content=command.content,
            finished=command.finished,
            attachments=command.attachments,
            facts=command.facts,
            received_at=command.received_at,
            size_bytes=command.size_bytes,
            findings=command.findings,
            likeness=command.likeness,
            debtor=command.debtor,
            patient=command.patient,
            medical=command.medical,
        )
    ]


def reject(state: State, command: RejectSubmission) -> Sequence[SubmissionRejected]:
    """Record a refusal; again only when the verdict on the same bytes became another."""
    if isinstance(state, Accepted):
        return _same_or_conflict(state, command.content, state.finished)
    if isinstance(state, Rejected) and (state.content, state.findings) == (
        command.content,
        command.findings,
    ):
        return []
    return [
        SubmissionRejected(
            practice_id=command.practice_id,
            submission_id=command.submission_id,
            content=command.content,
            request_id=command.request_id,
            received_at=command.received_at,
            size_bytes=command.size_bytes,
            version=command.version,
            amount_rappen=command.amount_rappen,
            status=command.status,
            problem=command.problem,
            findings=command.findings,
        )
    ]


def _same_or_conflict(
    state: Accepted, content: DocumentId, finished: DocumentId | None
) -> list[Never]:
    if (state.content, state.finished) != (content, finished):
        raise ConflictingDuplicate
    return []


def evolve(state: State, event: SubmissionEvent) -> State:
    """Apply a fact."""
    match event:
        case SubmissionAccepted():
            return Accepted(
                submission_id=event.submission_id,
                invoice_id=event.invoice_id,
                content=event.content,
                received_at=event.received_at,
                request_id=event.facts.request_id,
                findings=event.findings,
                finished=event.finished,
            )
        case SubmissionRejected() if not isinstance(state, Accepted):
            return Rejected(
                submission_id=event.submission_id,
                content=event.content,
                received_at=event.received_at,
                request_id=event.request_id,
                status=event.status,
                problem=event.problem,
                findings=event.findings,
            )
        case _:
            return state
