"""What an invoice is: its private events, its states, and how facts change them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, TypeAlias

from libs.events import (
    Event,
    InvoiceCancelled,
    InvoiceDispatched,
    InvoiceIssued,
    InvoiceSettled,
    PatientCopySent,
    PaymentReceived,
    PaymentReversed,
    ReversalUnmatched,
)
from libs.events.values import CreditId, InvoiceId, Kind, SubmissionId

End: TypeAlias = Literal["PAID", "SETTLED_SMALL", "CANCELLED"]


class RequestNoted(Event, frozen=True, kw_only=True):
    """A copy, reminder, refund or early storno came: it changes no sum, but it is on record."""

    invoice_id: InvoiceId
    submission_id: SubmissionId
    kind: Kind
    known: bool
    """Whether its invoice had been issued; if not, somebody should ask the practice."""
    on: date


InvoiceEvent: TypeAlias = (
    InvoiceIssued
    | InvoiceDispatched
    | PatientCopySent
    | PaymentReceived
    | PaymentReversed
    | ReversalUnmatched
    | InvoiceSettled
    | InvoiceCancelled
    | RequestNoted
)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What is left of one receipt: what serves the invoice, and what was too much."""

    served_rappen: int
    surplus_rappen: int
    charges_rappen: int = 0
    """What of both the bank took off as a charge."""

    @property
    def amount_rappen(self) -> int:
        """All that was paid."""
        return self.served_rappen + self.surplus_rappen

    @property
    def booked_rappen(self) -> int:
        """What the bank booked of it."""
        return self.amount_rappen - self.charges_rappen


@dataclass(frozen=True, kw_only=True)
class Unissued:
    """Not issued; the invoice may have been cancelled by a storno that came first."""

    cancelled_by: SubmissionId | None = None
    noted: frozenset[SubmissionId] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Issued:
    """Issued, and perhaps ended; always amount = paid + waived + open, unless it was cancelled."""

    amount_rappen: int
    waived_rappen: int = 0
    end: End | None = None
    receipts: Mapping[CreditId, Receipt] = field(default_factory=dict)
    reversals: frozenset[CreditId] = frozenset()
    noted: frozenset[SubmissionId] = frozenset()
    dispatched: bool = False
    copied: bool = False

    @property
    def paid_rappen(self) -> int:
        """What of the receipts serves the invoice."""
        return sum(receipt.served_rappen for receipt in self.receipts.values())

    @property
    def surplus_rappen(self) -> int:
        """What of the receipts is credit of the debtor."""
        return sum(receipt.surplus_rappen for receipt in self.receipts.values())

    @property
    def open_rappen(self) -> int:
        """What is still asked for."""
        if self.end == "CANCELLED":
            return 0
        return self.amount_rappen - self.paid_rappen - self.waived_rappen


State: TypeAlias = Unissued | Issued
INITIAL: State = Unissued()


def evolve(state: State, event: InvoiceEvent) -> State:
    """Apply a fact. Consults no policy, so old events keep the meaning they had."""
    match state, event:
        case Unissued(), InvoiceIssued():
            return Issued(amount_rappen=event.open_rappen, noted=state.noted)
        case Unissued(), RequestNoted():
            storno = event.kind is Kind.STORNO
            return Unissued(
                cancelled_by=event.submission_id if storno else state.cancelled_by,
                noted=state.noted | {event.submission_id},
            )
        case Issued(), RequestNoted():
            return replace(state, noted=state.noted | {event.submission_id})
        case Issued(), InvoiceDispatched():
            return replace(state, dispatched=True)
        case Issued(), PatientCopySent():
            return replace(state, copied=True)
        case Issued(), PaymentReceived():
            receipt = Receipt(
                served_rappen=event.amount_rappen,
                surplus_rappen=event.surplus_rappen,
                charges_rappen=event.charges_rappen,
            )
            return replace(state, receipts={**state.receipts, event.credit_id: receipt})
        case Issued(), PaymentReversed():
            return _taken_back(state, event)
        case Issued(), ReversalUnmatched():
            return replace(state, reversals=state.reversals | {event.reversal_id})
        case Issued(), InvoiceSettled():
            return replace(state, end=event.end, waived_rappen=event.waived_rappen)
        case Issued(), InvoiceCancelled():
            return _cancelled(state)
        case _:
            return state


def _taken_back(state: Issued, event: PaymentReversed) -> Issued:
    receipt = state.receipts.get(event.credit_id, Receipt(served_rappen=0, surplus_rappen=0))
    lacking = max(0, event.surplus_rappen - receipt.surplus_rappen)
    left = Receipt(
        served_rappen=receipt.served_rappen - event.amount_rappen - lacking,
        surplus_rappen=receipt.surplus_rappen - event.surplus_rappen + lacking,
        charges_rappen=receipt.charges_rappen - event.charges_rappen,
    )
    reopened = event.open_rappen > 0
    return replace(
        state,
        receipts=_serving({**state.receipts, event.credit_id: left}, lacking),
        reversals=state.reversals | {event.reversal_id or event.credit_id},
        waived_rappen=0 if reopened else state.waived_rappen,
        end=None if reopened else state.end,
    )


def _serving(receipts: Mapping[CreditId, Receipt], rappen: int) -> Mapping[CreditId, Receipt]:
    """Return receipts of whose surplus so much serves the invoice now, the oldest first."""
    serving = {}
    for credit_id, receipt in receipts.items():
        moved = min(rappen, receipt.surplus_rappen)
        rappen -= moved
        serving[credit_id] = replace(
            receipt,
            served_rappen=receipt.served_rappen + moved,
            surplus_rappen=receipt.surplus_rappen - moved,
        )
    return serving


def _cancelled(state: Issued) -> Issued:
    """Return the cancelled invoice: what was paid for it is the debtor's credit now."""
    receipts = {
        credit_id: replace(receipt, served_rappen=0, surplus_rappen=receipt.amount_rappen)
        for credit_id, receipt in state.receipts.items()
    }
    return replace(state, receipts=receipts, end="CANCELLED")
