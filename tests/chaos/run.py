"""One run of chaos: load and faults at once, then repair, rest, and the proof."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from libs.runtime.clock import Clock
from tests.chaos.faults import Saboteur
from tests.chaos.ledger import Ledger, Verdict
from tests.chaos.load import Load
from tests.chaos.messages import practices
from tests.chaos.world import World

LOOK_SECONDS = 1.0
TELL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How much of what."""

    seed: int
    events: int
    members: int = 8
    brokers: int = 1
    every: float = 6.0
    """Seconds between two faults, on average."""
    faults: int = 0
    """At least so many faults, even where the events are there sooner."""


def told(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


async def chaos(wish: Wish, tell: Callable[[str], None] = told) -> dict[str, Any]:
    """Return what was done and what came of it; `ok` only if nothing is lost or doubled."""
    world = World(wish.brokers)
    ledger: Ledger | None = None
    try:
        tell("starting brokers, PostgreSQL and all services twice")
        await world.start()
        ledger = Ledger(world.folder / "ledger.db")
        return await _play(world, ledger, wish, tell)
    finally:
        if ledger is not None:
            ledger.close()
        await world.close()


async def _play(
    world: World, ledger: Ledger, wish: Wish, tell: Callable[[str], None]
) -> dict[str, Any]:
    today = Clock().today()
    members = practices(wish.seed, wish.members, today)
    joined, bank = await world.join(members)
    await world.at_rest()
    load = Load(world.fleet.doors, ledger, wish.seed, today)
    saboteur = Saboteur(world, wish.seed, wish.every)
    saboteur.most = wish.faults
    begun = monotonic()
    load.start(members, joined, bank)
    saboteur.start()
    try:
        await _until_enough(world, load, saboteur, wish, tell)
        tell("enough; repairing")
        await saboteur.stop()
        await load.stop()
        loaded = monotonic() - begun
        tell("waiting until all is at rest")
        await world.at_rest()
    finally:
        await load.abandon()
    seconds = monotonic() - begun
    events = sum((await asyncio.to_thread(world.heads)).values())
    tell("proving")
    verdict = await asyncio.to_thread(world.compare, ledger)
    proved = await asyncio.to_thread(world.verify)
    return {
        "seed": wish.seed,
        "events": events,
        "sent": ledger.counts(),
        "faults": dict(saboteur.done),
        "restarted": dict(saboteur.restarted),
        "answers": dict(load.seen),
        "seconds": round(seconds, 1),
        "seconds_at_rest_after": round(seconds - loaded, 1),
        "events_per_second": round(events / seconds),
        **_judged(verdict, proved),
    }


def _judged(verdict: Verdict, proved: dict[str, Any]) -> dict[str, Any]:
    return {
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "named": verdict.named,
        "verify_ok": proved["ok"],
        "verify_failed": proved["failed"][:10],
        "ok": not verdict.lost and not verdict.doubled and proved["ok"],
    }


async def _until_enough(
    world: World, load: Load, saboteur: Saboteur, wish: Wish, tell: Callable[[str], None]
) -> None:
    begun = told_at = monotonic()
    events = 0
    while events < wish.events or (wish.faults and not saboteur.content):
        await asyncio.sleep(LOOK_SECONDS)
        load.check()
        saboteur.check()
        events = sum((await asyncio.to_thread(world.heads)).values()) or events
        if monotonic() - told_at > TELL_SECONDS:
            told_at = monotonic()
            seconds = told_at - begun
            tell(
                f"{seconds:6.0f} s {events:9} events {load.taken:8} messages"
                f" {events / seconds:7.0f}/s  faults {sum(saboteur.done.values())}"
            )
