"""A claim's money: BR-153 case by case, and what may be advanced."""

from datetime import date, timedelta

import pytest

from libs.events import (
    AdvanceCredited,
    ClaimChargedBack,
    ClaimClosed,
    ClaimTransmitted,
    FeeCharged,
    MemberCredited,
    MemberDebited,
    ReceiptParked,
)
from libs.events.values import CreditId, Ownership, Posting
from services.factoring import books
from services.factoring.decider.claim import NoRoom, NotEligible
from services.factoring.decider.claim_state import Claim, CollectionNoted
from tests.unit.factoring.claims import (
    DUE,
    IDS,
    ISSUED,
    LATER,
    PAID,
    PRACTICE,
    RUN,
    advance,
    after,
    balances,
    claim,
    close,
    collect,
    dispute,
    pay,
    review,
    take_back,
    transmit,
)

transmitted = after(claim, transmit())
advanced = after(transmitted, advance())
free = after(claim, transmit(fee_bp=0))


def lines(*said: tuple[str, int]) -> tuple[Posting, ...]:
    return tuple(Posting(account=account, amount_rappen=amount) for account, amount in said)


def test_the_recourse_path_leaves_what_the_rules_say() -> None:
    """T27, BR-153: an advance, a payment, the hand-over, and what the agency remits."""
    path = after(advanced, pay(600_00, 400_00), collect())
    assert path.state.advanced_rappen == 0
    rest = books.remitted(400_00, 60_00) + books.held(-400_00) + books.paid_out(787_03)
    total = balances(path.events)
    for line in rest.postings:
        total[line.account] = total.get(line.account, 0) + line.amount_rappen
    assert total["2000"] == -140_00
    assert {name: total.get(name, 0) for name in ("1150", "9100", "9200")} == {
        "1150": 0,
        "9100": 0,
        "9200": 0,
    }


def test_a_new_claim_is_held_in_mandate_and_its_fee_is_charged() -> None:
    """BR-153: fee 1.2 % and its VAT on an invoice of 1'000.00."""
    claim.when(transmit()).then(
        ClaimTransmitted(
            **IDS,
            ownership=Ownership.MANDATED,
            amount_rappen=1_000_00,
            due_on=DUE,
            on=ISSUED,
            postings=lines(("9100", 1_000_00), ("9200", -1_000_00)),
        ),
        FeeCharged(
            **IDS,
            service="volume",
            net_rappen=12_00,
            vat_rappen=97,
            on=ISSUED,
            postings=lines(("2000", 12_00), ("3400", -12_00), ("2000", 97), ("2200", -97)),
        ),
    )


def test_a_claim_is_transmitted_once_and_never_for_nothing() -> None:
    transmitted.when(transmit()).then_nothing()
    claim.when(transmit(0)).then_nothing()
    assert after(claim, transmit(1)).state.open_rappen == 1
    (only,) = claim.when(transmit(fee_bp=0)).decided()
    assert isinstance(only, ClaimTransmitted)


def test_a_mandated_claim_credits_its_member_when_it_is_paid() -> None:
    """BR-153."""
    free.when(pay(1_000_00, 0)).then(
        MemberCredited(
            **IDS,
            credit_id=CreditId("credit-1"),
            amount_rappen=1_000_00,
            repaid_rappen=0,
            credited_rappen=1_000_00,
            open_rappen=0,
            advanced_rappen=0,
            on=PAID,
            value_on=PAID,
            postings=lines(
                ("1020", 1_000_00), ("2000", -1_000_00), ("9100", -1_000_00), ("9200", 1_000_00)
            ),
        )
    )


def test_an_advance_credits_its_share_of_what_is_open() -> None:
    """BR-142."""
    free.when(advance()).then(
        AdvanceCredited(
            **IDS,
            amount_rappen=800_00,
            on=RUN,
            postings=lines(("1150", 800_00), ("2000", -800_00)),
        )
    )
    part = after(free, pay(400_00, 600_00))
    assert after(part, advance()).state.advanced_rappen == 480_00


def test_what_comes_in_repays_the_advance_first() -> None:
    """BR-147: of 600 all, of the next 400 only the 200 that are left."""
    part = after(advanced, pay(600_00, 400_00))
    assert isinstance(part.events[-1], MemberCredited)
    assert (part.events[-1].repaid_rappen, part.state.advanced_rappen) == (600_00, 200_00)
    whole = after(part, pay(400_00, 0, credit="credit-2"))
    assert isinstance(whole.events[-1], MemberCredited)
    assert (whole.events[-1].repaid_rappen, whole.events[-1].credited_rappen) == (200_00, 1_000_00)
    assert "1150" not in balances(whole.events)


def test_a_claim_whose_advance_is_repaid_is_held_in_mandate_again() -> None:
    part = after(advanced, pay(600_00, 400_00))
    assert part.state.ownership is Ownership.ADVANCED_RECOURSE
    whole = after(part, pay(200_00, 200_00, credit="credit-2"))
    assert (whole.state.ownership, whole.state.advanced_rappen) == (Ownership.MANDATED, 0)


