"""What factoring does with what it hears: an event becomes a command. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from libs.events import (
    CollectionRequested,
    CreditUnmatched,
    HoldLifted,
    HoldPlaced,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
    ReversalUnmatched,
)
from libs.events.terms import Contract
from libs.events.values import Hold, PracticeId
from services.factoring.contracts import Contracts
from services.factoring.decider.claim import CloseClaim, NoteCollection, NoteDispute, TransmitClaim
from services.factoring.decider.receipt import ParkReceipt
from services.factoring.decider.receipts import RecordReceipt, ReverseReceipt
from services.factoring.rates import vat_bp


@dataclass(frozen=True)
class OpenBooks:
    """From which day on each member's books take postings: what is locked takes none."""

    first: Mapping[PracticeId, date]

    def day(self, practice: PracticeId, on: date) -> date:
        """Return the day under which an act is booked: its own, or the first of an open month."""
        return max(on, self.first.get(practice, on))


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the lookup found for a page of new invoices."""

    contracts: Contracts
    books: OpenBooks


def transmit(event: InvoiceIssued, known: Known) -> TransmitClaim | None:
    """Take a new invoice into the books. One marked as a test moves no money (B30)."""
    if event.facts.test:
        return None
    contract: Contract = known.contracts.on(event.practice_id, event.issued_on)
    return TransmitClaim(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        amount_rappen=event.open_rappen,
        due_on=event.due_on,
        on=known.books.day(event.practice_id, event.issued_on),
        fee_bp=contract.fee_bp,
        vat_bp=vat_bp(event.issued_on),
    )


def record_receipt(event: PaymentReceived, books: OpenBooks) -> RecordReceipt:
    """Credit whoever the money belongs to."""
    return RecordReceipt(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        credit_id=event.credit_id,
        amount_rappen=event.amount_rappen,
        surplus_rappen=event.surplus_rappen,
        charges_rappen=event.charges_rappen,
        open_rappen=event.open_rappen,
        on=books.day(event.practice_id, event.booked_on),
        value_on=event.value_on,
    )


def reverse_receipt(event: PaymentReversed, books: OpenBooks) -> ReverseReceipt:
    """Debit whoever had the money."""
    return ReverseReceipt(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        reversal_id=event.reversal_id or event.credit_id,
        amount_rappen=event.amount_rappen,
        surplus_rappen=event.surplus_rappen,
        charges_rappen=event.charges_rappen,
        open_rappen=event.open_rappen,
        on=books.day(event.practice_id, event.booked_on),
    )


def close_settled(event: InvoiceSettled, books: OpenBooks) -> CloseClaim | None:
    """Let go of a small rest that was waived; what is paid in full has nothing left."""
    if event.end == "PAID":
        return None
    return CloseClaim(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        reason="waived",
        on=books.day(event.practice_id, event.on),
    )


def close_cancelled(event: InvoiceCancelled, books: OpenBooks) -> CloseClaim:
    """Undo a claim that its practice cancelled."""
    return CloseClaim(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        reason="cancelled",
        on=books.day(event.practice_id, event.on),
    )


def park_credit(event: CreditUnmatched, books: OpenBooks) -> ParkReceipt:
    """Book money that no rule could place."""
    return ParkReceipt(
        practice_id=event.practice_id,
        credit_id=event.credit_id,
        amount_rappen=event.amount_rappen,
        on=books.day(event.practice_id, event.booked_on),
    )


def park_reversal(event: ReversalUnmatched, books: OpenBooks) -> ParkReceipt:
    """Book money that the bank took back from where nobody knows."""
    return ParkReceipt(
        practice_id=event.practice_id,
        credit_id=event.reversal_id,
        amount_rappen=-event.amount_rappen,
        on=books.day(event.practice_id, event.booked_on),
    )


def note_collection(event: CollectionRequested, books: OpenBooks) -> NoteCollection:
    """Charge an advance back at the hand-over."""
    return NoteCollection(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        on=books.day(event.practice_id, event.on),
    )


def note_dispute(event: HoldPlaced | HoldLifted) -> NoteDispute | None:
    """Advance nothing on what is contested; other holds do not concern whose money it is."""
    if event.reason is not Hold.DISPUTE:
        return None
    return NoteDispute(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        disputed=isinstance(event, HoldPlaced),
        on=event.on,
    )
