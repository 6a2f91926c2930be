"""The rules of money on one invoice: receipts, too much or little, what is taken back. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from libs.events import InvoiceSettled, PaymentReceived, PaymentReversed, ReversalUnmatched
from libs.events.values import CreditId, InvoiceId, PracticeId
from services.invoicing.decider.state import InvoiceEvent, Issued

SMALL_RAPPEN = 500
"""A rest up to this is not asked for any more. Source: BR-121, small_balance_tolerance."""


@dataclass(frozen=True, kw_only=True)
class RecordPayment:
    """Book a receipt whose reference names this invoice (BR-71)."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    credit_id: CreditId
    amount_rappen: int
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
    again changes nothing. Source: BR-70, BR-71, payments 3.8 number 9.
    """
    if command.credit_id in state.receipts or command.amount_rappen <= 0:
        return []
    served = 0 if state.end else min(command.amount_rappen, state.open_rappen)
    left = state.open_rappen - served
    received = PaymentReceived(
        practice_id=command.practice_id,
        invoice_id=command.invoice_id,
        credit_id=command.credit_id,
        amount_rappen=served,
        surplus_rappen=command.amount_rappen - served,
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
    surplus = min(state.surplus_rappen, command.amount_rappen)
    served = command.amount_rappen - surplus
    lapsing = state.waived_rappen if served else 0
    return [
        PaymentReversed(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            credit_id=undone,
            reversal_id=command.reversal_id,
            amount_rappen=served,
            surplus_rappen=surplus,
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
    amounts = {credit: receipt.amount_rappen for credit, receipt in state.receipts.items()}
    equal = [credit for credit, amount in amounts.items() if amount == command.amount_rappen]
    larger = [credit for credit, amount in amounts.items() if amount > command.amount_rappen]
    fitting = equal or larger
    return fitting[-1] if fitting else None
