"""Who waits for an answer goes before what nobody waits for: all share one interpreter (P41)."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

CROWD = 8
"""Requests at a time, from which on nothing else is as urgent as they are."""
LOOK_SECONDS = 0.02
HEARD_LATER = 0.5
"""Seconds for which what is heard of others gives way to callers."""


class Door(Protocol):
    """An HTTP interface, as far as it matters here."""

    working: int
    """Requests that are worked on."""


async def give_way(doors: Sequence[Door], seconds: float = HEARD_LATER) -> None:
    """Wait while many wait for an answer, but no longer than so many seconds.

    What is worked off later comes in larger pages besides, which cost less for each message.
    """
    now = asyncio.get_running_loop().time
    until = now() + seconds
    while sum(door.working for door in doors) >= CROWD and now() < until:  # noqa: ASYNC110 - asked of several doors, a few times
        await asyncio.sleep(LOOK_SECONDS)
