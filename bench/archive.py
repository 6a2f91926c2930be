"""Thousands of messages in one archive: worked off a chunk at a time, in memory that stays flat.

All services in one process on SQLite, the archive handed to ingest as the gateway does. The anchor
is the same kind of messages handed in one by one, as many at a time as practice software would.
Every message that comes in fills caches, which are bounded; so what an archive adds is held against
what as many messages add that come one by one.
"""

import asyncio
import gc
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import NamedTuple

from bench.growth import DEARER
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
    """Messages a second, and megabytes added at the peak: one by one and in an archive."""

    single: float
    single_added: float
    packed: float
    packed_added: float
    size: float
    """Megabytes of the archive."""


class Added:
    """The memory that something adds at its peak, from now on."""

    def __init__(self) -> None:
        gc.collect()
        forget_peak()
        self._before = memory()

    def megabytes(self) -> float:
        return memory(field="VmHWM") - self._before


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
    del bodies[SINGLE:]
    async with running(DAY, "ingest") as system:
        headers = {"X-Practice-Id": await join(system, member)}
        await worked_off(system, first, headers)
        added, begun = Added(), perf_counter()
        await post_all(system.apps["ingest"], "/submissions", bodies, XML | headers, TAKEN)
        await system.settle()
        single, single_added = perf_counter() - begun, added.megabytes()
        added = Added()
        seconds = await worked_off(system, second, headers)
        return Measured(
            single=SINGLE / single,
            single_added=single_added * COUNT / SINGLE,
            packed=COUNT / seconds,
            packed_added=added.megabytes(),
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
    yield Figure(
        what=f"memory that {COUNT:,} messages in one archive add",
        ours=found.packed_added,
        unit="MB",
        anchor=found.single_added,
        against="one by one",
        at_most=DEARER,
    )
