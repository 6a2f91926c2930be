"""What payments, reversals, settlement and cancellation do to a case."""

from datetime import date

from libs.events import DunningResumed, DunningStopped, HoldLifted, PartPaid
from libs.events.values import CreditId, Hold, Stage
from services.dunning.case import PaymentTakenBack
from services.dunning.money import StopDunning
from tests.unit.dunning.cases import (
    DUE,
    IDS,
    after,
    case,
    escalate,
    opened,
    pay,
    steps,
    take_back,
    walk,
)

FIRST, WRITTEN = date(2026, 2, 24), date(2026, 3, 26)
AUTUMN = date(2026, 10, 30)


def test_full_payment_stops_the_case_and_again_changes_nothing() -> None:
    stopped = case.given(opened()).when(pay(0, DUE)).then(DunningStopped(**IDS, end="PAID", on=DUE))
    stopped.when(pay(0, DUE)).then_nothing()


def test_a_rest_within_tolerance_ends_the_case_when_it_is_waived() -> None:
    """T24, BR-121."""
    left = after(case.given(opened()), pay(4_80, DUE))
    settled = StopDunning(**IDS, end="SETTLED_SMALL", on=DUE)
    ended = left.when(settled).then(DunningStopped(**IDS, end="SETTLED_SMALL", on=DUE))
    assert steps(walk(ended, AUTUMN)) == []


def test_a_quarter_paid_restarts_the_wait() -> None:
    """BR-127: 120 of 480 francs on 2026-03-20; thirty days later is Sunday 2026-04-19."""
    reminded = walk(case.given(opened()), FIRST)
    reminded.when(pay(360_00, date(2026, 3, 20))).then(
        PartPaid(
            **IDS,
            credit_id=CreditId("credit-1"),
            open_rappen=360_00,
            on=date(2026, 3, 20),
            next_stage=Stage.RPLUS_WRITTEN,
            next_on=date(2026, 4, 20),
            wait_restarted=True,
        )
    )


def test_less_than_a_quarter_leaves_the_plan_as_it_was() -> None:
    reminded = walk(case.given(opened()), FIRST)
    (event,) = reminded.when(pay(360_01, date(2026, 3, 20))).decided()
    assert isinstance(event, PartPaid)
    assert (event.next_on, event.wait_restarted) == (WRITTEN, False)


def test_the_wait_restarts_once_a_stage() -> None:
    """BR-127: small instalments of one's own do not put off the next letter for ever."""
    once = after(walk(case.given(opened()), FIRST), pay(240_00, date(2026, 3, 20)))
    (again,) = once.when(pay(120_00, date(2026, 4, 10), "credit-2")).decided()
    assert isinstance(again, PartPaid)
    assert (again.next_on, again.wait_restarted) == (date(2026, 4, 20), False)
    next_stage = after(once, escalate(date(2026, 4, 20)))
    (fresh,) = next_stage.when(pay(120_00, date(2026, 4, 22), "credit-2")).decided()
    assert isinstance(fresh, PartPaid)
    assert fresh.wait_restarted


def test_a_payment_never_brings_a_step_forward() -> None:
    """BR-127: paid on the day of issue, the wait of 50 days ends before the planned day."""
    long_term = opened(due_on=date(2026, 4, 2))
    (event,) = case.given(long_term).when(pay(100_00, date(2026, 1, 6))).decided()
    assert isinstance(event, PartPaid)
    assert (event.next_on, event.wait_restarted) == (long_term.next_on, True)


def test_a_part_payment_heard_twice_changes_nothing() -> None:
    once = after(case.given(opened()), pay(400_00, DUE))
    once.when(pay(400_00, DUE)).then_nothing()


def test_a_part_payment_to_the_agency_restarts_nothing() -> None:
    handed_over = walk(case.given(opened()), date(2026, 5, 12))
    (event,) = handed_over.when(pay(100_00, date(2026, 6, 1))).decided()
    assert isinstance(event, PartPaid)
    assert (event.next_on, event.wait_restarted) == (None, False)


def test_a_payment_taken_back_resumes_the_case_where_it_stood() -> None:
    paid = after(walk(case.given(opened()), FIRST), pay(0, date(2026, 3, 24)))
    resumed = paid.when(take_back(480_00, date(2026, 3, 27))).then(
        DunningResumed(
            **IDS,
            open_rappen=480_00,
            stage=Stage.FIRST_REMINDER,
            next_stage=Stage.RPLUS_WRITTEN,
            next_on=date(2026, 4, 7),
            on=date(2026, 3, 27),
        )
    )
    resumed.when(take_back(480_00, date(2026, 3, 27))).then_nothing()
    assert steps(walk(resumed, AUTUMN, first=date(2026, 3, 28)))[1] == (
        Stage.RPLUS_WRITTEN,
        date(2026, 4, 7),
    )


