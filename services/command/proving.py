"""`quittance verify`: the invariants of architecture section 10, as a JSON of all sums."""

import atexit
import os
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Any, NamedTuple

from libs.runtime import verify
from libs.runtime.settings import Settings
from services.command.opening import Opened, opened
from services.command.proving_parts import Part, Shape, heads_of, prove_part
from services.command.serving import cluster_of

STRETCH = 100_000
"""So many events of a log are proved by one process at a time."""
APART_FROM = 100_000
"""With fewer events, starting processes takes longer than the work."""


class Proof(NamedTuple):
    """What the parts have found, with the part."""

    part: Part
    found: dict[str, Any]


def prove(
    settings: Settings, without: Collection[str] = (), apart_from: int = APART_FROM
) -> dict[str, Any]:
    """Return every sum and, under "failed", everything that does not hold.

    While services work, what must agree at rest only is not compared; "at_rest" says so. From so
    many events on, all cores are used.
    """
    shape = _shape(settings)
    cores = len(os.sched_getaffinity(0))
    with opened(settings) as services:
        heads = heads_of(services)
        parts = list(_parts(heads, {*without} | ({"topics"} if not settings.kafka else set())))
        if cores == 1 or sum(heads.values()) < apart_from:
            return _together([Proof(part, prove_part(services, part, shape)) for part in parts])
    return _together(_apart(settings, parts, cores))


def prove_opened(services: Mapping[str, Opened], *, over_kafka: bool) -> dict[str, Any]:
    """Prove services of this process, on their own connections."""
    shape = Shape(over_kafka=over_kafka)
    parts = _parts(heads_of(services), {"topics"})
    return _together([Proof(part, prove_part(services, part, shape)) for part in parts])


def _parts(heads: Mapping[str, int], without: set[str]) -> Iterator[Part]:
    """Return the work, the longest first; each log in stretches that any process can prove."""
    for name in sorted(heads, key=lambda name: name != "gateway"):
        yield Part("service", name)
    for name, head in heads.items():
        if "topics" not in without:
            yield Part("topic", name)
        for after in range(0, head, STRETCH):
            upto = min(after + STRETCH, head)
            yield Part("chain", name, after, upto)
            if "documents" not in without:
                yield Part("documents", name, after, upto)


_opened: dict[str, Any] = {}


def _start(settings: Settings) -> None:
    """Open everything in a process of the pool; it is closed when the process ends."""
    stack = ExitStack()
    _opened.update(services=stack.enter_context(opened(settings)), shape=_shape(settings))
    atexit.register(stack.close)


def _prove(part: Part) -> dict[str, Any]:
    return prove_part(_opened["services"], part, _opened["shape"])


def _shape(settings: Settings) -> Shape:
    cluster = cluster_of(settings) if settings.kafka else None
    return Shape(over_kafka=settings.distributed, cluster=cluster)


def _apart(settings: Settings, parts: Sequence[Part], cores: int) -> list[Proof]:
    """Prove on all cores; a process with one thread is copied, which is soonest at work."""
    how = get_context("fork" if threading.active_count() == 1 else "spawn")
    with ProcessPoolExecutor(cores, how, _start, (settings,)) as pool:
        return [Proof(*pair) for pair in zip(parts, pool.map(_prove, parts), strict=True)]


def _together(proofs: Sequence[Proof]) -> dict[str, Any]:
    services = {one.part.name: one.found for one in proofs if one.part.kind == "service"}
    failed = [what for one in _in_order(proofs) for what in one.found["failed"]]
    rest = all("heads" in one for one in services.values()) and verify.at_rest(services)
    sums = {name: found.get("counted", {}) for name, found in services.items()}
    if rest:
        failed += verify.agree(sums)
    counts = {"documents": 0, "topic": 0}
    for one in proofs:
        if one.part.kind in counts:
            counts[one.part.kind] += one.found.get("count", 0)
    return {
        "ok": not failed,
        "at_rest": rest,
        "failed": failed,
        "logs": {name: found.get("log", {}) for name, found in services.items()},
        "tables": {name: found.get("tables", {}) for name, found in services.items()},
        "documents": counts["documents"],
        "records": counts["topic"],
        "sums": sums,
    }


def _in_order(proofs: Iterable[Proof]) -> Sequence[Proof]:
    """Return what was found of the logs first: the rest may follow from it."""
    order = ("chain", "service", "documents", "topic")
    return sorted(proofs, key=lambda one: order.index(one.part.kind))
