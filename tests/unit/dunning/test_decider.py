"""The ladder: what is taken when, and what stands in its way."""

from datetime import date, timedelta

import pytest

from libs.events import (
    CollectionRequested,
    DunningStopped,
    HoldPlaced,
    ReminderDispatched,
    ReminderEscalated,
)
from libs.events.terms import Reminding
from libs.events.values import DocumentId, Hold, Payer, Stage
from services.dunning.case import LetterWithheld
from services.dunning.decider import RecordLetter, TooEarly
from services.dunning.holds import OnHold, UnknownCase
from services.dunning.ladder import Policy
from services.dunning.money import StopDunning
from tests.unit.dunning.cases import (
    DUE,
    IDS,
    INVOICE,
    ISSUED,
    NO_BASIS,
    PLAIN,
    PRACTICE,
    RPLUS,
    after,
    call,
    case,
    escalate,
    hold,
    open_case,
    opened,
    pay,
    steps,
    walk,
)

FIRST, WRITTEN, CALLED = date(2026, 2, 24), date(2026, 3, 26), date(2026, 4, 7)
FORMAL, COLLECTED = date(2026, 4, 17), date(2026, 5, 12)
YEAR_END = date(2026, 12, 15)
SMALLEST = (10_00, 30_00, 50_00)


def test_rappel_plus_unanswered_takes_127_days_to_collection() -> None:
    """T20, BR-122: the call falls on Easter Sunday and moves to the Tuesday after Easter."""
    assert steps(walk(case.given(opened()), YEAR_END)) == [
        (Stage.FIRST_REMINDER, FIRST),
        (Stage.RPLUS_WRITTEN, WRITTEN),
        (Stage.RPLUS_CALL, CALLED),
        (Stage.FORMAL_NOTICE, FORMAL),
        (Stage.COLLECTION, COLLECTED),
    ]


@pytest.mark.parametrize("canton", ["VS", "NE", "SO"])
def test_easter_monday_is_a_working_day_where_no_law_says_otherwise(canton: str) -> None:
    taken = dict(steps(walk(case.given(opened(canton=canton)), YEAR_END)))
    assert taken[Stage.RPLUS_CALL] == date(2026, 4, 6)


def test_a_debtor_who_pays_after_the_call_gets_no_formal_notice() -> None:
    """T21, BR-120."""
    until_call = walk(case.given(opened()), CALLED)
    paid = after(until_call, call("PAYS_NOW", CALLED), pay(0, date(2026, 4, 8)))
    assert paid.events[-1] == DunningStopped(**IDS, end="PAID", on=date(2026, 4, 8))
    assert walk(paid, YEAR_END, first=date(2026, 4, 8)).events == paid.events


def test_the_plain_ladder_reminds_three_times() -> None:
    """BR-123: waits of 50, 30, 20 and 25 days."""
    assert steps(walk(case.given(opened(policy=PLAIN)), YEAR_END, PLAIN)) == [
        (Stage.FIRST_REMINDER, FIRST),
        (Stage.SECOND_REMINDER, WRITTEN),
        (Stage.THIRD_REMINDER, date(2026, 4, 15)),
        (Stage.COLLECTION, date(2026, 5, 11)),
    ]


def test_an_insurer_is_asked_reminded_twice_and_left_to_a_person() -> None:
    """BR-137: days 15, 30, 60 and 90 after the term, never an agency."""
    walked = walk(case.given(opened(payer=Payer.INSURER)), YEAR_END)
    assert steps(walked) == [
        (Stage.INSURER_QUERY, date(2026, 2, 19)),
        (Stage.INSURER_FIRST, date(2026, 3, 6)),
        (Stage.INSURER_SECOND, date(2026, 4, 7)),
        (Stage.KEY_ACCOUNT, date(2026, 5, 7)),
    ]
    assert walked.events[-1] == ReminderEscalated(
        **IDS,
        stage=Stage.KEY_ACCOUNT,
        on=date(2026, 5, 7),
        waited_days=30,
        counted_from=date(2026, 4, 7),
        open_rappen=480_00,
        next_stage=None,
        next_on=None,
    )


def test_opening_a_case_plans_its_first_step() -> None:
    event = opened()
    assert (event.next_stage, event.next_on) == (Stage.FIRST_REMINDER, FIRST)
    assert (event.counted_from, event.next_wait_days) == (ISSUED, 50)
    case.given(event).when(open_case()).then_nothing()


def test_an_invoice_that_asks_for_nothing_opens_no_case() -> None:
    case.when(open_case(open_rappen=0)).then_nothing()
    assert opened(open_rappen=5).next_on == FIRST


