"""What factoring hears becomes a command, booked in a month that is open."""

from datetime import date

from libs.events import (
    CollectionRequested,
    CreditUnmatched,
    HoldLifted,
    HoldPlaced,
    InvoiceCancelled,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
    ReversalUnmatched,
)
from libs.events.terms import Contract
from libs.events.values import COOPERATIVE, CreditId, Hold, SubmissionId
from services.factoring import consumers
from services.factoring.consumers import Known, OpenBooks
from services.factoring.contracts import Contracts
from services.factoring.decider.claim import CloseClaim, NoteCollection, NoteDispute
from services.factoring.decider.receipt import ParkReceipt
from services.factoring.decider.receipts import RecordReceipt, ReverseReceipt
from tests.unit.dunning.test_consumers import issued
from tests.unit.factoring.claims import DUE, IDS, INVOICE, ISSUED, PRACTICE, transmit

LAST_OF_MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 1)
OPEN = OpenBooks({})
MARCH_LOCKED = OpenBooks({PRACTICE: APRIL, COOPERATIVE: APRIL})


def test_a_new_invoice_is_transmitted_by_the_contract_of_its_day() -> None:
    """BR-158, BR-159."""
    contracts = Contracts({PRACTICE: [(ISSUED, Contract(fee_bp=120)), (DUE, Contract(fee_bp=999))]})
    command = consumers.transmit(issued(), Known(contracts=contracts, books=OPEN))
    assert command == transmit(480_00)


def test_a_practice_without_a_contract_has_a_mandate() -> None:
    command = consumers.transmit(issued(), Known(contracts=Contracts({}), books=OPEN))
    assert command is not None
    assert command.fee_bp == Contract().fee_bp


def test_a_test_invoice_moves_no_money() -> None:
    """B30."""
    known = Known(contracts=Contracts({}), books=OPEN)
    assert consumers.transmit(issued(test=True), known) is None


def received(on: date) -> PaymentReceived:
    return PaymentReceived(
        **IDS,
        credit_id=CreditId("c-1"),
        amount_rappen=90_00,
        surplus_rappen=10_00,
        open_rappen=0,
        booked_on=on,
        value_on=on,
    )


def test_money_is_booked_on_its_day_or_once_that_month_is_locked_on_the_next_open_one() -> None:
    """Value dates stay what the bank said (BR-156)."""
    expected = RecordReceipt(
        **IDS,
        credit_id=CreditId("c-1"),
        amount_rappen=90_00,
        surplus_rappen=10_00,
        open_rappen=0,
        on=LAST_OF_MARCH,
        value_on=LAST_OF_MARCH,
    )
    assert consumers.record_receipt(received(LAST_OF_MARCH), OPEN) == expected
    late = consumers.record_receipt(received(LAST_OF_MARCH), MARCH_LOCKED)
    assert (late.on, late.value_on) == (APRIL, LAST_OF_MARCH)
    assert consumers.record_receipt(received(DUE.replace(month=5)), MARCH_LOCKED).on == DUE.replace(
        month=5
    )


def test_a_reversal_is_known_by_the_banks_own_entry() -> None:
    event = PaymentReversed(
        **IDS,
        credit_id=CreditId("c-1"),
        reversal_id=CreditId("r-1"),
        amount_rappen=90_00,
        surplus_rappen=10_00,
        open_rappen=90_00,
        booked_on=APRIL,
    )
    assert consumers.reverse_receipt(event, OPEN) == ReverseReceipt(
        **IDS,
        reversal_id=CreditId("r-1"),
        amount_rappen=90_00,
        surplus_rappen=10_00,
        open_rappen=90_00,
        on=APRIL,
    )


def test_only_a_waived_rest_and_a_cancellation_close_a_claim() -> None:
    paid = InvoiceSettled(**IDS, end="PAID", on=APRIL)
    assert consumers.close_settled(paid, OPEN) is None
    small = InvoiceSettled(**IDS, end="SETTLED_SMALL", waived_rappen=4_80, on=APRIL)
    assert consumers.close_settled(small, OPEN) == CloseClaim(**IDS, reason="waived", on=APRIL)
    cancelled = InvoiceCancelled(
        **IDS, submission_id=SubmissionId("s-2"), waived_rappen=1, paid_rappen=0, on=APRIL
    )
    assert consumers.close_cancelled(cancelled, OPEN) == CloseClaim(
        **IDS, reason="cancelled", on=APRIL
    )


def test_money_without_an_invoice_is_parked_and_unparked() -> None:
    credit = CreditUnmatched(
        practice_id=COOPERATIVE,
        credit_id=CreditId("c-9"),
        amount_rappen=75_00,
        reason="NO_REFERENCE",
        booked_on=LAST_OF_MARCH,
        value_on=LAST_OF_MARCH,
    )
    assert consumers.park_credit(credit, MARCH_LOCKED) == ParkReceipt(
        practice_id=COOPERATIVE, credit_id=CreditId("c-9"), amount_rappen=75_00, on=APRIL
    )
    back = ReversalUnmatched(
        practice_id=COOPERATIVE,
        reversal_id=CreditId("r-9"),
        original_reference="",
        amount_rappen=75_00,
        booked_on=APRIL,
        value_on=APRIL,
    )
    assert consumers.park_reversal(back, OPEN) == ParkReceipt(
        practice_id=COOPERATIVE, credit_id=CreditId("r-9"), amount_rappen=-75_00, on=APRIL
    )


def test_a_hand_over_and_a_dispute_are_noted_other_holds_are_not() -> None:
    requested = CollectionRequested(
        **IDS, open_rappen=1, agency="InkassoMed", secrecy_basis="CONSENT", on=APRIL
    )
    assert consumers.note_collection(requested, OPEN) == NoteCollection(**IDS, on=APRIL)
    placed = HoldPlaced(**IDS, reason=Hold.DISPUTE, by="u", on=APRIL, review_on=APRIL)
    lifted = HoldLifted(**IDS, reason=Hold.DISPUTE, by="u", on=APRIL, next_on=None)
    assert consumers.note_dispute(placed) == NoteDispute(**IDS, disputed=True, on=APRIL)
    assert consumers.note_dispute(lifted) == NoteDispute(**IDS, disputed=False, on=APRIL)
    pause = HoldPlaced(
        practice_id=PRACTICE,
        invoice_id=INVOICE,
        reason=Hold.PRACTICE_PAUSE,
        by="u",
        on=APRIL,
        review_on=APRIL,
    )
    assert consumers.note_dispute(pause) is None
