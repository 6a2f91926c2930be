"""What a claim is: its private events, its states, and how facts change them. Pure."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias, assert_never

from libs.events import (
    AdvanceCredited,
    ClaimChargedBack,
    ClaimClosed,
    ClaimTransmitted,
    Event,
    FeeCharged,
    MemberCredited,
    MemberDebited,
    ReceiptParked,
)
from libs.events.values import CreditId, InvoiceId, Ownership, PracticeId

CloseReason: TypeAlias = Literal["waived", "cancelled"]


class CollectionNoted(Event, frozen=True, kw_only=True):
    """The claim was handed over to an agency; nothing is advanced on it from here on."""

    invoice_id: InvoiceId
    on: date


class DisputeNoted(Event, frozen=True, kw_only=True):
    """The debtor contests the claim; nothing is advanced on it meanwhile (BR-141)."""

    invoice_id: InvoiceId
    on: date


class DisputeEnded(Event, frozen=True, kw_only=True):
    """The claim is contested no more."""

    invoice_id: InvoiceId
    on: date


ClaimEvent: TypeAlias = (
    ClaimTransmitted
    | FeeCharged
    | AdvanceCredited
    | MemberCredited
    | MemberDebited
    | ReceiptParked
    | ClaimChargedBack
    | ClaimClosed
    | CollectionNoted
    | DisputeNoted
    | DisputeEnded
)


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What may be heard of a claim before the invoice itself: dunning speaks on another topic."""

    in_collection: bool = False
    disputed_on: date | None = None
    credits: frozenset[CreditId] = frozenset()
    """Receipts that are booked."""
    reversals: frozenset[CreditId] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Untransmitted:
    """No invoice is known."""

    notes: Notes = Notes()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim in the books of its member."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    due_on: date
    open_rappen: int
    """What is held of it: account 9100."""
    advanced_rappen: int = 0
    """What is still advanced on it: account 1150."""
    credited_rappen: int = 0
    """What of the debtor's money the member has had."""
    ownership: Ownership = Ownership.MANDATED
    was_advanced: bool = False
    """A claim is advanced once; what was charged back is not advanced again."""
    cancelled: bool = False
    notes: Notes = Notes()


State: TypeAlias = Untransmitted | Claim
INITIAL: State = Untransmitted()


def evolve(state: State, event: ClaimEvent) -> State:
    """Apply a fact. Consults no rate and no table."""
    match state, event:
        case Untransmitted(), ClaimTransmitted():
            return Claim(
                practice_id=event.practice_id,
                invoice_id=event.invoice_id,
                due_on=event.due_on or event.on,
                open_rappen=event.amount_rappen,
                notes=state.notes,
            )
        case Claim(), _:
            return changed(replace(state, notes=noted(state.notes, event)), event)
        case Untransmitted(), _:
            return replace(state, notes=noted(state.notes, event))
        case _:
            assert_never(state)


def noted(notes: Notes, event: ClaimEvent) -> Notes:
    """Return what is known of a claim whether or not its invoice is."""
    match event:
        case CollectionNoted():
            return replace(notes, in_collection=True)
        case DisputeNoted():
            return replace(notes, disputed_on=event.on)
        case DisputeEnded():
            return replace(notes, disputed_on=None)
        case MemberCredited():
            return replace(notes, credits=notes.credits | {event.credit_id})
        case ReceiptParked() if event.amount_rappen > 0:
            return replace(notes, credits=notes.credits | {event.credit_id})
        case ReceiptParked() | MemberDebited():
            return replace(notes, reversals=notes.reversals | {event.credit_id})
        case _:
            return notes


def changed(claim: Claim, event: ClaimEvent) -> Claim:
    """Return a claim after an act on it."""
    match event:
        case AdvanceCredited():
            return replace(
                claim,
                advanced_rappen=event.amount_rappen,
                ownership=Ownership.ADVANCED_RECOURSE,
                was_advanced=True,
            )
        case MemberCredited():
            repaid = event.repaid_rappen > 0 and event.advanced_rappen == 0
            return replace(
                claim,
                open_rappen=event.open_rappen,
                advanced_rappen=event.advanced_rappen,
                credited_rappen=event.credited_rappen,
                ownership=Ownership.MANDATED if repaid else claim.ownership,
            )
        case MemberDebited():
            return replace(
                claim, open_rappen=event.open_rappen, credited_rappen=event.credited_rappen
            )
        case ClaimChargedBack():
            return replace(claim, advanced_rappen=0, ownership=Ownership.MANDATED)
        case ClaimClosed():
            return replace(
                claim,
                open_rappen=0,
                credited_rappen=claim.credited_rappen - event.refundable_rappen,
                cancelled=claim.cancelled or event.reason == "cancelled",
            )
        case _:
            return claim
