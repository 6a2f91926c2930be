"""Loops give way to callers, for a bounded time (P41)."""

import asyncio
from dataclasses import dataclass
from time import perf_counter

from libs.runtime.courtesy import CROWD, give_way


@dataclass
class Busy:
    working: int


def given(doors: list[Busy], seconds: float) -> float:
    """Return for how long a loop waited."""
    begun = perf_counter()
    asyncio.run(give_way(doors, seconds))
    return perf_counter() - begun


def test_a_loop_does_not_wait_while_few_callers_do_p41() -> None:
    assert given([Busy(CROWD - 1), Busy(0)], 60) < 1


def test_a_loop_waits_for_a_crowd_at_all_doors_together_but_not_for_ever_p41() -> None:
    assert 0.2 <= given([Busy(CROWD // 2), Busy(CROWD - CROWD // 2)], 0.2) < 10


def test_a_loop_goes_on_as_soon_as_the_crowd_has_left_p41() -> None:
    async def scene() -> float:
        door = Busy(CROWD)
        begun = perf_counter()
        waiting = asyncio.create_task(give_way([door], 60))
        await asyncio.sleep(0)
        door.working = 0
        await waiting
        return perf_counter() - begun

    assert asyncio.run(scene()) < 10
