"""Who a member is, and the dated versions of what it wants."""

from datetime import date
from typing import Any

import pytest

from libs.events import PracticeConfigured, PracticeRegistered
from libs.events.terms import Contract, Reminding, Settings, Terms
from libs.events.values import Address, PracticeId, PracticeKind
from services.gateway.app import PRACTICE
from services.gateway.decider.practice import (
    AlreadyRegistered,
    Backdated,
    ChangedMeanwhile,
    ConfigurePractice,
    LaterVersionExists,
    OutOfBounds,
    RegisterPractice,
    UnknownPractice,
)
from tests.scenario import Scenario

P = PracticeId("p")
TODAY = date(2026, 3, 2)
TOMORROW = date(2026, 3, 3)
SLOW = Reminding(wait_days=(60, 30, 10, 10, 25))
practice = Scenario(PRACTICE)


def particulars(**other: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "practice_id": P,
        "account_no": 40112,
        "name": "Praxis am Lindenhof",
        "kind": PracticeKind.GENERAL_PRACTICE,
        "glns": ("7601000000002",),
        "canton": "ZH",
        "language": "de",
        "address": Address(city="Zürich"),
        "iban": "CH9300762011623852957",
        "joined_on": TODAY,
    }
    return known | other


register = RegisterPractice(**particulars())
registered = PracticeRegistered(**particulars())


def configure(
    settings: Settings, valid_from: date = TODAY, expected: int | None = None
) -> ConfigurePractice:
    return ConfigurePractice(
        practice_id=P,
        settings=settings,
        valid_from=valid_from,
        today=TODAY,
        by="user:1",
        expected_version=expected,
    )


def configured(version: int, settings: Settings, valid_from: date = TODAY) -> PracticeConfigured:
    return PracticeConfigured(
        practice_id=P, version=version, valid_from=valid_from, settings=settings, by="user:1"
    )


def test_a_practice_becomes_a_member_once() -> None:
    practice.when(register).then(registered).when(register).then_nothing()


def test_an_account_number_is_not_given_to_another_practice() -> None:
    other = RegisterPractice(**particulars(name="Andere Praxis"))
    practice.given(registered).when(other).then_refused(AlreadyRegistered)


@pytest.mark.parametrize("wrong", [{"account_no": 0}, {"account_no": 10**7}, {"glns": ()}])
def test_a_practice_that_could_not_be_billed_for_is_not_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"account number|GLN"):
        RegisterPractice(**particulars(**wrong))


def test_settings_of_a_stranger_are_refused() -> None:
    practice.when(configure(SLOW)).then_refused(UnknownPractice)


def test_each_section_counts_its_own_versions() -> None:
    known = practice.given(registered, configured(1, SLOW))
    known.when(configure(Terms(patient_days=20))).then(configured(1, Terms(patient_days=20)))
    known.when(configure(Reminding())).then(configured(2, Reminding()))


def test_what_is_wanted_already_is_not_said_again() -> None:
    known = practice.given(registered, configured(1, SLOW))
    known.when(configure(SLOW)).then_nothing()
    known.when(configure(SLOW, TOMORROW)).then_nothing()
    known.when(configure(SLOW, expected=0)).then_nothing()


def test_settings_never_act_backwards_br_159() -> None:
    known = practice.given(registered)
    known.when(configure(SLOW, date(2026, 3, 1))).then_refused(Backdated)
    known.when(configure(SLOW, TOMORROW)).then(configured(1, SLOW, TOMORROW))


def test_a_planned_version_is_not_undercut() -> None:
    planned = practice.given(registered, configured(1, SLOW, TOMORROW))
    planned.when(configure(Reminding(), TODAY)).then_refused(LaterVersionExists)
    planned.when(configure(SLOW, TODAY)).then_refused(LaterVersionExists)
    planned.when(configure(Reminding(), TOMORROW)).then(configured(2, Reminding(), TOMORROW))


def test_two_who_change_the_same_do_not_overwrite_each_other() -> None:
    known = practice.given(registered, configured(1, SLOW))
    known.when(configure(Reminding(), expected=0)).then_refused(ChangedMeanwhile)
    known.when(configure(Reminding(), expected=1)).then(configured(2, Reminding()))


@pytest.mark.parametrize(
    "wrong",
    [
        Terms(patient_days=9),
        Terms(insurer_days=181),
        Contract(advance_bp=10_001),
        Contract(fee_bp=-1),
        Contract(limit_rappen=-1),
    ],
)
def test_settings_out_of_bounds_are_refused(wrong: Settings) -> None:
    practice.given(registered).when(configure(wrong)).then_refused(OutOfBounds)


@pytest.mark.parametrize(
    "wrong",
    [
        {"wait_days": (9, 30, 10, 10, 25)},
        {"rappel_plus": False, "wait_days": (50, 30, 20, 121)},
        {"wait_days": (50, 30, 20, 25)},
        {"rappel_plus": False, "wait_days": (50,) * 5},
    ],
)
def test_a_ladder_that_could_not_be_climbed_does_not_exist_br_123(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        Reminding(**wrong)


def test_bounds_themselves_are_allowed() -> None:
    for settings in (
        Terms(patient_days=10, insurer_days=180),
        Reminding(wait_days=(10, 120, 10, 10, 10)),
        Contract(advance_bp=0, fee_bp=10_000),
    ):
        practice.given(registered).when(configure(settings)).then(configured(1, settings))
