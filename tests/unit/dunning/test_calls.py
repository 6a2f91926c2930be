"""The call of Rappel+: attempts, outcomes and what follows."""

from datetime import date, timedelta
from typing import Any

import pytest

from libs.events import CallRecorded, HoldPlaced, ReminderEscalated
from libs.events.values import Hold, Stage
from services.dunning.calls import (
    CallClosed,
    CalledThatDay,
    NoCallingDay,
    NotOnCallList,
    PromiseInvalid,
    RecordCall,
)
from services.dunning.holds import CaseEnded, OnHold, UnknownCase
from tests.unit.dunning.cases import (
    CALENDAR,
    IDS,
    after,
    call,
    case,
    hold,
    lift,
    opened,
    pay,
    steps,
    walk,
)

LISTED = date(2026, 4, 7)
listed = walk(case.given(opened()), LISTED)


def said(*commands: Any) -> CallRecorded:
    """Return the last call of these."""
    events = after(listed, *commands).events
    return next(event for event in reversed(events) if isinstance(event, CallRecorded))


def test_a_call_that_reached_nobody_leaves_the_formal_notice_planned() -> None:
    listed.when(call("NO_ANSWER", LISTED)).then(
        CallRecorded(
            **IDS,
            attempt=1,
            outcome="NO_ANSWER",
            by="user-1",
            on=LISTED,
            next_stage=Stage.FORMAL_NOTICE,
            next_on=date(2026, 4, 17),
        )
    )


def test_without_any_record_the_formal_notice_follows_after_the_wait() -> None:
    assert steps(walk(listed, date(2026, 4, 30), first=LISTED))[-1] == (
        Stage.FORMAL_NOTICE,
        date(2026, 4, 17),
    )


def test_the_wait_runs_from_the_first_attempt() -> None:
    """BR-125: first called two days later, ten days on is Sunday; later attempts move nothing."""
    thursday = LISTED + timedelta(days=2)
    assert said(call("NO_ANSWER", thursday)).next_on == date(2026, 4, 20)
    friday = thursday + timedelta(days=1)
    assert said(call("NO_ANSWER", thursday), call("NO_ANSWER", friday)).next_on == date(2026, 4, 20)


def test_the_formal_notice_says_that_it_counted_from_the_first_attempt() -> None:
    thursday, friday = LISTED + timedelta(days=2), LISTED + timedelta(days=3)
    called = after(listed, call("NO_ANSWER", thursday), call("NO_ANSWER", friday))
    notice = walk(called, date(2026, 4, 20), first=friday).events[-1]
    assert isinstance(notice, ReminderEscalated)
    assert (notice.stage, notice.counted_from, notice.waited_days) == (
        Stage.FORMAL_NOTICE,
        thursday,
        10,
    )


def test_a_promise_gives_its_day_and_the_money_time_to_arrive() -> None:
    """BR-125: broken only when nothing has come three days after."""
    promise = call("PROMISE", LISTED, promised_on=date(2026, 4, 20))
    assert said(promise).next_on == date(2026, 4, 24)


def test_a_promise_may_name_the_very_day_and_at_most_two_weeks() -> None:
    assert said(call("PROMISE", LISTED, promised_on=LISTED)).next_on == date(2026, 4, 17)
    longest = call("PROMISE", LISTED, promised_on=LISTED + timedelta(days=14))
    assert said(longest).next_on == date(2026, 4, 27)


def test_a_call_is_recorded_within_thirty_days() -> None:
    held = after(listed, hold(Hold.DISPUTE, LISTED), lift(None, LISTED))
    for days, taken in ((30, True), (31, False)):
        late = RecordCall(
            **IDS,
            outcome="NO_ANSWER",
            by="user-1",
            on=LISTED,
            today=LISTED + timedelta(days=days),
            calendar=CALENDAR,
        )
        if taken:
            assert len(held.when(late).decided()) == 1
        else:
            held.when(late).then_refused(NoCallingDay)


