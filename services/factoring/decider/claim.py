"""Claim: whose an invoice's money is, from transmission to its last rappen. Pure.

Each act is said with its entry, and a message heard again books nothing again. What is held of a
claim (account 9100) is always what invoicing says is open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias, assert_never

from libs.events import (
    AdvanceCredited,
    ClaimChargedBack,
    ClaimClosed,
    ClaimTransmitted,
    FeeCharged,
    Refused,
)
from libs.events.values import InvoiceId, Ownership, PracticeId
from services.factoring import books
from services.factoring.availability import first_eligible_due_day
from services.factoring.decider import receipts
from services.factoring.decider.claim_state import (
    INITIAL,
    Claim,
    ClaimEvent,
    CloseReason,
    CollectionNoted,
    DisputeEnded,
    DisputeNoted,
    State,
    Untransmitted,
    evolve,
)
from services.factoring.decider.receipts import RecordReceipt, ReverseReceipt
from services.factoring.rates import share

__all__ = ["INITIAL", "Command", "decide", "evolve"]

OVERDUE_DAYS_MAX = 120
DISPUTE_DAYS_MAX = 60
"""How long an advance outlives lateness or a dispute. Source: BR-145."""


class NotEligible(Refused):
    """Nothing can be advanced on this claim: paid, contested, handed over, or too late."""


class NoRoom(Refused):
    """The practice's availability is used up; the claim waits for the next run."""


@dataclass(frozen=True, kw_only=True)
class TransmitClaim:
    """Take a new invoice into the books of its member."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    amount_rappen: int
    due_on: date
    on: date
    fee_bp: int
    vat_bp: int


@dataclass(frozen=True, kw_only=True)
class AdvanceClaim:
    """Credit a share of an open claim, in the weekly run."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    rate_bp: int
    room_rappen: int
    """What the practice's availability leaves for it."""
    on: date


@dataclass(frozen=True, kw_only=True)
class CloseClaim:
    """Nothing more is asked for: a small rest was waived, or the practice cancelled."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    reason: CloseReason
    on: date


@dataclass(frozen=True, kw_only=True)
class NoteCollection:
    """The claim goes to an agency."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    on: date


@dataclass(frozen=True, kw_only=True)
class NoteDispute:
    """The claim is contested, or is so no more."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    disputed: bool
    on: date


@dataclass(frozen=True, kw_only=True)
class ReviewAdvance:
    """Charge back an advance that has been out too long."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    on: date


Command: TypeAlias = (
    TransmitClaim
    | AdvanceClaim
    | RecordReceipt
    | ReverseReceipt
    | CloseClaim
    | NoteCollection
    | NoteDispute
    | ReviewAdvance
)


def decide(state: State, command: Command) -> Sequence[ClaimEvent]:
    """Return what happens; nothing if it already had."""
    match command:
        case TransmitClaim():
            return transmit(state, command)
        case AdvanceClaim():
            return advance(state, command)
        case RecordReceipt():
            return receipts.record(state, command)
        case ReverseReceipt():
            return receipts.reverse(state, command)
        case CloseClaim():
            return close(state, command)
        case NoteCollection():
            return note_collection(state, command)
        case NoteDispute():
            return note_dispute(state, command)
        case ReviewAdvance():
            return review_advance(state, command)
        case _:
            assert_never(command)


def transmit(state: State, command: TransmitClaim) -> Sequence[ClaimEvent]:
    """Hold the claim in mandate and charge the fee on its volume. Source: BR-153, BR-158."""
    if isinstance(state, Claim) or command.amount_rappen <= 0:
        return []
    transmitted = ClaimTransmitted(
        practice_id=command.practice_id,
        invoice_id=command.invoice_id,
        ownership=Ownership.MANDATED,
        amount_rappen=command.amount_rappen,
        due_on=command.due_on,
        on=command.on,
        postings=books.held(command.amount_rappen).postings,
    )
    net = share(command.amount_rappen, command.fee_bp)
    if net == 0:
        return [transmitted]
    vat = share(net, command.vat_bp)
    return [
        transmitted,
        FeeCharged(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            service="volume",
            net_rappen=net,
            vat_rappen=vat,
            on=command.on,
            postings=books.charged(net, vat).postings,
        ),
    ]


