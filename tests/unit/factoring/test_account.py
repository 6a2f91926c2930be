"""Months of a member's books, and money without an owner."""

from datetime import date, timedelta

from libs.events import ReceiptParked
from libs.events.values import COOPERATIVE, CreditId, Posting
from services.factoring.calendar_months import first_after, lockable_before, month_of
from services.factoring.decider.account import (
    BooksUnbalanced,
    CloseMonth,
    LockMonth,
    MonthClosed,
    MonthLocked,
    NotLocked,
)
from services.factoring.decider.receipt import ParkReceipt
from tests.unit.factoring.claims import PRACTICE, account, after, receipt

LOCKED_ON = date(2026, 4, 5)
NEXT_DAY = LOCKED_ON + timedelta(days=1)

lock = LockMonth(practice_id=PRACTICE, month="2026-03", on=LOCKED_ON)


def close(opening: dict[str, int], moved: dict[str, int], on: date = NEXT_DAY) -> CloseMonth:
    return CloseMonth(practice_id=PRACTICE, month="2026-03", opening=opening, moved=moved, on=on)


def postings(**balances: int) -> tuple[Posting, ...]:
    return tuple(
        Posting(account=name[1:], amount_rappen=amount) for name, amount in balances.items()
    )


def test_a_month_is_locked_once_and_then_closed_with_its_proof() -> None:
    """BR-155."""
    locked = account.when(lock).then(
        MonthLocked(practice_id=PRACTICE, month="2026-03", on=LOCKED_ON)
    )
    locked.when(lock).then_nothing()
    command = close(
        {"1020": 100, "2000": -100}, {"1020": 50, "2030": -50, "2000": 100, "1150": -100}
    )
    closed = locked.when(command).then(
        MonthClosed(
            practice_id=PRACTICE,
            month="2026-03",
            on=NEXT_DAY,
            opening=postings(a1020=100, a2000=-100),
            moved=postings(a1020=50, a1150=-100, a2000=100, a2030=-50),
            closing=postings(a1020=150, a1150=-100, a2030=-50),
        )
    )
    closed.when(command).then_nothing()
    closed.when(lock).then_nothing()


def test_a_month_is_not_closed_before_a_day_has_passed_since_its_lock() -> None:
    account.when(close({}, {})).then_refused(NotLocked)
    after(account, lock).when(close({}, {}, on=LOCKED_ON)).then_refused(NotLocked)


def test_books_that_do_not_balance_are_never_closed() -> None:
    """BR-155."""
    locked = after(account, lock)
    locked.when(close({"2000": 1}, {})).then_refused(BooksUnbalanced)
    locked.when(close({}, {"2000": 1})).then_refused(BooksUnbalanced)


def test_months_follow_the_calendar() -> None:
    assert month_of(date(2026, 12, 31)) == "2026-12"
    assert first_after("2026-12") == date(2027, 1, 1)
    assert first_after("2026-02") == date(2026, 3, 1)
    assert lockable_before(date(2026, 4, 4)) == "2026-03"
    assert lockable_before(date(2026, 4, 5)) == "2026-04"


def park(amount_rappen: int) -> ParkReceipt:
    return ParkReceipt(
        practice_id=COOPERATIVE,
        credit_id=CreditId("credit-9"),
        amount_rappen=amount_rappen,
        on=LOCKED_ON,
    )


def test_money_that_nobody_owns_is_booked_once() -> None:
    """BR-153: unidentified receipt."""
    parked = receipt.when(park(75_00)).then(
        ReceiptParked(
            practice_id=COOPERATIVE,
            credit_id=CreditId("credit-9"),
            amount_rappen=75_00,
            on=LOCKED_ON,
            postings=postings(a1020=75_00, a2040=-75_00),
        )
    )
    parked.when(park(75_00)).then_nothing()
    receipt.when(park(0)).then_nothing()


def test_such_money_that_the_bank_takes_back_leaves_the_account() -> None:
    (event,) = receipt.when(park(-75_00)).decided()
    assert isinstance(event, ReceiptParked)
    assert event.postings == postings(a1020=-75_00, a2040=75_00)