def test_who_pays_now_and_who_agrees_on_instalments_is_given_time() -> None:
    assert said(call("PAYS_NOW", date(2026, 4, 10))).next_on == date(2026, 4, 20)
    later = call("PAYS_NOW", date(2026, 4, 16))
    assert said(call("NO_ANSWER", LISTED), later).next_on == date(2026, 4, 27)
    assert said(call("ARRANGEMENT", LISTED)).next_on == date(2026, 5, 7)


@pytest.mark.parametrize(
    ("outcome", "reason", "review_on"),
    [
        ("DISPUTE", Hold.DISPUTE, date(2026, 4, 28)),
        ("DECEASED", Hold.DECEASED, date(2026, 7, 16)),
    ],
)
def test_some_outcomes_hold_the_case(outcome: Any, reason: Hold, review_on: date) -> None:
    """BR-79, BR-83."""
    held = after(listed, call(outcome, LISTED))
    assert held.events[-1] == HoldPlaced(
        **IDS, reason=reason, by="user-1", on=LISTED, review_on=review_on
    )
    held.when(call(outcome, LISTED)).then_nothing()


def test_three_attempts_are_made_on_different_days() -> None:
    """BR-125."""
    first = after(listed, call("NO_ANSWER", LISTED))
    first.when(call("NO_ANSWER", LISTED)).then_nothing()
    first.when(call("REFUSES", LISTED)).then_refused(CalledThatDay)
    three = after(
        first,
        call("THIRD_PERSON", LISTED + timedelta(days=1)),
        call("NO_ANSWER", LISTED + timedelta(days=2)),
    )
    three.when(call("NO_ANSWER", LISTED + timedelta(days=3))).then_refused(CallClosed)


@pytest.mark.parametrize("outcome", ["REFUSES", "WRONG_NUMBER", "PAYS_NOW"])
def test_a_call_with_an_outcome_is_closed(outcome: Any) -> None:
    closed = after(listed, call(outcome, LISTED))
    closed.when(call("NO_ANSWER", LISTED + timedelta(days=1))).then_refused(CallClosed)


@pytest.mark.parametrize(
    "on",
    [date(2026, 4, 11), date(2026, 4, 6)],
    ids=["on a Saturday", "before the case was listed"],
)
def test_calls_are_made_on_working_days_once_listed(on: date) -> None:
    listed.when(call("NO_ANSWER", on)).then_refused(NoCallingDay)


def test_a_call_of_tomorrow_is_refused() -> None:
    tomorrow = RecordCall(
        **IDS,
        outcome="NO_ANSWER",
        by="user-1",
        on=LISTED + timedelta(days=1),
        today=LISTED,
        calendar=CALENDAR,
    )
    listed.when(tomorrow).then_refused(NoCallingDay)


@pytest.mark.parametrize(
    ("outcome", "promised_on"),
    [
        ("PROMISE", None),
        ("PROMISE", LISTED + timedelta(days=15)),
        ("PROMISE", LISTED - timedelta(days=1)),
        ("REFUSES", LISTED),
    ],
)
def test_a_promise_names_a_day_within_two_weeks(outcome: Any, promised_on: date | None) -> None:
    """BR-125."""
    listed.when(call(outcome, LISTED, promised_on)).then_refused(PromiseInvalid)


def test_calls_are_recorded_only_for_listed_running_cases() -> None:
    case.when(call("NO_ANSWER", LISTED)).then_refused(UnknownCase)
    case.given(opened()).when(call("NO_ANSWER", LISTED)).then_refused(NotOnCallList)
    after(listed, pay(0, LISTED)).when(call("NO_ANSWER", LISTED)).then_refused(CaseEnded)
    held = after(listed, hold(Hold.PRACTICE_PAUSE, LISTED))
    held.when(call("NO_ANSWER", LISTED)).then_refused(OnHold)


def test_a_dispute_by_phone_resumes_at_the_formal_notice() -> None:
    disputed = after(listed, call("DISPUTE", LISTED), lift(None, date(2026, 4, 28)))
    assert steps(walk(disputed, date(2026, 6, 1), first=LISTED))[-1] == (
        Stage.FORMAL_NOTICE,
        date(2026, 5, 28),
    )
