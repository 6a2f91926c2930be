"""The whole chain: XML in, issued, ledger posted, dunning planned, read tables up to date."""

import asyncio
from collections.abc import Iterator
from time import perf_counter, process_time

from bench.intake import XML
from bench.measure import Figure
from bench.reading import DAY, messages
from bench.world import join, post_all, running
from libs.events.values import PracticeKind
from services.simulator.practices import Wish, practice

COUNT = 1_000


async def measured() -> tuple[float, float]:
    """Return core milliseconds and wall milliseconds an invoice."""
    bodies = messages("5.0", COUNT)
    member = practice(1, 1, Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version="5.0"), DAY)
    async with running(DAY) as system:
        headers = XML | {"X-Practice-Id": await join(system, member)}
        core, wall = process_time(), perf_counter()
        await post_all(system.apps["ingest"], "/submissions", bodies, headers, 202)
        await system.settle()
        core, wall = process_time() - core, perf_counter() - wall
    return core / COUNT * 1000, wall / COUNT * 1000


def figures() -> Iterator[Figure]:
    core, wall = asyncio.run(measured())
    yield Figure(
        what="an invoice through all services, without documents",
        ours=core,
        unit="core ms",
        at_most=2,
    )
    yield Figure(what="the same by the clock", ours=wall, unit="ms")
