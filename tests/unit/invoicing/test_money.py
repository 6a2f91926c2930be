"""Money on an invoice: whole, part, too much, small rests, reversals (BR-70, BR-89, BR-121)."""

from collections.abc import Sequence
from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs

from libs.events import (
    CreditUnmatched,
    InvoiceCancelled,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
    ReversalUnmatched,
)
from libs.events.values import CreditId, SubmissionId
from services.invoicing.app import CREDIT
from services.invoicing.app import INVOICE as AGGREGATE
from services.invoicing.decider.credit import KeepCredit, KeepReversal
from services.invoicing.decider.invoice import CancelInvoice, Command, decide
from services.invoicing.decider.state import InvoiceEvent, Issued, evolve
from tests.scenario import Scenario
from tests.unit.invoicing.values import (
    DAY,
    INVOICE,
    PRACTICE,
    REFERENCE,
    issued,
    pay,
    received,
    take_back,
)

invoice = Scenario(AGGREGATE).given(issued(10_000))


def settled(end: Literal["PAID", "SETTLED_SMALL"], waived: int = 0) -> InvoiceSettled:
    return InvoiceSettled(
        practice_id=PRACTICE, invoice_id=INVOICE, end=end, waived_rappen=waived, on=DAY
    )


def reversed_(
    served: int, left: int, surplus: int = 0, credit: str = "credit-1", by: str = "reversal-1"
) -> PaymentReversed:
    return PaymentReversed(
        practice_id=PRACTICE, invoice_id=INVOICE, credit_id=CreditId(credit),
        reversal_id=CreditId(by), amount_rappen=served, surplus_rappen=surplus, open_rappen=left,
        booked_on=DAY,
    )  # fmt: skip


def test_the_whole_amount_settles_the_invoice() -> None:
    invoice.when(pay(10_000)).then(received(10_000, 0), settled("PAID"))


def test_a_part_payment_leaves_the_rest_open() -> None:
    invoice.when(pay(4_000)).then(received(4_000, 6_000))


def test_two_part_payments_settle_it() -> None:
    half = invoice.given(received(4_000, 6_000))
    half.when(pay(6_000, "credit-2")).then(received(6_000, 0, credit="credit-2"), settled("PAID"))


def test_what_is_paid_too_much_is_credit_of_the_debtor_br_89() -> None:
    invoice.when(pay(12_500)).then(received(10_000, 0, 2_500), settled("PAID"))


def test_a_rest_of_4_80_is_waived_t24() -> None:
    invoice.when(pay(9_520)).then(received(9_520, 480), settled("SETTLED_SMALL", 480))


def test_five_francs_are_waived_and_one_rappen_more_is_not_br_121() -> None:
    invoice.when(pay(9_500)).then(received(9_500, 500), settled("SETTLED_SMALL", 500))
    invoice.when(pay(9_499)).then(received(9_499, 501))


def test_money_for_an_invoice_that_has_ended_is_surplus_as_a_whole() -> None:
    paid = invoice.given(received(10_000, 0), settled("PAID"))
    paid.when(pay(10_000, "credit-2")).then(received(0, 0, 10_000, "credit-2"))
    small = invoice.given(received(9_520, 480), settled("SETTLED_SMALL", 480))
    small.when(pay(480, "credit-2")).then(received(0, 0, 480, "credit-2"))


def test_a_receipt_heard_twice_is_booked_once() -> None:
    invoice.when(pay(4_000)).then(received(4_000, 6_000)).when(pay(4_000)).then_nothing()


def test_two_equal_payments_are_two_payments() -> None:
    once = invoice.given(received(4_000, 6_000))
    once.when(pay(4_000, "credit-2")).then(received(4_000, 2_000, credit="credit-2"))


def test_a_reversal_opens_the_invoice_again() -> None:
    paid = invoice.given(received(10_000, 0), settled("PAID"))
    after = paid.when(take_back(10_000)).then(reversed_(10_000, 10_000))
    after.when(take_back(10_000)).then_nothing()
    after.when(pay(10_000, "credit-2")).then(
        received(10_000, 0, credit="credit-2"), settled("PAID")
    )


