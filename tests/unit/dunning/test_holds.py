"""Holds: what stops a case, how long, and what comes after."""

from datetime import date, timedelta

import pytest

from libs.events import HoldLifted, HoldPlaced, ReminderEscalated
from libs.events.values import Hold, Stage
from services.dunning.decider import TooEarly
from services.dunning.holds import (
    AlreadyHeld,
    CaseEnded,
    HeldTooOften,
    ReviewDayInvalid,
    ReviewHolds,
    UnknownCase,
)
from services.dunning.ladder import Policy
from tests.unit.dunning.cases import (
    CALENDAR,
    DUE,
    IDS,
    NO_BASIS,
    RPLUS,
    after,
    case,
    escalate,
    hold,
    lift,
    opened,
    pay,
    walk,
)

FIRST, WRITTEN = date(2026, 2, 24), date(2026, 3, 26)


def review(on: date, policy: Policy = RPLUS) -> ReviewHolds:
    return ReviewHolds(**IDS, today=on, policy=policy, calendar=CALENDAR)


def test_a_withdrawn_dispute_gives_a_fresh_term_of_thirty_days() -> None:
    """T22, BR-83: thirty days end on Sunday 2026-05-10."""
    disputed = after(
        walk(case.given(opened()), FIRST), hold(Hold.DISPUTE, date(2026, 3, 20), date(2026, 4, 10))
    )
    lifted = disputed.when(lift(Hold.DISPUTE, date(2026, 4, 10))).then(
        HoldLifted(
            **IDS,
            reason=Hold.DISPUTE,
            by="user-1",
            on=date(2026, 4, 10),
            next_on=date(2026, 5, 11),
        )
    )
    lifted.when(escalate(date(2026, 5, 10))).then_refused(TooEarly)
    step = after(lifted, escalate(date(2026, 5, 11))).events[-1]
    assert isinstance(step, ReminderEscalated)
    assert step.stage is Stage.RPLUS_WRITTEN


def test_after_a_hold_the_next_step_is_ten_days_away() -> None:
    """BR-126, resume_min_wait."""
    held = after(case.given(opened()), hold(Hold.PRACTICE_PAUSE, date(2026, 2, 20)))
    event = after(held, lift(None, FIRST)).events[-1]
    assert isinstance(event, HoldLifted)
    assert event.next_on == date(2026, 3, 6)


def test_a_short_hold_does_not_stretch_the_wait() -> None:
    """BR-126: the later of the planned day and the end of the hold plus ten days."""
    held = after(case.given(opened()), hold(Hold.PRACTICE_PAUSE, DUE))
    event = after(held, lift(None, DUE + timedelta(days=2))).events[-1]
    assert isinstance(event, HoldLifted)
    assert event.next_on == FIRST


def test_a_returned_letter_is_sent_again_and_later_dates_shift() -> None:
    """T23, BR-131."""
    reminded = walk(case.given(opened()), FIRST)
    searched = after(reminded, hold(Hold.ADDRESS_SEARCH, date(2026, 3, 2), date(2026, 4, 1)))
    found = searched.when(lift(Hold.ADDRESS_SEARCH, date(2026, 3, 14))).then(
        HoldLifted(
            **IDS,
            reason=Hold.ADDRESS_SEARCH,
            by="user-1",
            on=date(2026, 3, 14),
            next_on=date(2026, 3, 16),
            resend=Stage.FIRST_REMINDER,
        )
    )
    again = after(found, escalate(date(2026, 3, 16))).events[-1]
    assert isinstance(again, ReminderEscalated)
    assert (again.stage, again.run) == (Stage.FIRST_REMINDER, 2)
    assert (again.next_stage, again.next_on) == (Stage.RPLUS_WRITTEN, date(2026, 4, 15))


def test_a_returned_invoice_is_not_resent_by_dunning() -> None:
    held = after(case.given(opened()), hold(Hold.ADDRESS_SEARCH, DUE))
    event = after(held, lift(Hold.ADDRESS_SEARCH, DUE)).events[-1]
    assert isinstance(event, HoldLifted)
    assert event.resend is None


def test_an_address_searched_twice_resends_the_letter_once_more_not_an_earlier_one() -> None:
    written = walk(case.given(opened()), WRITTEN)
    twice = after(
        written,
        hold(Hold.ADDRESS_SEARCH, date(2026, 4, 1)),
        lift(Hold.ADDRESS_SEARCH, date(2026, 4, 2)),
        hold(Hold.ADDRESS_SEARCH, date(2026, 4, 2)),
        lift(Hold.ADDRESS_SEARCH, date(2026, 4, 2)),
        escalate(date(2026, 4, 13)),
    )
    step = twice.events[-1]
    assert isinstance(step, ReminderEscalated)
    assert step.stage is Stage.RPLUS_WRITTEN


def test_several_holds_lift_together_and_the_longest_term_counts() -> None:
    held = after(case.given(opened()), hold(Hold.PRACTICE_PAUSE, FIRST), hold(Hold.DISPUTE, FIRST))
    events = held.when(lift(None, FIRST)).decided()
    assert {event.next_on for event in events if isinstance(event, HoldLifted)} == {
        date(2026, 3, 26)
    }
    after(held, lift(None, FIRST)).when(lift(None, FIRST)).then_nothing()


def test_one_of_two_holds_still_stands_when_the_other_is_lifted() -> None:
    held = after(
        case.given(opened()),
        hold(Hold.PRACTICE_PAUSE, DUE),
        hold(Hold.DISPUTE, DUE),
        lift(Hold.PRACTICE_PAUSE, DUE),
    )
    assert held.state.blocked_by is Hold.DISPUTE


