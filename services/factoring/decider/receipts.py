"""What a receipt, or one that the bank takes back, means for a claim. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from libs.events import MemberCredited, MemberDebited, ReceiptParked
from libs.events.values import CreditId, InvoiceId, PracticeId
from services.factoring import books
from services.factoring.books import Entry
from services.factoring.decider.claim_state import Claim, ClaimEvent, State, Untransmitted


@dataclass(frozen=True, kw_only=True)
class RecordReceipt:
    """Money came in for an invoice."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    credit_id: CreditId
    amount_rappen: int
    """What of it serves the invoice."""
    surplus_rappen: int
    charges_rappen: int = 0
    """What of both the bank took off and never booked."""
    open_rappen: int
    """What invoicing says is open after it."""
    on: date
    value_on: date


@dataclass(frozen=True, kw_only=True)
class ReverseReceipt:
    """The bank took money of an invoice back."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    reversal_id: CreditId
    amount_rappen: int
    surplus_rappen: int
    charges_rappen: int = 0
    """What of both the bank had taken off: it took back so much less."""
    open_rappen: int
    on: date


def record(state: State, command: RecordReceipt) -> Sequence[ClaimEvent]:
    """Credit the member, the advance repaid first; a surplus is the debtor's.

    Money for a claim that is not in the books belongs to nobody we know, but for what is too much:
    an invoice that was prepaid in full never was a claim. A charge that the bank took off is ours.
    Source: BR-89, BR-147, BR-153, payments 3.6.
    """
    if command.credit_id in state.notes.credits:
        return []
    if isinstance(state, Untransmitted):
        whole = command.amount_rappen + command.surplus_rappen
        entry = unclaimed(command) + books.borne(command.charges_rappen)
        return parked(command, command.credit_id, whole, entry)
    served, surplus = command.amount_rappen, command.surplus_rappen
    if state.cancelled:
        served, surplus = 0, served + surplus
    too_much = books.overpaid(surplus)
    if served == 0:
        too_much += books.borne(command.charges_rappen)
    return [
        *credited(state, command, served),
        *parked(command, command.credit_id, surplus, too_much),
    ]


def credited(state: Claim, command: RecordReceipt, amount_rappen: int) -> Sequence[ClaimEvent]:
    """Return the member's credit for a payment."""
    if amount_rappen == 0:
        return []
    repaid = min(state.advanced_rappen, amount_rappen)
    entry = (
        books.received(amount_rappen)
        + books.held(command.open_rappen - state.open_rappen)
        + books.repaid(repaid)
        + books.borne(command.charges_rappen)
    )
    return [
        MemberCredited(
            practice_id=state.practice_id,
            invoice_id=state.invoice_id,
            credit_id=command.credit_id,
            amount_rappen=amount_rappen,
            repaid_rappen=repaid,
            credited_rappen=state.credited_rappen + amount_rappen,
            open_rappen=command.open_rappen,
            advanced_rappen=state.advanced_rappen - repaid,
            on=command.on,
            value_on=command.value_on,
            postings=entry.postings,
        )
    ]


def parked(
    command: RecordReceipt | ReverseReceipt, receipt: CreditId, amount_rappen: int, entry: Entry
) -> Sequence[ClaimEvent]:
    """Return the booking of money that is not the member's."""
    if amount_rappen == 0:
        return []
    return [
        ReceiptParked(
            practice_id=command.practice_id,
            credit_id=receipt,
            amount_rappen=amount_rappen,
            on=command.on,
            postings=entry.postings,
        )
    ]


def unclaimed(command: RecordReceipt | ReverseReceipt, sign: int = 1) -> Entry:
    """Return the entry of money for what is no claim: what is too much is the debtor's (BR-89)."""
    return books.unidentified(sign * command.amount_rappen) + books.overpaid(
        sign * command.surplus_rappen
    )


def reverse(state: State, command: ReverseReceipt) -> Sequence[ClaimEvent]:
    """Debit whoever had the money; a claim that is open again is held again. Source: BR-153.

    An advance that the payment had repaid is not given again: the claim is weaker than it was.
    """
    if command.reversal_id in state.notes.reversals:
        return []
    whole = command.amount_rappen + command.surplus_rappen
    charge = books.borne(-command.charges_rappen)
    if isinstance(state, Untransmitted):
        entry = unclaimed(command, -1) + charge
        return parked(command, command.reversal_id, -whole, entry)
    if state.cancelled:
        return parked(command, command.reversal_id, -whole, books.overpaid(-whole) + charge)
    entry = (
        books.taken_back(command.amount_rappen)
        + books.overpaid(-command.surplus_rappen)
        + charge
        + books.held(command.open_rappen - state.open_rappen)
    )
    return [
        MemberDebited(
            practice_id=state.practice_id,
            invoice_id=state.invoice_id,
            credit_id=command.reversal_id,
            amount_rappen=command.amount_rappen,
            credited_rappen=state.credited_rappen - command.amount_rappen,
            surplus_rappen=command.surplus_rappen,
            open_rappen=command.open_rappen,
            on=command.on,
            postings=entry.postings,
        )
    ]
