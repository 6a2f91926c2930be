"""The whole chain: XML in, issued, ledger posted, dunning planned, read tables up to date."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter, process_time
from typing import NamedTuple

from bench.intake import XML
from bench.measure import Figure
from bench.reading import DAY, messages
from bench.sampler import Sampler
from bench.world import join, post_all, running
from libs.events.values import PracticeKind
from libs.runtime.system import System
from services.simulator.practices import Wish, practice

COUNT = 1_000
TURNS = 3
PEAK_DAY = 175_000
"""Invoices of the cooperative's busiest day (BR-220)."""


class Turn(NamedTuple):
    """What an invoice took, in milliseconds of core time and by the clock."""

    core: float
    wall: float


async def measured() -> tuple[Turn, Mapping[str, float]]:
    """Return the best turn on one system, and the shares of its parts in a further one."""
    bodies = messages("5.0", COUNT * (TURNS + 1))
    parts = [bodies[number * COUNT : (number + 1) * COUNT] for number in range(TURNS + 1)]
    member = practice(1, 1, Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version="5.0"), DAY)
    async with running(DAY) as system:
        headers = XML | {"X-Practice-Id": await join(system, member)}
        best = min([await turn(system, part, headers) for part in parts[:TURNS]])
        sampler = Sampler()
        sampler.start()
        await turn(system, parts[TURNS], headers)
        sampler.stop()
    return best, sampler.shares()


async def turn(system: System, bodies: Sequence[bytes], headers: Mapping[str, str]) -> Turn:
    """Hand in messages and wait until everybody has heard of them."""
    core, wall = process_time(), perf_counter()
    await post_all(system.apps["ingest"], "/submissions", bodies, headers, 202)
    await system.settle()
    core, wall = process_time() - core, perf_counter() - wall
    return Turn(core=core / len(bodies) * 1_000, wall=wall / len(bodies) * 1_000)


def figures() -> Iterator[Figure]:
    best, shares = asyncio.run(measured())
    what = "an invoice through all services, without documents"
    yield Figure(what=what, ours=best.core, unit="core ms", at_most=2)
    for name, share in shares.items():
        yield Figure(what=f"of it {name}", ours=share * best.core, unit="core ms")
    yield Figure(what="the same by the clock", ours=best.wall, unit="ms")
    yield peak_day(best.wall)


def peak_day(milliseconds: float) -> Figure:
    """Return how long the busiest day takes at a rate."""
    return Figure(
        what=f"a peak day of {PEAK_DAY:,} invoices at that rate",
        ours=milliseconds * PEAK_DAY / 60_000,
        unit="minutes",
        at_most=10,
    )
