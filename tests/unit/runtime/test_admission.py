"""Places: in all, for each practice, and for what goes first (P41)."""

import pytest

from libs.runtime.admission import Admission
from libs.runtime.problems import Problem


def refused(status: int) -> "pytest.RaisesExc[Problem]":
    return pytest.raises(Problem, check=lambda error: error.status == status and waits(error))


def waits(error: Problem) -> bool:
    return int(error.headers["Retry-After"]) > 0


def test_p41_when_all_is_full_everybody_is_told_to_wait_but_the_bank() -> None:
    admission = Admission(4, 4, 100)
    seats = [admission.enter() for _ in range(4)]
    with refused(503):
        admission.enter()
    bank = admission.enter(first=True)
    with refused(503):
        admission.enter(first=True)
    bank.leave()
    seats.pop().leave()
    admission.enter()


def test_p41_a_practice_that_has_its_share_keeps_nobody_else_out() -> None:
    admission = Admission(10, 2, 100)
    loud = [admission.enter() for _ in range(3)]
    loud[0].claim("loud")
    loud[0].claim("loud")
    loud[1].claim("loud")
    with refused(429):
        loud[2].claim("loud")
    admission.enter().claim("quiet")
    loud[0].leave()
    loud[2].claim("loud")


def test_who_waits_for_its_clients_bytes_holds_no_place_of_all() -> None:
    admission = Admission(1, 1, 100)
    slow = admission.enter()
    slow.claim("slow")
    with slow.away():
        other = admission.enter()
        with refused(429):
            other.claim("slow")
        other.leave()
    with refused(503):
        admission.enter()


def test_p20_bodies_together_take_no_more_than_they_may() -> None:
    admission = Admission(10, 10, 100)
    one, other, bank = admission.enter(), admission.enter(), admission.enter(first=True)
    one.take(60)
    with refused(503):
        other.take(60)
    bank.take(60)
    for seat in (one, other, bank):
        seat.leave()
    assert (admission.working, admission.bytes, len(admission.of_each)) == (0, 0, 0)


def test_p41_a_credential_has_its_share_before_anybody_knows_whose_it_is() -> None:
    admission = Admission(10, 2, 100)
    loud = [admission.enter("Bearer loud") for _ in range(2)]
    with refused(429):
        admission.enter("Bearer loud")
    assert admission.working == 2
    admission.enter("Bearer loud", first=True)
    admission.enter("Bearer quiet").claim("quiet")
    loud[0].leave()
    again = admission.enter("Bearer loud")
    again.leave()
    again = admission.enter("Bearer loud")
    again.claim("a practice")
    with refused(429):
        admission.enter("Bearer loud")