@pytest.mark.parametrize(
    ("reason", "days"),
    [(Hold.PRACTICE_PAUSE, 60), (Hold.INSURER_PENDING, 30), (Hold.PAYMENT_MATCHING, 5)],
)
def test_a_hold_that_ends_by_day_ends_on_its_review_day(reason: Hold, days: int) -> None:
    """BR-126."""
    review_on = DUE + timedelta(days=days)
    held = after(case.given(opened()), hold(reason, DUE, review_on))
    held.when(review(review_on - timedelta(days=1))).then_nothing()
    (lifted,) = held.when(review(review_on)).decided()
    assert isinstance(lifted, HoldLifted)
    assert (lifted.reason, lifted.by) == (reason, "BR-126")


def test_a_dispute_ends_by_a_person_alone() -> None:
    held = after(case.given(opened()), hold(Hold.DISPUTE, DUE))
    held.when(review(DUE + timedelta(days=300))).then_nothing()


def test_a_basis_given_later_lets_the_hand_over_go_on() -> None:
    """BR-100, BR-126."""
    waiting = walk(case.given(opened(policy=NO_BASIS)), date(2026, 5, 12), NO_BASIS)
    waiting.when(review(date(2026, 5, 20), NO_BASIS)).then_nothing()
    (lifted,) = waiting.when(review(date(2026, 5, 20), RPLUS)).decided()
    assert isinstance(lifted, HoldLifted)
    assert lifted.next_on == date(2026, 6, 1)


LONGEST = {
    Hold.PRACTICE_PAUSE: 60,
    Hold.INSURER_PENDING: 30,
    Hold.PAYMENT_MATCHING: 5,
    Hold.DECEASED: 100,
    Hold.DISPUTE: 365,
    Hold.SECRECY_BASIS_MISSING: 365,
}


@pytest.mark.parametrize(("reason", "longest"), LONGEST.items())
def test_a_hold_needs_a_review_day_within_its_limit(reason: Hold, longest: int) -> None:
    """BR-79, BR-126, rule c."""
    begun = case.given(opened())
    for days in (1, longest):
        (placed,) = begun.when(hold(reason, DUE, DUE + timedelta(days=days))).decided()
        assert isinstance(placed, HoldPlaced)
    for days in (-1, 0, longest + 1):
        begun.when(hold(reason, DUE, DUE + timedelta(days=days))).then_refused(ReviewDayInvalid)


def test_a_lifted_hold_says_which_other_one_still_stands() -> None:
    """Of several the one that is looked at first; a letter is resent once all others are gone."""
    held = after(
        walk(case.given(opened()), FIRST),
        hold(Hold.ADDRESS_SEARCH, FIRST, date(2026, 3, 2)),
        hold(Hold.DISPUTE, FIRST, date(2026, 3, 20)),
        hold(Hold.PRACTICE_PAUSE, FIRST, date(2026, 3, 10)),
    )
    (first,) = held.when(lift(Hold.DISPUTE, date(2026, 3, 1))).decided()
    assert isinstance(first, HoldLifted)
    assert (first.still, first.still_review_on) == (Hold.ADDRESS_SEARCH, date(2026, 3, 2))
    events = held.when(lift(None, date(2026, 3, 1))).decided()
    assert [(e.reason, e.still) for e in events if isinstance(e, HoldLifted)] == [
        (Hold.DISPUTE, Hold.ADDRESS_SEARCH),
        (Hold.PRACTICE_PAUSE, Hold.ADDRESS_SEARCH),
        (Hold.ADDRESS_SEARCH, None),
    ]


def test_an_insurer_may_keep_a_case_waiting_twice() -> None:
    """BR-10, BR-126."""
    pending = hold(Hold.INSURER_PENDING, DUE)
    twice = after(case.given(opened()), pending, lift(None, DUE), pending, lift(None, DUE))
    twice.when(pending).then_refused(HeldTooOften)


def test_the_same_hold_again_changes_nothing_but_another_day_must_be_said_clearly() -> None:
    held = after(case.given(opened()), hold(Hold.DISPUTE, DUE))
    held.when(hold(Hold.DISPUTE, DUE)).then_nothing()
    held.when(hold(Hold.DISPUTE, DUE, DUE + timedelta(days=30))).then_refused(AlreadyHeld)


def test_a_hold_says_who_why_and_until_when() -> None:
    case.given(opened()).when(hold(Hold.DISPUTE, DUE)).then(
        HoldPlaced(
            **IDS,
            reason=Hold.DISPUTE,
            by="user-1",
            on=DUE,
            review_on=DUE + timedelta(days=5),
        )
    )


def test_only_a_running_case_can_be_held_or_released() -> None:
    case.when(hold(Hold.DISPUTE, DUE)).then_refused(UnknownCase)
    case.when(lift(None, DUE)).then_refused(UnknownCase)
    case.when(review(DUE)).then_nothing()
    ended = after(case.given(opened()), pay(0, DUE))
    ended.when(hold(Hold.DISPUTE, DUE)).then_refused(CaseEnded)
    ended.when(lift(None, DUE)).then_nothing()


def test_lifting_after_the_top_of_the_ladder_plans_nothing() -> None:
    done = walk(case.given(opened()), date(2026, 5, 12))
    event = after(done, hold(Hold.DISPUTE, date(2026, 5, 13)), lift(None, date(2026, 5, 14)))
    assert isinstance(event.events[-1], HoldLifted)
    assert event.events[-1].next_on is None
