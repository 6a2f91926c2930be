"""Many seeds on all cores: each process has one machine and plays its parts on it."""

import gc
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from time import process_time

from tests.simulation.runner import Runner, runner, told
from tests.simulation.steps import plan

CHUNK = 20
"""So many seeds are handed to a process at once."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What some seeds came to."""

    seeds: range
    steps: int
    core_seconds: float
    failures: Sequence[str]
    """Each as it is told to a person."""
    fingerprints: Sequence[str]
    facts: Counter[str]


_KEPT = ExitStack()


@cache
def _own() -> Runner:
    """Return this process's runner, which it keeps to its end."""
    made = _KEPT.enter_context(runner())
    gc.freeze()  # what the program is made of stays as long as the process
    return made


def _play(seeds: range) -> Part:
    mine = _own()
    begun = process_time()
    outcomes = [mine.play(plan(seed)) for seed in seeds]
    used = process_time() - begun
    return Part(
        seeds=seeds,
        steps=sum(len(outcome.plan.steps) for outcome in outcomes),
        core_seconds=used,
        failures=[told(one, mine.shrunk(one)) for one in outcomes if one.failure is not None],
        fingerprints=[outcome.fingerprint for outcome in outcomes],
        facts=sum((outcome.facts for outcome in outcomes), Counter()),
    )


def play_all(first: int, count: int, processes: int) -> Iterator[Part]:
    """Yield what parts of so many seeds come to, in order."""
    last = first + count
    parts = [range(at, min(at + CHUNK, last)) for at in range(first, last, CHUNK)]
    if processes == 1:
        yield from map(_play, parts)
        return
    with multiprocessing.get_context("spawn").Pool(min(processes, len(parts))) as pool:
        yield from pool.imap(_play, parts)
