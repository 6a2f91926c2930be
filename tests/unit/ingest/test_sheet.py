"""Sheets on paper: each is keyed once or twice, by nobody else meanwhile, and ends one way."""

from services.ingest.app import SHEET, TEMPLATE
from services.ingest.decider.sheet_words import (
    ClaimedByOther,
    NothingToResolve,
    NotWaiting,
    SecondClerkNeeded,
)
from services.ingest.decider.template import ChooseTemplate, Printed, SheetTemplateChosen
from tests.scenario import Scenario
from tests.unit.ingest.sheets import (
    ANNA,
    BEA,
    CARLA,
    IDS,
    LATER,
    ONE,
    OTHER,
    claim,
    claimed,
    key,
    keyed,
    receive,
    received,
    released,
    reopened,
    resolve,
    resolved,
    send_back,
    sent_back,
    take_in,
    taken_in,
)

LARGE = 200_000
sheet = Scenario(SHEET)
waiting = sheet.given(received)
once = waiting.given(keyed(ANNA, ONE, LARGE, final=False))
differing = once.given(keyed(BEA, OTHER, LARGE, second=True, final=False))


def test_the_same_scan_again_is_the_same_sheet() -> None:
    sheet.when(receive).then(received)
    waiting.when(receive).then_nothing()
    waiting.given(taken_in).when(receive).then_nothing()


def test_a_sheet_that_was_sent_back_may_come_again() -> None:
    waiting.given(sent_back(ANNA)).when(receive).then(received)


def test_two_clerks_do_not_key_one_sheet_at_a_time() -> None:
    waiting.when(claim(ANNA)).then(claimed(ANNA))
    held = waiting.given(claimed(ANNA))
    held.when(claim(BEA)).then_refused(ClaimedByOther)
    held.when(key(BEA)).then_refused(ClaimedByOther)
    held.when(send_back(BEA)).then_refused(ClaimedByOther)
    held.when(key(ANNA)).then(keyed(ANNA))


def test_a_claim_ends_by_itself_or_is_given_up() -> None:
    held = waiting.given(claimed(ANNA))
    held.when(claim(BEA, LATER)).then(claimed(BEA, LATER))
    held.given(released).when(claim(BEA)).then(claimed(BEA))


def test_below_the_amount_one_clerk_is_enough() -> None:
    waiting.when(key(ANNA, rappen=99_999)).then(keyed(ANNA, rappen=99_999))
    waiting.given(keyed(ANNA)).when(key(ANNA)).then_nothing()
    waiting.given(keyed(ANNA)).when(key(ANNA, OTHER)).then_refused(NotWaiting)


def test_from_the_amount_on_a_second_clerk_keys_who_is_not_the_first() -> None:
    waiting.when(key(ANNA, rappen=100_000)).then(keyed(ANNA, rappen=100_000, final=False))
    once.when(claim(ANNA)).then_refused(SecondClerkNeeded)
    once.when(key(ANNA, OTHER, LARGE)).then_refused(SecondClerkNeeded)
    once.when(key(ANNA, ONE, LARGE)).then_nothing()
    once.when(claim(BEA)).then(claimed(BEA))


def test_two_who_keyed_the_same_agree() -> None:
    once.when(key(BEA, ONE, LARGE)).then(keyed(BEA, ONE, LARGE, second=True))


def test_two_who_keyed_different_things_wait_for_somebody_to_choose() -> None:
    once.when(key(BEA, OTHER, LARGE)).then(keyed(BEA, OTHER, LARGE, second=True, final=False))
    differing.when(resolve(BEA)).then(resolved(BEA))
    differing.when(claim(ANNA)).then(claimed(ANNA))
    differing.when(key(CARLA, ONE, LARGE)).then_refused(NotWaiting)
    differing.given(resolved(BEA)).when(resolve(BEA)).then_nothing()
    once.when(resolve(BEA)).then_refused(NothingToResolve)


def test_what_could_not_be_taken_in_waits_again_from_the_beginning() -> None:
    again = differing.given(resolved(BEA), reopened)
    again.when(key(ANNA)).then(keyed(ANNA))


def test_a_sheet_ends_once() -> None:
    waiting.given(keyed(ANNA)).when(take_in).then(taken_in)
    ended = waiting.given(keyed(ANNA), taken_in)
    ended.when(take_in).then_nothing()
    ended.when(send_back(ANNA)).then_refused(NotWaiting)
    waiting.given(keyed(ANNA)).when(send_back(ANNA)).then_refused(NotWaiting)
    waiting.when(send_back(ANNA)).then(sent_back(ANNA))
    waiting.given(sent_back(ANNA)).when(send_back(ANNA)).then_nothing()
    waiting.given(sent_back(ANNA)).when(claim(ANNA)).then_refused(NotWaiting)
    sheet.when(claim(ANNA)).then_refused(NotWaiting)


def test_the_same_positions_are_the_same_version_of_a_practices_sheet() -> None:
    position = Printed(tariff="007", code="AA.00.0010", name="Konsultation")
    practice = IDS["practice_id"]
    choose = ChooseTemplate(practice_id=practice, positions=(position,), by="user:1")
    chosen = SheetTemplateChosen(
        practice_id=practice, version=1, positions=(position,), by="user:1"
    )
    template = Scenario(TEMPLATE)
    template.when(choose).then(chosen)
    template.given(chosen).when(choose).then_nothing()
    template.when(ChooseTemplate(practice_id=practice, positions=(), by="x")).then_nothing()
