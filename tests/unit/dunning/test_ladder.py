"""Ladders and calendars refuse to exist wrong."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.values import Payer, Reminding, Stage
from libs.paper import reminder
from services.dunning.holidays_ch import CANTONS, calendar_around
from services.dunning.ladder import (
    INSURER_LADDER,
    LETTERS,
    PLAIN_WAITS,
    SEVERITY,
    Ladder,
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
    found = CALENDAR.reminding_day(canton, day)
    assert CALENDAR.is_working(canton, found)
    assert 0 <= (found - day).days <= 18
    assert (found.month, found.day) not in {(12, 20), (12, 31), (1, 1), (1, 2)}


def test_a_calendar_does_not_guess_beyond_its_years() -> None:
    with pytest.raises(AssertionError, match="outside"):
        CALENDAR.is_working("ZH", date(2031, 1, 1))
