"""Ladders and calendars refuse to exist wrong."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.days.calendar import Calendar
from libs.days.holidays_ch import CANTONS, calendar_around
from libs.events.terms import Reminding
from libs.events.values import Payer, PracticeId, Stage
from libs.paper import reminder
from services.dunning.calendar_days import is_quiet, pay_by, reminding_day
from services.dunning.ladder import (
    INSURER_LADDER,
    LETTERS,
    PLAIN_WAITS,
    SEVERITY,
    Ladder,
    Policies,
    Policy,
    Step,
)

COLLECTION = Step(Stage.COLLECTION, 25)
FIRST = Step(Stage.FIRST_REMINDER, 50)
CALENDAR = calendar_around(date(2026, 1, 1))


@pytest.mark.parametrize("days", [9, 121, 0, -1])
def test_a_wait_is_ten_to_one_hundred_and_twenty_days(days: int) -> None:
    """BR-123."""
    with pytest.raises(ValueError, match="BR-123"):
        Step(Stage.FIRST_REMINDER, days)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (FIRST,),
        (COLLECTION, FIRST),
        (FIRST, Step(Stage.THIRD_REMINDER, 20), Step(Stage.FORMAL_NOTICE, 20), COLLECTION),
        (FIRST, FIRST, COLLECTION),
        (FIRST, Step(Stage.INSURER_SECOND, 20), COLLECTION),
    ],
    ids=["empty", "no end", "falling", "two last letters", "twice", "an insurer's step"],
)
def test_a_patients_ladder_rises_to_collection(steps: tuple[Step, ...]) -> None:
    with pytest.raises(ValueError, match=r"ladder|step"):
        Ladder(Payer.PATIENT, steps)


def test_an_insurers_ladder_never_ends_in_collection() -> None:
    """BR-137."""
    with pytest.raises(ValueError, match="key_account"):
        Ladder(Payer.INSURER, (FIRST, COLLECTION))


def test_every_stage_has_a_weight_and_every_letter_a_form() -> None:
    assert set(SEVERITY) == set(Stage)
    assert LETTERS == reminder.LETTERS


def test_a_practices_waits_fit_its_ladder() -> None:
    with pytest.raises(ValueError, match="5 steps"):
        Reminding(wait_days=(50, 30, 20, 25))
    with pytest.raises(ValueError, match="BR-123"):
        Reminding(wait_days=(50, 30, 5, 10, 25))
    assert Reminding(rappel_plus=False, wait_days=(50, 30, 20, 25)).wait_days[0] == 50


def waits(policy: Policy, open_rappen: int) -> list[int]:
    return [step.wait_days for step in policy.ladder(Payer.PATIENT, open_rappen).steps]


def test_a_practices_own_waits_count() -> None:
    own = Policy(reminding=Reminding(wait_days=(60, 20, 12, 11, 40)))
    assert waits(own, 50_00) == [60, 20, 12, 11, 40]
    assert waits(own, 49_95) == [60, *PLAIN_WAITS[1:]]
    plain = Policy(reminding=Reminding(rappel_plus=False, wait_days=(70, 20, 12, 11)))
    assert waits(plain, 49_95) == waits(plain, 500_00) == [70, 20, 12, 11]


def test_an_insurer_has_its_own_track_whatever_the_sum() -> None:
    assert Policy().ladder(Payer.INSURER, 1) is INSURER_LADDER


@given(
    stage=st.none() | st.sampled_from([Stage.FIRST_REMINDER, Stage.RPLUS_CALL, Stage.COLLECTION]),
    open_rappen=st.integers(1, 10**9),
    rappel_plus=st.booleans(),
)
def test_from_everywhere_a_ladder_leads_up_or_ends(
    *, stage: Stage | None, open_rappen: int, rappel_plus: bool
) -> None:
    policy = Policy(reminding=Reminding(rappel_plus=rappel_plus))
    step = policy.ladder(Payer.PATIENT, open_rappen).after(stage)
    assert (step is None) == (stage is Stage.COLLECTION)
    assert step is None or stage is None or SEVERITY[step.stage] > SEVERITY[stage]


@given(
    canton=st.sampled_from([*CANTONS, "LI", "", "ZZ"]),
    day=st.dates(date(2026, 1, 1), date(2028, 12, 1)),
)
def test_a_debtor_is_reminded_on_a_working_day_soon_after(canton: str, day: date) -> None:
    """BR-86, BR-122: at most the quiet period and the days off around it later."""
    found = reminding_day(CALENDAR, canton, day)
    assert CALENDAR.is_working(canton, found)
    assert 0 <= (found - day).days <= 18
    assert (found.month, found.day) not in {(12, 20), (12, 31), (1, 1), (1, 2)}


def test_a_calendar_does_not_guess_beyond_its_years() -> None:
    with pytest.raises(AssertionError, match="outside"):
        CALENDAR.is_working("ZH", date(2031, 1, 1))


def test_the_ladders_wait_as_the_rules_say() -> None:
    """BR-120, BR-123, BR-137."""
    plain = Policy(reminding=Reminding(rappel_plus=False))
    assert waits(Policy(), 500_00) == [50, 30, 10, 10, 25]
    assert waits(plain, 500_00) == [50, 30, 20, 25]
    assert [step.wait_days for step in INSURER_LADDER.steps] == [15, 15, 30, 30]
    assert [Step(Stage.FIRST_REMINDER, days).wait_days for days in (10, 120)] == [10, 120]


def test_a_letter_grants_twenty_days_first_and_then_ten() -> None:
    """BR-130: a term that ends on a day off ends on the next working day."""
    monday = date(2026, 6, 1)
    assert pay_by(CALENDAR, "ZH", Stage.FIRST_REMINDER, monday) == date(2026, 6, 22)
    assert pay_by(CALENDAR, "ZH", Stage.INSURER_FIRST, monday + timedelta(days=1)) == date(
        2026, 6, 22
    )
    assert pay_by(CALENDAR, "ZH", Stage.FORMAL_NOTICE, monday) == date(2026, 6, 11)


def test_the_quiet_period_runs_from_the_twentieth_of_december_to_the_second_of_january() -> None:
    """BR-86: all these days are Tuesdays and Wednesdays."""
    before, first = date(2028, 12, 19), date(2028, 12, 20)
    last, behind = date(2029, 1, 2), date(2029, 1, 3)
    found = [reminding_day(CALENDAR, "SO", day) for day in (before, first, last, behind)]
    assert found == [before, behind, behind, behind]
    assert not any(is_quiet(date(2029, month, 25)) for month in range(1, 12))


def test_a_calendar_that_is_none_cannot_exist() -> None:
    days = {"CH": frozenset({date(2026, 1, 1)})}
    with pytest.raises(ValueError, match="all cantons"):
        Calendar(first=date(2026, 1, 1), last=date(2026, 12, 31), holidays={})
    for first, last in (
        (date(2026, 1, 2), date(2026, 12, 31)),
        (date(2026, 2, 1), date(2026, 12, 31)),
        (date(2026, 1, 1), date(2026, 12, 30)),
        (date(2026, 1, 1), date(2026, 11, 30)),
    ):
        with pytest.raises(ValueError, match="whole years"):
            Calendar(first=first, last=last, holidays=days)
    year = Calendar(first=date(2026, 1, 1), last=date(2026, 12, 31), holidays=days)
    assert not year.is_working("ZH", date(2026, 1, 1))
    assert year.is_working("ZH", date(2026, 12, 31))


def test_wishes_hold_from_their_very_day_on() -> None:
    """BR-159."""
    practice, day = PracticeId("p-1"), date(2026, 3, 2)
    later = Policy(version=2)
    policies = Policies({practice: [(day, later)]})
    assert policies.on(practice, day) is later
    assert policies.on(practice, day - timedelta(days=1)) == Policy()
    assert policies.on(PracticeId("p-2"), day) == Policy()
