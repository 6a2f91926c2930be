"""Entries, rates and availability."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.values import InvoiceId, Posting
from services.factoring import books
from services.factoring.availability import Grant, Waiting, available, granted
from services.factoring.books import Account, Entry
from services.factoring.rates import share, vat_bp

AMOUNTS = st.integers(-(10**12), 10**12)


def test_an_entry_that_does_not_sum_to_zero_cannot_exist() -> None:
    """BR-155."""
    with pytest.raises(ValueError, match="BR-155"):
        Entry(((Account.BANK, 100), (Account.MEMBER, -99)))


@given(AMOUNTS, AMOUNTS)
def test_every_case_sums_to_zero_and_leaves_out_what_is_nothing(one: int, two: int) -> None:
    """BR-153."""
    cases = (
        books.held(one),
        books.received(one),
        books.taken_back(one),
        books.advanced(one),
        books.repaid(one),
        books.charged(one, two),
        books.overpaid(one),
        books.borne(one),
        books.refundable(one),
        books.unidentified(one),
        books.remitted(one, two),
        books.paid_out(one),
    )
    for entry in cases:
        assert sum(line.amount_rappen for line in entry.postings) == 0
        assert all(line.amount_rappen for line in entry.postings)


def test_the_agencys_commission_is_the_members() -> None:
    """BR-153: 400 less 60."""
    total: dict[str, int] = {}
    for line in books.remitted(400_00, 60_00).postings:
        total[line.account] = total.get(line.account, 0) + line.amount_rappen
    assert total == {"1020": 340_00, "2000": -340_00}
    assert Entry().postings == ()
    assert books.paid_out(1).postings[0] == Posting(account="2000", amount_rappen=1)


def test_shares_are_rounded_half_up_to_the_rappen() -> None:
    """BR-142, BR-153."""
    assert share(1_000_00, 120) == 12_00
    assert share(12_00, 810) == 97
    assert share(25, 8_000) == 20
    assert share(1, 5_000) == 1
    assert share(1, 4_999) == 0


@given(st.integers(0, 10**9), st.integers(0, 10_000))
def test_a_share_is_within_half_a_rappen_and_never_more_than_the_whole(
    amount: int, rate_bp: int
) -> None:
    assert abs(share(amount, rate_bp) * 10_000 - amount * rate_bp) <= 5_000
    assert 0 <= share(amount, rate_bp) <= amount


def test_vat_follows_the_day_of_the_act() -> None:
    """BR-46."""
    assert vat_bp(date(2018, 1, 1)) == vat_bp(date(2023, 12, 31)) == 770
    assert vat_bp(date(2024, 1, 1)) == 810
    with pytest.raises(AssertionError):
        vat_bp(date(2017, 12, 31))


def test_availability_is_the_smaller_of_limit_and_share_less_what_is_out() -> None:
    """T28, BR-143."""
    assert available(60_000_00, 8_000, 52_000_00, 38_500_00) == 3_100_00
    assert available(40_000_00, 8_000, 52_000_00, 38_500_00) == 1_500_00
    assert available(60_000_00, 8_000, 10_000_00, 38_500_00) == 0


def test_a_claim_fits_to_the_last_rappen() -> None:
    one = InvoiceId("one")
    assert list(granted([Waiting(one, 1)], 8_000, 1)) == [Grant(one, 1)]
    assert list(granted([Waiting(one, 2)], 8_000, 1)) == []


def test_the_run_goes_in_order_and_what_does_not_fit_waits() -> None:
    """BR-143."""
    one, two, three, four = (InvoiceId(name) for name in ("one", "two", "three", "four"))
    waiting = [
        Waiting(one, 1_000_00),
        Waiting(two, 2_000_00),
        Waiting(three, 500_00),
        Waiting(four, 0),
    ]
    assert list(granted(waiting, 8_000, 1_300_00)) == [
        Grant(one, 1_300_00),
        Grant(three, 500_00),
    ]


@given(st.lists(st.integers(0, 10_000_00), max_size=30), st.integers(0, 50_000_00), st.just(8_000))
def test_a_run_never_gives_more_than_there_is(opens: list[int], room: int, rate_bp: int) -> None:
    waiting = [Waiting(InvoiceId(str(n)), amount) for n, amount in enumerate(opens)]
    sums = dict(waiting)
    given_ = [share(sums[grant.invoice_id], rate_bp) for grant in granted(waiting, rate_bp, room)]
    assert sum(given_) <= room
