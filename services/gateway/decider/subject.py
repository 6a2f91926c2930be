"""Subject: a person whose data must be forgotten once nothing stands against it.

Three steps, each harmless when repeated, so that an interruption is made good by starting again
(F48): the request is recorded, the keys are destroyed, the end is said to everybody. A person's
documents lie under the keys of their cases (BR-114), so these go together with the person's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never

from libs.events import Event, Refused, SubjectErased
from libs.events.values import PracticeId, SubjectId


class StillOwing(Refused):
    """An invoice of this person is open; its data is needed until it ends (BR-115)."""


class StillKept(Refused):
    """The books must be kept for ten years; until then only an order can overrule (BR-113)."""


class ErasureNotRequested(Refused):
    """Nobody recorded a request to erase this person."""


class ErasureRequested(Event, frozen=True, kw_only=True):
    """The erasure of a person was decided; from here on it is carried out, whatever happens."""

    subject: SubjectId
    on: date
    by: str
    order: str = ""
    """On what ground the time of keeping was overruled; empty if it had passed."""
    cases: tuple[SubjectId, ...] = ()
    """What is destroyed with the person: their cases, and what the bank said of their payments."""


@dataclass(frozen=True, kw_only=True)
class RequestErasure:
    practice_id: PracticeId
    subject: SubjectId
    today: date
    by: str
    open_invoices: int
    """How many invoices of the person still wait for money or are with an agency."""
    kept_until: date | None
    """Last day of the time of keeping, from the read tables; None: there is nothing to keep."""
    order: str = ""
    """File number of the order that overrules the time of keeping, never an open invoice."""
    cases: tuple[SubjectId, ...] = ()
    """Subjects of all that the person's invoices left behind, from the read tables."""


@dataclass(frozen=True, kw_only=True)
class EraseSubject:
    """Say that the key is destroyed. Comes after the destruction, never before."""

    practice_id: PracticeId
    subject: SubjectId
    today: date


@dataclass(frozen=True)
class Remembered:
    pass


@dataclass(frozen=True)
class Requested:
    cases: frozenset[SubjectId]


@dataclass(frozen=True)
class Erased:
    cases: frozenset[SubjectId]


Command: TypeAlias = RequestErasure | EraseSubject
SubjectEvent: TypeAlias = ErasureRequested | SubjectErased
State: TypeAlias = Remembered | Requested | Erased

INITIAL: State = Remembered()


def decide(state: State, command: Command) -> Sequence[SubjectEvent]:
    """Return what happens; nothing if it already had."""
    match command:
        case RequestErasure():
            return request(state, command)
        case EraseSubject():
            return erase(state, command)
        case _:
            assert_never(command)


def request(state: State, command: RequestErasure) -> Sequence[SubjectEvent]:
    """Record the request unless a duty stands against it. Source: BR-113, BR-115.

    A second one does something only if the person has left more behind since.
    """
    done = frozenset() if isinstance(state, Remembered) else state.cases
    cases = tuple(sorted(set(command.cases) - done))
    if not isinstance(state, Remembered) and not cases:
        return []
    if command.open_invoices:
        raise StillOwing
    if command.kept_until and command.today <= command.kept_until and not command.order:
        raise StillKept
    return [
        ErasureRequested(
            practice_id=command.practice_id,
            subject=command.subject,
            on=command.today,
            by=command.by,
            order=command.order,
            cases=cases,
        )
    ]


def erase(state: State, command: EraseSubject) -> Sequence[SubjectEvent]:
    """Say that a person was forgotten. Source: BR-114."""
    match state:
        case Remembered():
            raise ErasureNotRequested
        case Requested():
            return [
                SubjectErased(
                    practice_id=command.practice_id, subject=command.subject, on=command.today
                )
            ]
        case Erased():
            return []


def evolve(state: State, event: SubjectEvent) -> State:
    """Apply a fact."""
    match state, event:
        case Remembered(), ErasureRequested():
            return Requested(frozenset(event.cases))
        case ((Requested(cases) | Erased(cases)), ErasureRequested()):
            return Requested(cases | set(event.cases))
        case Requested(cases), SubjectErased():
            return Erased(cases)
        case _:
            return state
