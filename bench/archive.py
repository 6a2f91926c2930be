"""Thousands of messages in one archive: worked off a chunk at a time, in memory that stays flat.

All services in one process on SQLite, the archive handed to ingest as the gateway does. The anchor
is the same kind of messages handed in one by one, as many at a time as practice software would. A
first archive fills the caches, which are bounded; what the second one adds is its own.
"""

import asyncio
import gc
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import NamedTuple

from bench.intake import XML
from bench.measure import Figure
from bench.processes import forget_peak, memory
from bench.reading import DAY, messages
from bench.world import join, post, post_all, running
from libs.events.values import PracticeKind
from libs.runtime.system import System
from services.ingest.job_api import JOBS
from services.simulator.practices import Wish, practice

COUNT = 10_000
SINGLE = 1_000
ZIP = {"Content-Type": "application/zip"}
TAKEN = 202


class Measured(NamedTuple):
    """Messages a second, one by one and in an archive, and the megabytes that an archive adds."""

    single: float
    packed: float
    added: float
    size: float
    """Megabytes of the archive."""


def packed(bodies: Sequence[bytes]) -> bytes:
    """Return messages as a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for number, body in enumerate(bodies, 1):
            made.writestr(f"{number}.xml", body)
    return out.getvalue()


async def worked_off(system: System, archive: bytes, headers: Mapping[str, str]) -> float:
    """Hand an archive in; return the seconds until each message in it has its receipt."""
    begun = perf_counter()
    assert await post(system.apps["ingest"], JOBS, archive, {**ZIP, **headers}) == TAKEN
    await system.settle(effects=True)
    return perf_counter() - begun


async def measured() -> Measured:
    bodies = messages("5.0", SINGLE + 2 * COUNT)
    member = practice(1, 1, Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version="5.0"), DAY)
    first, second = packed(bodies[SINGLE : SINGLE + COUNT]), packed(bodies[SINGLE + COUNT :])
    async with running(DAY, "ingest") as system:
        headers = {"X-Practice-Id": await join(system, member)}
        begun = perf_counter()
        await post_all(system.apps["ingest"], "/submissions", bodies[:SINGLE], XML | headers, TAKEN)
        await system.settle()
        single = SINGLE / (perf_counter() - begun)
        del bodies
        await worked_off(system, first, headers)
        gc.collect()
        forget_peak()
        before = memory()
        seconds = await worked_off(system, second, headers)
        return Measured(
            single=single,
            packed=COUNT / seconds,
            added=memory(field="VmHWM") - before,
            size=len(second) / 1_000_000,
        )


def figures() -> Iterator[Figure]:
    found = asyncio.run(measured())
    yield Figure(
        what=f"{COUNT:,} messages in one archive of {found.size:.1f} MB",
        ours=found.packed,
        anchor=found.single,
        against="one by one",
        at_least=1.0,
    )
    yield Figure(what="memory that it adds at its peak", ours=found.added, unit="MB", at_most=64)