def test_charges_of_the_bank_are_the_cooperatives() -> None:
    """Payments 3.6, 7.1: the member has all that the debtor paid, the bank less the charge."""
    paid = after(free, pay(1_000_00, 0, charges_rappen=1_20))
    assert balances(paid.events) == {"1020": 998_80, "2000": -1_000_00, "6940": 1_20}
    over = after(paid, pay(0, 0, surplus_rappen=50_00, charges_rappen=1_20, credit="credit-2"))
    both = {"1020": 1_047_60, "2000": -1_000_00, "2030": -50_00, "6940": 2_40}
    assert balances(over.events) == both
    back = after(paid, take_back(1_000_00, 1_000_00, charges_rappen=1_20))
    assert balances(back.events) == {"9100": 1_000_00, "9200": -1_000_00}
    unknown = after(claim, pay(50_00, 0, charges_rappen=1_20))
    assert balances(unknown.events) == {"1020": 48_80, "2040": -50_00, "6940": 1_20}
    cancelled = after(paid, close("cancelled"))
    gone = after(cancelled, take_back(0, 0, surplus_rappen=1_000_00, charges_rappen=1_20))
    assert balances(gone.events) == {}


def test_too_much_money_is_the_debtors() -> None:
    """BR-89, BR-153."""
    over = after(free, pay(1_000_00, 0, surplus_rappen=50_00))
    assert over.events[-1] == ReceiptParked(
        practice_id=PRACTICE,
        credit_id=CreditId("credit-1"),
        amount_rappen=50_00,
        on=PAID,
        postings=lines(("1020", 50_00), ("2030", -50_00)),
    )
    assert balances(over.events) == {"1020": 1_050_00, "2000": -1_000_00, "2030": -50_00}
    twice = after(over, pay(0, 0, surplus_rappen=1_000_00, credit="credit-2"))
    assert balances(twice.events)["2030"] == -1_050_00


def test_the_same_receipt_again_books_nothing() -> None:
    once = after(free, pay(600_00, 400_00))
    once.when(pay(600_00, 400_00)).then_nothing()
    over = after(free, pay(0, 1_000_00, surplus_rappen=5_00))
    over.when(pay(0, 1_000_00, surplus_rappen=5_00)).then_nothing()


def test_money_for_an_unknown_claim_vanishes_nowhere() -> None:
    """B62: it stands on account 2040, and leaves it when the bank takes it back.

    What invoicing knows to be too much is the debtor's credit (BR-89), as for an invoice that had
    been prepaid in full and so never became a claim.
    """
    unknown = after(claim, pay(100_00, 0, surplus_rappen=5_00))
    assert balances(unknown.events) == {"1020": 105_00, "2030": -5_00, "2040": -100_00}
    back = after(unknown, take_back(100_00, 100_00, surplus_rappen=5_00))
    assert balances(back.events) == {}
    back.when(take_back(100_00, 100_00, surplus_rappen=5_00)).then_nothing()


def test_money_taken_back_is_debited_and_the_claim_is_held_again() -> None:
    """BR-153: insurer takes back; the advance that it had repaid stays repaid."""
    paid = after(advanced, pay(1_000_00, 0, surplus_rappen=50_00))
    back = after(paid, take_back(1_000_00, 1_000_00, surplus_rappen=50_00))
    event = back.events[-1]
    assert isinstance(event, MemberDebited)
    assert (event.amount_rappen, event.surplus_rappen, event.credited_rappen) == (
        1_000_00,
        50_00,
        0,
    )
    assert balances(back.events) == balances(transmitted.events)
    back.when(take_back(1_000_00, 1_000_00, surplus_rappen=50_00)).then_nothing()
    back.when(advance()).then_nothing()


def test_a_waived_rest_leaves_the_memo_accounts_and_its_advance_goes_back() -> None:
    """BR-121, BR-145."""
    left = after(claim, transmit(6_00, fee_bp=0), advance(), pay(1_00, 5_00))
    waived = after(left, close("waived"))
    assert [type(event) for event in waived.events[-2:]] == [ClaimChargedBack, ClaimClosed]
    assert balances(waived.events) == {"1020": 1_00, "2000": -1_00}
    waived.when(close("waived")).then_nothing()


def test_a_waived_rest_that_is_asked_for_again_is_held_again() -> None:
    waived = after(free, pay(995_20, 4_80), close("waived"))
    back = after(waived, take_back(995_20, 1_000_00))
    assert balances(back.events) == {"9100": 1_000_00, "9200": -1_000_00}


def test_a_cancelled_claim_gives_the_advance_back() -> None:
    """BR-153: recourse, the practice cancels before payment."""
    cancelled = after(advanced, close("cancelled"))
    assert balances(cancelled.events[2:]) == {"9100": -1_000_00, "9200": 1_000_00}
    assert cancelled.state.advanced_rappen == 0
    cancelled.when(close("cancelled")).then_nothing()
    cancelled.when(advance()).then_nothing()