def test_nobody_is_reminded_within_five_days_of_the_due_day() -> None:
    """BR-123: a long term moves the first reminder, whatever the ladder says."""
    assert opened(due_on=date(2026, 3, 5)).next_on == date(2026, 3, 10)


def test_the_quiet_period_at_the_turn_of_the_year_moves_a_step() -> None:
    """BR-86: 20 December to 2 January; 3 January 2027 is a Sunday."""
    late = opened(issued_on=date(2026, 11, 3), due_on=date(2026, 12, 3))
    assert late.next_on == date(2027, 1, 4)


def test_a_letter_says_what_it_counted_what_it_grants_and_what_comes_next() -> None:
    case.given(opened()).when(escalate(FIRST)).then(
        ReminderEscalated(
            **IDS,
            stage=Stage.FIRST_REMINDER,
            on=FIRST,
            waited_days=50,
            counted_from=ISSUED,
            open_rappen=480_00,
            pay_by=date(2026, 3, 16),
            next_stage=Stage.RPLUS_WRITTEN,
            next_on=WRITTEN,
            next_wait_days=30,
        )
    )


def test_later_letters_grant_ten_days() -> None:
    """BR-130."""
    written = walk(case.given(opened()), WRITTEN).events[-1]
    assert isinstance(written, ReminderEscalated)
    assert written.pay_by == date(2026, 4, 7)


def test_a_step_before_its_day_is_refused() -> None:
    case.given(opened()).when(escalate(FIRST - timedelta(days=1))).then_refused(TooEarly)


def test_a_step_on_a_weekend_is_refused_although_its_day_has_passed() -> None:
    saturday = date(2026, 2, 28)
    case.given(opened()).when(escalate(saturday)).then_refused(TooEarly)


def test_the_same_day_twice_takes_one_step() -> None:
    """BR-135."""
    once = after(case.given(opened()), escalate(FIRST))
    once.when(escalate(FIRST)).then_nothing()


def test_a_stopped_service_catches_up_one_step_and_counts_from_the_real_day() -> None:
    """F36: two steps have come due meanwhile; only one is taken, the next waits its full time."""
    late = date(2026, 4, 1)
    taken = after(case.given(opened()), escalate(late)).events[-1]
    assert isinstance(taken, ReminderEscalated)
    assert (taken.stage, taken.on) == (Stage.FIRST_REMINDER, late)
    assert taken.next_on == date(2026, 5, 4)


def test_an_unknown_case_cannot_be_escalated() -> None:
    case.when(escalate(FIRST)).then_refused(UnknownCase)


def test_an_ended_case_is_left_alone() -> None:
    ended = after(case.given(opened()), StopDunning(**IDS, end="CANCELLED", on=DUE))
    ended.when(escalate(FIRST)).then_nothing()
    ended.when(StopDunning(**IDS, end="PAID", on=DUE)).then_nothing()


def test_a_held_case_is_not_escalated() -> None:
    held = after(case.given(opened()), hold(Hold.DISPUTE, DUE))
    held.when(escalate(FIRST)).then_refused(OnHold)


def test_nothing_comes_after_collection() -> None:
    done = walk(case.given(opened()), COLLECTED)
    done.when(escalate(COLLECTED + timedelta(days=90))).then_nothing()


def test_collection_names_agency_and_ground() -> None:
    """BR-100, BR-107."""
    ready = walk(case.given(opened()), FORMAL)
    ready.when(escalate(COLLECTED)).then(
        CollectionRequested(
            **IDS,
            open_rappen=480_00,
            agency="InkassoMed",
            secrecy_basis="CONSENT",
            on=COLLECTED,
        )
    )


def test_without_a_secrecy_basis_all_letters_go_out_but_nothing_is_handed_over() -> None:
    """T25, BR-100, BR-126."""
    walked = walk(case.given(opened(policy=NO_BASIS)), YEAR_END, NO_BASIS)
    assert [stage for stage, _ in steps(walked)] == [
        Stage.FIRST_REMINDER,
        Stage.RPLUS_WRITTEN,
        Stage.RPLUS_CALL,
        Stage.FORMAL_NOTICE,
    ]
    assert walked.events[-1] == HoldPlaced(
        **IDS,
        reason=Hold.SECRECY_BASIS_MISSING,
        by="BR-100",
        on=COLLECTED,
        review_on=date(2026, 6, 11),
    )


def test_a_secrecy_hold_set_early_lets_letters_pass() -> None:
    """BR-126."""
    held = after(case.given(opened()), hold(Hold.SECRECY_BASIS_MISSING, DUE))
    walked = walk(held, YEAR_END)
    assert steps(walked)[-1] == (Stage.FORMAL_NOTICE, FORMAL)
    walked.when(escalate(COLLECTED)).then_refused(OnHold)