def test_a_part_payment_taken_back_only_raises_what_is_open() -> None:
    part = after(walk(case.given(opened()), FIRST), pay(400_00, date(2026, 3, 2)))
    part.when(take_back(480_00, date(2026, 3, 9))).then(
        PaymentTakenBack(
            **IDS,
            credit_id=CreditId("reversal-1"),
            open_rappen=480_00,
            on=date(2026, 3, 9),
        )
    )


def test_a_small_sum_that_grew_again_is_reminded_again() -> None:
    """BR-121."""
    small = after(case.given(opened()), pay(8_00, DUE), escalate(date(2026, 3, 26)))
    assert small.state.blocked_by is Hold.SMALL_AMOUNT
    grown = after(small, take_back(480_00, date(2026, 3, 30)))
    assert isinstance(grown.events[-1], HoldLifted)
    assert grown.state.blocked_by is None
    assert steps(walk(grown, AUTUMN, first=date(2026, 3, 31)))[0] == (
        Stage.FIRST_REMINDER,
        date(2026, 4, 9),
    )


def test_a_small_sum_that_stays_small_stays_with_a_person() -> None:
    small = after(case.given(opened()), pay(8_00, DUE), escalate(date(2026, 3, 26)))
    part = after(small, take_back(9_00, date(2026, 3, 30)))
    assert part.state.blocked_by is Hold.SMALL_AMOUNT


def test_a_cancelled_case_is_not_resumed_by_money_taken_back() -> None:
    cancelled = after(case.given(opened()), StopDunning(**IDS, end="CANCELLED", on=DUE))
    cancelled.when(take_back(480_00, DUE)).then_nothing()


def test_money_for_an_invoice_without_a_case_says_nothing() -> None:
    """Test messages (B30) have invoices but no cases."""
    case.when(pay(0, DUE)).then_nothing()
    case.when(take_back(480_00, DUE)).then_nothing()
    case.when(StopDunning(**IDS, end="PAID", on=DUE)).then_nothing()


def test_a_part_payment_says_which_step_the_smaller_sum_leads_to() -> None:
    """BR-121: under 50 francs the plain ladder runs, and back again with the whole sum."""
    reminded = walk(case.given(opened(open_rappen=100_00)), FIRST)
    small = after(reminded, pay(40_00, date(2026, 3, 2)))
    assert small.state.next_stage is Stage.SECOND_REMINDER
    taken = steps(walk(small, date(2026, 4, 1), first=date(2026, 3, 3)))[1]
    assert taken == (small.state.next_stage, small.state.next_on)
    resumed = after(small, pay(0, date(2026, 3, 3), "c-2"), take_back(100_00, date(2026, 3, 4)))
    assert resumed.state.next_stage is Stage.RPLUS_WRITTEN


def test_a_surplus_taken_back_resumes_nothing() -> None:
    """Payments 3.7: the invoice stays paid; so does one that was cancelled after it was paid."""
    paid = after(case.given(opened()), pay(0, DUE))
    paid.when(take_back(0, date(2026, 3, 27))).then_nothing()


def test_a_case_resumes_without_the_hold_of_a_small_sum_that_has_grown() -> None:
    """BR-121: the rest was too small to remind; then all is paid, and the large part taken back."""
    small = after(case.given(opened()), pay(8_00, DUE), escalate(date(2026, 3, 26)))
    paid = after(small, pay(0, date(2026, 3, 27), "credit-2"))
    grown = after(paid, take_back(472_00, date(2026, 3, 30)))
    assert grown.state.blocked_by is None
    assert grown.state.next_on == date(2026, 4, 9)
    assert steps(walk(grown, AUTUMN, first=date(2026, 3, 31)))[0] == (
        Stage.FIRST_REMINDER,
        date(2026, 4, 9),
    )


def test_a_case_resumes_with_its_hold_where_the_sum_is_still_small() -> None:
    small = after(case.given(opened()), pay(8_00, DUE), escalate(date(2026, 3, 26)))
    paid = after(small, pay(0, date(2026, 3, 27), "credit-2"))
    resumed = after(paid, take_back(8_00, date(2026, 3, 30)))
    assert resumed.state.blocked_by is Hold.SMALL_AMOUNT


def test_a_case_that_the_agency_has_says_so_when_its_money_is_taken_back() -> None:
    handed_over = walk(case.given(opened()), date(2026, 5, 12))
    paid = after(handed_over, pay(0, date(2026, 6, 1)))
    (resumed,) = paid.when(take_back(480_00, date(2026, 6, 9))).decided()
    assert isinstance(resumed, DunningResumed)
    assert (resumed.stage, resumed.next_stage, resumed.next_on) == (Stage.COLLECTION, None, None)