def test_what_was_paid_on_a_cancelled_claim_is_the_debtors_again() -> None:
    """BR-45, BR-89."""
    cancelled = after(free, pay(600_00, 400_00), close("cancelled"))
    assert balances(cancelled.events) == {"1020": 600_00, "2030": -600_00}
    late = after(cancelled, pay(400_00, 0, surplus_rappen=5_00, credit="credit-2"))
    assert balances(late.events) == {"1020": 1_005_00, "2030": -1_005_00}
    back = after(late, take_back(600_00, 0, surplus_rappen=5_00))
    assert balances(back.events) == {"1020": 400_00, "2030": -400_00}


def test_the_hand_over_charges_the_advance_back() -> None:
    """BR-145."""
    advanced.when(collect()).then(
        CollectionNoted(**IDS, on=LATER),
        ClaimChargedBack(
            **IDS,
            amount_rappen=800_00,
            reason="collection",
            on=LATER,
            postings=lines(("2000", 800_00), ("1150", -800_00)),
        ),
    )
    handed_over = after(advanced, collect())
    handed_over.when(collect()).then_nothing()
    assert isinstance(handed_over.state, Claim)
    assert handed_over.state.ownership is Ownership.MANDATED


def test_a_hand_over_heard_before_the_invoice_is_not_forgotten() -> None:
    """F19: dunning speaks on another topic than invoicing."""
    early = after(claim, collect(), transmit())
    early.when(advance()).then_refused(NotEligible)


def test_nothing_is_advanced_on_a_contested_claim_until_it_is_contested_no_more() -> None:
    """BR-141."""
    contested = after(transmitted, dispute())
    contested.when(advance()).then_refused(NotEligible)
    contested.when(dispute()).then_nothing()
    settled = after(contested, dispute(disputed=False))
    assert isinstance(after(settled, advance()).events[-1], AdvanceCredited)
    after(claim, dispute(), transmit()).when(advance()).then_refused(NotEligible)


@pytest.mark.parametrize(("days", "fits"), [(90, True), (91, False)])
def test_a_claim_much_too_late_is_not_advanced(days: int, fits: bool) -> None:  # noqa: FBT001
    """BR-141."""
    on = DUE + timedelta(days=days)
    if fits:
        assert after(transmitted, advance(on=on)).state.advanced_rappen == 800_00
    else:
        transmitted.when(advance(on=on)).then_refused(NotEligible)


def test_a_paid_or_unknown_claim_is_not_advanced() -> None:
    after(transmitted, pay(1_000_00, 0)).when(advance()).then_refused(NotEligible)
    claim.when(advance()).then_refused(NotEligible)


def test_an_advance_fits_into_its_room_or_waits() -> None:
    """BR-143."""
    transmitted.when(advance(room_rappen=799_99)).then_refused(NoRoom)
    assert after(transmitted, advance(room_rappen=800_00)).state.advanced_rappen == 800_00


def test_a_claim_is_advanced_once() -> None:
    advanced.when(advance()).then_nothing()
    after(advanced, collect()).when(advance()).then_nothing()


@pytest.mark.parametrize(
    ("on", "reason"),
    [
        (DUE + timedelta(days=119), None),
        (DUE + timedelta(days=120), "overdue"),
    ],
)
def test_an_advance_much_too_late_is_charged_back(on: date, reason: str | None) -> None:
    """BR-145."""
    events = advanced.when(review(on)).decided()
    assert [event.reason for event in events if isinstance(event, ClaimChargedBack)] == (
        [reason] if reason else []
    )


def test_an_advance_on_a_long_dispute_is_charged_back_once() -> None:
    """BR-145."""
    contested = after(advanced, dispute(RUN))
    contested.when(review(RUN + timedelta(days=60))).then_nothing()
    back = after(contested, review(RUN + timedelta(days=61)))
    assert isinstance(back.events[-1], ClaimChargedBack)
    assert back.events[-1].reason == "dispute"
    back.when(review(RUN + timedelta(days=200))).then_nothing()
    claim.when(review(LATER)).then_nothing()


def test_what_is_not_in_the_books_cannot_be_closed() -> None:
    claim.when(close("cancelled")).then_nothing()
    after(transmitted, pay(1_000_00, 0)).when(close("waived")).then_nothing()
    rappen = after(free, pay(999_99, 1), close("waived"))
    assert rappen.state.open_rappen == 0


def test_the_smallest_claim_is_too_small_for_an_advance_of_nothing() -> None:
    """BR-142: a third of one rappen is nothing, four fifths of it are one."""
    after(claim, transmit(1)).when(advance(rate_bp=3_333)).then_refused(NoRoom)
    assert after(claim, transmit(1), advance()).state.advanced_rappen == 1
