"""One scanned sheet: waits for a clerk, is keyed once or twice, then taken in or sent back. Pure.

A claim keeps two clerks from keying one sheet at a time, and ends by itself. Above an amount a
second clerk keys blind; where both differ, a person chooses field by field.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias, assert_never

from libs.events.values import DocumentId
from services.ingest.decider.sheet_words import (
    ClaimedByOther,
    ClaimSheet,
    Command,
    KeySheet,
    NothingToResolve,
    NotWaiting,
    ReceiveSheet,
    ReleaseSheet,
    ReopenSheet,
    ResolveSheet,
    SecondClerkNeeded,
    SendSheetBack,
    SheetClaimed,
    SheetEvent,
    SheetKeyed,
    SheetReceived,
    SheetReleased,
    SheetReopened,
    SheetResolved,
    SheetSentBack,
    SheetTakenIn,
    TakeSheetIn,
)

CLAIM_LASTS: Final = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """No such sheet."""


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """What one clerk keyed."""

    by: str
    keyed: DocumentId


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Where a sheet is."""

    received: SheetReceived
    claimed_by: str = ""
    claimed_until: datetime | None = None
    first: Keyed | None = None
    second: Keyed | None = None
    final: DocumentId | None = None
    """What is on its way to become an invoice."""
    ended: Literal["", "taken", "sent_back"] = ""


State: TypeAlias = Unseen | Sheet
INITIAL: Final[State] = Unseen()


def decide(state: State, command: Command) -> Sequence[SheetEvent]:
    """Return what happens; nothing if it already had."""
    if isinstance(command, ReceiveSheet):
        return receive(state, command)
    if isinstance(state, Unseen):
        raise NotWaiting
    match command:
        case ClaimSheet():
            return claim(state, command)
        case ReleaseSheet():
            return release(state, command)
        case KeySheet():
            return key(state, command)
        case ResolveSheet():
            return resolve(state, command)
        case ReopenSheet():
            return reopen(state, command)
        case TakeSheetIn():
            return take_in(state, command)
        case SendSheetBack():
            return send_back(state, command)
        case _:
            assert_never(command)


def receive(state: State, command: ReceiveSheet) -> Sequence[SheetEvent]:
    """Keep a scan; one that was sent back may be handed in again and waits anew."""
    if isinstance(state, Sheet) and state.ended != "sent_back":
        return []
    return [
        SheetReceived(
            practice_id=command.practice_id,
            sheet_id=command.sheet_id,
            document=command.document,
            media_type=command.media_type,
            pages=command.pages,
            size_bytes=command.size_bytes,
            kind=command.kind,
            template_version=command.template_version,
            received_at=command.received_at,
            biller=command.biller,
        )
    ]


def _waiting(state: Sheet, by: str, now: datetime) -> None:
    if state.ended or state.final is not None:
        raise NotWaiting
    held = state.claimed_until is not None and now < state.claimed_until
    if held and state.claimed_by != by:
        raise ClaimedByOther


def _differ(state: Sheet) -> bool:
    return state.second is not None and state.final is None


def claim(state: Sheet, command: ClaimSheet) -> Sequence[SheetEvent]:
    """Give a sheet to a clerk for a while; asked for again, it is theirs for longer."""
    _waiting(state, command.by, command.now)
    if state.first is not None and state.first.by == command.by and not _differ(state):
        raise SecondClerkNeeded
    return [
        SheetClaimed(
            practice_id=command.practice_id,
            sheet_id=command.sheet_id,
            by=command.by,
            until=command.now + CLAIM_LASTS,
        )
    ]


def release(state: Sheet, command: ReleaseSheet) -> Sequence[SheetEvent]:
    """Lay a sheet back; nothing if somebody else has it meanwhile."""
    if state.claimed_by != command.by:
        return []
    return [SheetReleased(practice_id=command.practice_id, sheet_id=command.sheet_id)]


def key(state: Sheet, command: KeySheet) -> Sequence[SheetEvent]:
    """Keep what a clerk keyed. It is final below the amount, or when two keyed the same."""
    if state.final == command.keyed:
        return []
    _waiting(state, command.by, command.now)
    if _differ(state):
        raise NotWaiting
    second = state.first is not None
    if state.first is not None and state.first.by == command.by:
        if state.first.keyed == command.keyed:
            return []
        raise SecondClerkNeeded
    final = command.amount_rappen < command.twice_from_rappen
    if state.first is not None:
        final = state.first.keyed == command.keyed
    return [
        SheetKeyed(
            practice_id=command.practice_id,
            sheet_id=command.sheet_id,
            by=command.by,
            keyed=command.keyed,
            amount_rappen=command.amount_rappen,
            second=second,
            final=final,
        )
    ]


def resolve(state: Sheet, command: ResolveSheet) -> Sequence[SheetEvent]:
    """Keep what a person chose where two clerks differ."""
    if state.final == command.keyed:
        return []
    _waiting(state, command.by, command.now)
    if not _differ(state):
        raise NothingToResolve
    return [
        SheetResolved(
            practice_id=command.practice_id,
            sheet_id=command.sheet_id,
            by=command.by,
            keyed=command.keyed,
            amount_rappen=command.amount_rappen,
        )
    ]


def reopen(state: Sheet, command: ReopenSheet) -> Sequence[SheetEvent]:
    """Let a sheet wait again whose keyed body could not become an invoice."""
    if state.final is None or state.ended:
        return []
    return [
        SheetReopened(
            practice_id=command.practice_id, sheet_id=command.sheet_id, problem=command.problem
        )
    ]


def take_in(state: Sheet, command: TakeSheetIn) -> Sequence[SheetEvent]:
    """End with the invoice that a sheet became, once."""
    if state.ended == "taken":
        return []
    return [
        SheetTakenIn(
            practice_id=command.practice_id,
            sheet_id=command.sheet_id,
            submission_id=command.submission_id,
            invoice_id=command.invoice_id,
        )
    ]


def send_back(state: Sheet, command: SendSheetBack) -> Sequence[SheetEvent]:
    """End with the reason for the practice."""
    if state.ended == "sent_back":
        return []
    _waiting(state, command.by, command.now)
    return [
        SheetSentBack(
            practice_id=command.practice_id,
            sheet_id=command.sheet_id,
            reason=command.reason,
            by=command.by,
            at=command.now,
        )
    ]


def evolve(state: State, event: SheetEvent) -> State:
    """Apply a fact."""
    if isinstance(event, SheetReceived):
        return Sheet(received=event)
    if isinstance(state, Unseen):
        return state
    free = replace(state, claimed_by="", claimed_until=None)
    match event:
        case SheetClaimed():
            return replace(state, claimed_by=event.by, claimed_until=event.until)
        case SheetReleased():
            return free
        case SheetKeyed():
            made = Keyed(by=event.by, keyed=event.keyed)
            said = replace(free, second=made) if event.second else replace(free, first=made)
            return replace(said, final=event.keyed) if event.final else said
        case SheetResolved():
            return replace(free, final=event.keyed)
        case SheetReopened():
            return replace(free, first=None, second=None, final=None)
        case SheetTakenIn():
            return replace(free, ended="taken")
        case SheetSentBack():
            return replace(free, ended="sent_back")
        case _:
            assert_never(event)
