"""Many messages in one archive: taken a chunk at a time, each with its own receipt (F6, P10)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, NewType, TypeAlias, assert_never

import msgspec

from libs.events import Event
from libs.events.handed import Finding
from libs.events.values import PracticeId, SubmissionId

JobId = NewType("JobId", str)
"""Made of practice and digest: the same archive again is the same job."""


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one message of an archive."""

    number: int
    """Its place among the messages of the archive, from 1; names may hold a patient's."""
    state: Literal["accepted", "rejected"]
    repeated: bool = False
    """It had come in before, by itself or further ahead."""
    submission_id: SubmissionId | None = None
    """None where the archive gave no message here: then the findings stand with the item."""
    status: int = 202
    problem: str = ""
    findings: tuple[Finding, ...] = ()


class JobReceived(Event, frozen=True, kw_only=True):
    """An archive is kept and will be worked off."""

    job_id: JobId
    archive: str
    """sha256 of what came in."""
    kind: str
    """zip or gzip."""
    count: int
    size_bytes: int
    received_at: datetime


class JobRefused(Event, frozen=True, kw_only=True):
    """Nothing of an archive is taken; its sender was told why (P22)."""

    job_id: JobId
    archive: str
    size_bytes: int
    received_at: datetime
    status: int
    problem: str
    findings: tuple[Finding, ...]


class JobAdvanced(Event, frozen=True, kw_only=True):
    """The next messages of an archive were taken; the counts are those of all until here."""

    job_id: JobId
    items: tuple[Item, ...]
    done: int
    accepted: int
    rejected: int
    repeated: int
    """Usable, and taken before: no part of `accepted`."""


class JobFinished(Event, frozen=True, kw_only=True):
    """Every message of an archive has its receipt, so that the archive itself may go."""

    job_id: JobId
    count: int


JobEvent: TypeAlias = JobReceived | JobRefused | JobAdvanced | JobFinished


@dataclass(frozen=True, kw_only=True)
class ReceiveJob:
    """Work off an archive that is kept."""

    practice_id: PracticeId
    job_id: JobId
    archive: str
    kind: str
    count: int
    size_bytes: int
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class RefuseJob:
    """Record that nothing of an archive is taken, and why."""

    practice_id: PracticeId
    job_id: JobId
    archive: str
    size_bytes: int
    received_at: datetime
    status: int
    problem: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class AdvanceJob:
    """Record what became of the messages behind those that were done."""

    practice_id: PracticeId
    job_id: JobId
    after: int
    items: tuple[Item, ...]


Command: TypeAlias = ReceiveJob | RefuseJob | AdvanceJob


@dataclass(frozen=True)
class Unseen:
    """No such archive came in."""


@dataclass(frozen=True, kw_only=True)
class TurnedAway:
    """An archive of which nothing was taken."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Running:
    """An archive that is being worked off, or was."""

    count: int
    done: int = 0
    accepted: int = 0
    rejected: int = 0
    repeated: int = 0


State: TypeAlias = Unseen | TurnedAway | Running

INITIAL: Final[State] = Unseen()


def decide(state: State, command: Command) -> Sequence[JobEvent]:
    """Return what happens; nothing if it had happened before."""
    match command:
        case ReceiveJob():
            return [] if isinstance(state, Running) else [JobReceived(**vars(command))]
        case RefuseJob():
            return refuse(state, command)
        case AdvanceJob():
            return advance(state, command)
        case _:
            assert_never(command)


def refuse(state: State, command: RefuseJob) -> Sequence[JobRefused]:
    """Turn an archive away; again only for another reason, and never one that was taken."""
    if isinstance(state, Running):
        return []
    if isinstance(state, TurnedAway) and state.findings == command.findings:
        return []
    return [JobRefused(**vars(command))]


def advance(state: State, command: AdvanceJob) -> Sequence[JobEvent]:
    """Count the next messages. A chunk that was counted before changes nothing (F6)."""
    if not isinstance(state, Running) or command.after != state.done or not command.items:
        return []
    usable = [item for item in command.items if item.state == "accepted"]
    repeated = sum(item.repeated for item in usable)
    done = state.done + len(command.items)
    said: list[JobEvent] = [
        JobAdvanced(
            practice_id=command.practice_id,
            job_id=command.job_id,
            items=command.items,
            done=done,
            accepted=state.accepted + len(usable) - repeated,
            rejected=state.rejected + len(command.items) - len(usable),
            repeated=state.repeated + repeated,
        )
    ]
    if state.done < state.count <= done:
        said.append(
            JobFinished(practice_id=command.practice_id, job_id=command.job_id, count=state.count)
        )
    return said


def evolve(state: State, event: JobEvent) -> State:
    """Apply a fact."""
    match state, event:
        case Unseen() | TurnedAway(), JobReceived():
            return Running(count=event.count)
        case Unseen() | TurnedAway(), JobRefused():
            return TurnedAway(findings=event.findings)
        case Running(), JobAdvanced():
            return replace(
                state,
                done=event.done,
                accepted=event.accepted,
                rejected=event.rejected,
                repeated=event.repeated,
            )
        case _:
            return state