def test_a_reversal_takes_the_surplus_first() -> None:
    over = invoice.given(received(10_000, 0, 2_500), settled("PAID"))
    over.when(take_back(2_000)).then(reversed_(0, 0, 2_000))
    over.when(take_back(12_500)).then(reversed_(10_000, 10_000, 2_500))


def test_a_waived_rest_is_asked_for_again_when_its_payment_is_taken_back() -> None:
    small = invoice.given(received(9_520, 480), settled("SETTLED_SMALL", 480))
    after = small.when(take_back(9_520)).then(reversed_(9_520, 10_000))
    assert after.state.open_rappen == 10_000


def test_the_receipt_of_that_very_amount_is_undone_not_a_larger_one() -> None:
    two = invoice.given(received(4_000, 6_000), received(5_000, 1_000, credit="credit-2"))
    two.when(take_back(4_000)).then(reversed_(4_000, 5_000))
    two.when(take_back(1_000)).then(reversed_(1_000, 2_000, credit="credit-2"))


def test_a_reversal_that_names_the_receipt_undoes_that_one() -> None:
    two = invoice.given(received(4_000, 6_000), received(4_000, 2_000, credit="credit-2"))
    two.when(take_back(4_000, "credit-1")).then(reversed_(4_000, 6_000, by="credit-1"))


def test_a_debtor_who_has_credit_here_is_not_asked_again_for_as_much() -> None:
    """BR-89: what another receipt brought too much serves the invoice before it is open again."""
    part = received(6_000, 4_000)
    twice = invoice.given(part, received(4_000, 0, 6_000, "credit-2"), settled("PAID"))
    still_paid = twice.when(take_back(6_000)).then(reversed_(0, 0, 6_000))
    assert (still_paid.state.end, still_paid.state.paid_rappen) == ("PAID", 10_000)
    still_paid.when(take_back(10_000, "reversal-2")).then(
        reversed_(10_000, 10_000, credit="credit-2", by="reversal-2")
    )


def test_charges_that_the_bank_took_off_are_paid_by_the_debtor_all_the_same() -> None:
    """Vector P20: 48.80 booked and a charge of 1.20 pay 50.00."""
    paid = Scenario(AGGREGATE).given(issued(5_000)).when(pay(4_880, charges=120))
    after = paid.then(received(5_000, 0, charges=120), settled("PAID"))
    undone = after.when(take_back(4_880)).decided()
    assert undone == (structs.replace(reversed_(5_000, 5_000), charges_rappen=120),)
    whole = after.when(take_back(5_000)).then(reversed_(5_000, 5_000))
    (nothing_left,) = whole.when(take_back(1, "reversal-2")).decided()
    assert isinstance(nothing_left, ReversalUnmatched)
    part = after.when(take_back(2_000)).then(reversed_(2_000, 2_000))
    (rest,) = part.when(take_back(2_880, "reversal-2")).decided()
    assert isinstance(rest, PaymentReversed)
    assert (rest.amount_rappen, rest.charges_rappen, rest.open_rappen) == (3_000, 120, 5_000)


def test_a_storno_lets_go_of_what_was_waived_before_too() -> None:
    small = invoice.given(received(9_520, 480), settled("SETTLED_SMALL", 480))
    storno = CancelInvoice(
        practice_id=PRACTICE, invoice_id=INVOICE, submission_id=SubmissionId("s"), on=DAY
    )
    (cancelled,) = small.when(storno).decided()
    assert isinstance(cancelled, InvoiceCancelled)
    assert (cancelled.paid_rappen, cancelled.waived_rappen) == (9_520, 480)


def test_a_reversal_that_fits_no_receipt_is_put_where_a_person_looks() -> None:
    kept = ReversalUnmatched(
        practice_id=PRACTICE, reversal_id=CreditId("reversal-1"), original_reference=REFERENCE,
        amount_rappen=7_000, booked_on=DAY, value_on=DAY,
    )  # fmt: skip
    after = invoice.given(received(4_000, 6_000)).when(take_back(7_000)).then(kept)
    after.when(take_back(7_000)).then_nothing()