def test_a_sum_below_fifty_francs_goes_the_plain_way() -> None:
    """BR-121, min_rplus."""
    walked = walk(case.given(opened(open_rappen=49_95)), YEAR_END)
    assert [stage for stage, _ in steps(walked)] == [
        Stage.FIRST_REMINDER,
        Stage.SECOND_REMINDER,
        Stage.THIRD_REMINDER,
        Stage.COLLECTION,
    ]


def test_a_sum_below_thirty_francs_stops_before_collection() -> None:
    """BR-121, min_collection."""
    walked = walk(case.given(opened(open_rappen=29_95)), YEAR_END)
    assert [stage for stage, _ in steps(walked)][-1] is Stage.THIRD_REMINDER
    (held,) = (event for event in walked.events if isinstance(event, HoldPlaced))
    assert (held.reason, held.by) == (Hold.SMALL_AMOUNT, "BR-121")


def test_a_sum_below_ten_francs_is_not_reminded_at_all() -> None:
    """BR-121, min_remind."""
    small = case.given(opened(open_rappen=9_95))
    small.when(escalate(FIRST)).then(
        HoldPlaced(
            **IDS,
            reason=Hold.SMALL_AMOUNT,
            by="BR-121",
            on=FIRST,
            review_on=FIRST + timedelta(days=30),
        )
    )


def test_exactly_the_smallest_sums_are_reminded_called_for_and_handed_over() -> None:
    """BR-121: the limits themselves are worth the step."""
    walks = {rappen: walk(case.given(opened(open_rappen=rappen)), YEAR_END) for rappen in SMALLEST}
    last = {rappen: steps(walked)[-1][0] for rappen, walked in walks.items()}
    assert last == {10_00: Stage.THIRD_REMINDER, 30_00: Stage.COLLECTION, 50_00: Stage.COLLECTION}
    assert steps(walks[50_00])[1][0] is Stage.RPLUS_WRITTEN


def test_a_case_that_shrinks_after_the_proposal_ends_with_one_last_letter() -> None:
    """BR-121: from Rappel+ to the plain ladder, on with the step above the last one."""
    written = walk(case.given(opened()), WRITTEN)
    shrunk = after(written, pay(40_00, date(2026, 3, 30)))
    assert [stage for stage, _ in steps(walk(shrunk, YEAR_END, first=WRITTEN))][2:] == [
        Stage.THIRD_REMINDER,
        Stage.COLLECTION,
    ]


def test_a_changed_ladder_holds_from_the_next_step_on() -> None:
    """BR-159: the planned day stays, the waits after it are new."""
    slower = Policy(reminding=Reminding(wait_days=(90, 60, 20, 20, 40)), version=2)
    taken = after(case.given(opened()), escalate(FIRST, slower)).events[-1]
    assert isinstance(taken, ReminderEscalated)
    assert (taken.next_on, taken.next_wait_days) == (date(2026, 4, 27), 60)
    assert (taken.waited_days, taken.ladder_version) == (50, 2)


def letter(stage: Stage = Stage.FIRST_REMINDER, document: str | None = "d1") -> RecordLetter:
    return RecordLetter(
        practice_id=PRACTICE,
        invoice_id=INVOICE,
        stage=stage,
        run=1,
        document=DocumentId(document) if document else None,
        pages=1,
        on=FIRST,
    )


def test_a_letter_is_dispatched_once() -> None:
    """BR-135."""
    reminded = after(case.given(opened()), escalate(FIRST))
    sent = reminded.when(letter()).then(
        ReminderDispatched(
            **IDS, stage=Stage.FIRST_REMINDER, document=DocumentId("d1"), pages=1, on=FIRST
        )
    )
    sent.when(letter()).then_nothing()


def test_a_letter_is_withheld_when_the_money_came_first() -> None:
    """BR-135, F38."""
    paid = after(case.given(opened()), escalate(FIRST), pay(0, FIRST))
    withheld = paid.when(letter()).then(
        LetterWithheld(**IDS, stage=Stage.FIRST_REMINDER, run=1, on=FIRST)
    )
    withheld.when(letter()).then_nothing()


def test_a_letter_to_an_erased_person_is_withheld() -> None:
    reminded = after(case.given(opened()), escalate(FIRST))
    reminded.when(letter(document=None)).then(
        LetterWithheld(**IDS, stage=Stage.FIRST_REMINDER, run=1, on=FIRST)
    )


def test_a_letter_of_an_unknown_case_is_refused() -> None:
    case.when(letter()).then_refused(UnknownCase)


def test_the_policies_of_these_tests_differ_only_in_what_they_are_named_for() -> None:
    assert RPLUS.handover == PLAIN.handover
    assert NO_BASIS.handover is None