def advance(state: State, command: AdvanceClaim) -> Sequence[ClaimEvent]:
    """Credit a share of what is open, once, if eligible and fitting. Source: BR-141 to BR-143."""
    match state:
        case Untransmitted():
            raise NotEligible
        case Claim(was_advanced=True):
            return []
        case Claim() if not eligible(state, command.on):
            raise NotEligible
        case Claim():
            amount = share(state.open_rappen, command.rate_bp)
            if not 0 < amount <= command.room_rappen:
                raise NoRoom
            return [
                AdvanceCredited(
                    practice_id=state.practice_id,
                    invoice_id=state.invoice_id,
                    amount_rappen=amount,
                    on=command.on,
                    postings=books.advanced(amount).postings,
                )
            ]


def eligible(claim: Claim, on: date) -> bool:
    """Return whether a claim may be advanced on a day. Source: BR-141."""
    free = not claim.notes.in_collection and claim.notes.disputed_on is None
    return free and claim.open_rappen > 0 and claim.due_on >= first_eligible_due_day(on)


def close(state: State, command: CloseClaim) -> Sequence[ClaimEvent]:
    """Take the rest of a claim out of the books, its advance first. Source: BR-145, BR-153."""
    if isinstance(state, Untransmitted) or state.cancelled:
        return []
    refundable = state.credited_rappen if command.reason == "cancelled" else 0
    if command.reason == "waived" and state.open_rappen == 0:
        return []
    entry = books.held(-state.open_rappen) + books.refundable(refundable)
    return [
        *charge_back(state, command.reason, command.on),
        ClaimClosed(
            practice_id=state.practice_id,
            invoice_id=state.invoice_id,
            amount_rappen=state.open_rappen,
            refundable_rappen=refundable,
            reason=command.reason,
            on=command.on,
            postings=entry.postings,
        ),
    ]


def note_collection(state: State, command: NoteCollection) -> Sequence[ClaimEvent]:
    """Charge the advance back at the hand-over. Source: BR-145."""
    if state.notes.in_collection:
        return []
    noted = CollectionNoted(
        practice_id=command.practice_id, invoice_id=command.invoice_id, on=command.on
    )
    if isinstance(state, Untransmitted):
        return [noted]
    return [noted, *charge_back(state, "collection", command.on)]


def note_dispute(state: State, command: NoteDispute) -> Sequence[ClaimEvent]:
    """Keep whether the claim is contested. Source: BR-141."""
    if command.disputed == (state.notes.disputed_on is not None):
        return []
    kind = DisputeNoted if command.disputed else DisputeEnded
    return [kind(practice_id=command.practice_id, invoice_id=command.invoice_id, on=command.on)]


def review_advance(state: State, command: ReviewAdvance) -> Sequence[ClaimEvent]:
    """Charge back what is 120 days overdue, or contested for 60. Source: BR-145."""
    if isinstance(state, Untransmitted):
        return []
    disputed_on = state.notes.disputed_on
    if command.on - state.due_on >= timedelta(days=OVERDUE_DAYS_MAX):
        return charge_back(state, "overdue", command.on)
    if disputed_on and command.on - disputed_on > timedelta(days=DISPUTE_DAYS_MAX):
        return charge_back(state, "dispute", command.on)
    return []


def charge_back(claim: Claim, reason: str, on: date) -> Sequence[ClaimEvent]:
    """Return what is still advanced going back to the member's account. Source: BR-145."""
    if claim.advanced_rappen == 0:
        return []
    return [
        ClaimChargedBack(
            practice_id=claim.practice_id,
            invoice_id=claim.invoice_id,
            amount_rappen=claim.advanced_rappen,
            reason=reason,
            on=on,
            postings=books.repaid(claim.advanced_rappen).postings,
        )
    ]
