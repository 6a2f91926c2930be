"""The rules of money on one invoice: receipts, too much or little, what is taken back. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from libs.events import InvoiceSettled, PaymentReceived, PaymentReversed, ReversalUnmatched
from libs.events.values import CreditId, InvoiceId, PracticeId
from services.invoicing.decider.state import InvoiceEvent, Issued, Receipt

SMALL_RAPPEN = 500
"""A rest up to this is not asked for any more. Source: BR-121, small_balance_tolerance."""


@dataclass(frozen=True, kw_only=True)
class RecordPayment:
    """Book a receipt whose reference names this invoice (BR-71)."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    credit_id: CreditId
    amount_rappen: int
    """What the bank booked."""
    charges_rappen: int = 0
    """What it had taken off before as a charge: the payer paid both."""
    booked_on: date
    value_on: date


@dataclass(frozen=True, kw_only=True)
class ReversePayment:
    """The bank took back a receipt whose reference names this invoice."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    reversal_id: CreditId
    """The bank's entry that reverses; banks seldom name the receipt that it undoes."""
    original_reference: str
    amount_rappen: int
    booked_on: date
    value_on: date


def receive(state: Issued, command: RecordPayment) -> Sequence[InvoiceEvent]:
    """Book a receipt: what the invoice still needs serves it, the rest is the debtor's (BR-89).

    Nothing is refused: money for an invoice that has ended is surplus as a whole. A receipt heard
    again changes nothing. A charge that the bank took off is ours to bear: the debtor has paid it.
    Source: BR-70, BR-71, payments 3.6 and 3.8 number 9.
    """
    if command.credit_id in state.receipts or command.amount_rappen <= 0:
        return []
    paid = command.amount_rappen + command.charges_rappen
    served = 0 if state.end else min(paid, state.open_rappen)
    left = state.open_rappen - served
    received = PaymentReceived(
        practice_id=command.practice_id,
        invoice_id=command.invoice_id,
        credit_id=command.credit_id,
        amount_rappen=served,
        surplus_rappen=paid - served,
        charges_rappen=command.charges_rappen,
        open_rappen=left,
        booked_on=command.booked_on,
        value_on=command.value_on,
    )
    if state.end or left > SMALL_RAPPEN:
        return [received]
    settled = InvoiceSettled(
        practice_id=command.practice_id,
        invoice_id=command.invoice_id,
        end="SETTLED_SMALL" if left else "PAID",
        waived_rappen=left,
        on=command.booked_on,
    )
    return [received, settled]


def reverse(state: Issued, command: ReversePayment) -> Sequence[InvoiceEvent]:
    """Undo a receipt: the surplus goes first, then the invoice is open again.

    The surplus of another receipt goes first too: nobody owes what stands here as his credit.
    A rest that was waived because it was small is asked for again: its ground is gone. A reversal
    that fits no receipt of the invoice is put where a person looks at it. Source: payments 3.7.
    """
    if command.reversal_id in state.reversals or command.amount_rappen <= 0:
        return []
    undone = _receipt_undone(state, command)
    if undone is None:
        return [
            ReversalUnmatched(
                practice_id=command.practice_id,
                reversal_id=command.reversal_id,
                original_reference=command.original_reference,
                amount_rappen=command.amount_rappen,
                booked_on=command.booked_on,
                value_on=command.value_on,
            )
        ]
    charges = _charges_undone(state.receipts[undone], command)
    surplus = min(state.surplus_rappen, command.amount_rappen + charges)
    served = command.amount_rappen + charges - surplus
    lapsing = state.waived_rappen if served else 0
    return [
        PaymentReversed(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            credit_id=undone,
            reversal_id=command.reversal_id,
            amount_rappen=served,
            surplus_rappen=surplus,
            charges_rappen=charges,
            open_rappen=state.open_rappen + served + lapsing,
            booked_on=command.booked_on,
        )
    ]


def _receipt_undone(state: Issued, command: ReversePayment) -> CreditId | None:
    """Return the receipt that is undone: the named one, else the last of that very amount.

    A reversal of part of a receipt undoes the last one that is large enough.
    """
    if command.reversal_id in state.receipts:
        named = state.receipts[command.reversal_id].amount_rappen
        return command.reversal_id if named >= command.amount_rappen else None
    wanted, receipts = command.amount_rappen, state.receipts.items()
    equal = [credit for credit, one in receipts if wanted in {one.amount_rappen, one.booked_rappen}]
    larger = [credit for credit, one in receipts if wanted < one.amount_rappen]
    fitting = equal or larger
    return fitting[-1] if fitting else None


def _charges_undone(receipt: Receipt, command: ReversePayment) -> int:
    """Return the charge that falls away where all is taken back that the bank had booked."""
    return receipt.charges_rappen if command.amount_rappen == receipt.booked_rappen else 0