def test_a_reversal_after_the_cancellation_takes_from_the_debtors_credit() -> None:
    cancelled = invoice.given(
        received(4_000, 6_000),
        InvoiceCancelled(
            practice_id=PRACTICE, invoice_id=INVOICE, submission_id=SubmissionId("storno"),
            waived_rappen=6_000, paid_rappen=4_000, on=DAY,
        ),
    )  # fmt: skip
    cancelled.when(take_back(4_000)).then(reversed_(0, 0, 4_000))


def test_unmatched_money_and_reversals_are_kept_once() -> None:
    credit = Scenario(CREDIT)
    keep = KeepCredit(
        practice_id=PRACTICE, credit_id=CreditId("c"), amount_rappen=1, reason="NO_REFERENCE",
        booked_on=DAY, value_on=DAY,
    )  # fmt: skip
    event = CreditUnmatched(
        practice_id=PRACTICE, credit_id=CreditId("c"), amount_rappen=1, reason="NO_REFERENCE",
        booked_on=DAY, value_on=DAY,
    )  # fmt: skip
    credit.when(keep).then(event).when(keep).then_nothing()
    back = KeepReversal(
        practice_id=PRACTICE, credit_id=CreditId("r"), original_reference="", amount_rappen=1,
        booked_on=DAY, value_on=DAY,
    )  # fmt: skip
    gone = ReversalUnmatched(
        practice_id=PRACTICE, reversal_id=CreditId("r"), original_reference="", amount_rappen=1,
        booked_on=DAY, value_on=DAY,
    )  # fmt: skip
    credit.when(back).then(gone).when(back).then_nothing()


class AnInvoiceAndItsMoney(RuleBasedStateMachine):
    """However money comes and goes, not a rappen appears or vanishes."""

    def __init__(self) -> None:
        super().__init__()
        self.state = evolve(AGGREGATE.initial, issued(10_000))
        self.in_hand = 0
        self.count = 0

    @rule(amount=st.integers(1, 15_000), charges=st.sampled_from((0, 0, 120)))
    def money_comes(self, amount: int, charges: int) -> None:
        self.count += 1
        self.handle(pay(amount, f"credit-{self.count}", charges))
        self.in_hand += amount + charges

    @rule(amount=st.one_of(st.integers(1, 15_000), st.just(0)), last=st.booleans())
    def the_bank_takes_back(self, amount: int, last: bool) -> None:  # noqa: FBT001 - drawn
        assert isinstance(self.state, Issued)
        receipts = list(self.state.receipts.values())
        wanted = receipts[-1].booked_rappen if last and receipts else amount
        self.count += 1
        events = self.handle(take_back(wanted, f"reversal-{self.count}"))
        for event in events:
            if isinstance(event, PaymentReversed):
                self.in_hand -= event.amount_rappen + event.surplus_rappen

    @rule()
    def the_practice_cancels(self) -> None:
        self.handle(
            CancelInvoice(
                practice_id=PRACTICE, invoice_id=INVOICE, submission_id=SubmissionId("s"), on=DAY
            )
        )

    def handle(self, command: Command) -> Sequence[InvoiceEvent]:
        events = decide(self.state, command)
        for event in events:
            self.state = evolve(self.state, event)
            if isinstance(event, PaymentReceived | PaymentReversed):
                assert isinstance(self.state, Issued)
                assert event.open_rappen == self.state.open_rappen
        assert decide(self.state, command) == [], "said twice equals once"
        return events

    @invariant()
    def all_money_is_in_its_place(self) -> None:
        assert isinstance(self.state, Issued)
        receipts = self.state.receipts.values()
        assert sum(receipt.amount_rappen for receipt in receipts) == self.in_hand
        assert all(min(r.served_rappen, r.surplus_rappen) >= 0 for r in receipts)
        assert 0 <= self.state.open_rappen <= 10_000
        if self.state.end is None:
            assert self.state.open_rappen == 10_000 - self.state.paid_rappen > 0


TestAnInvoiceAndItsMoney = AnInvoiceAndItsMoney.TestCase
