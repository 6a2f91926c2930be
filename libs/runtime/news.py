"""Tells whoever waits for what concerns a practice that this process heard something of it.

Another instance may hear it instead: who waits looks by itself too, only less often.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from libs.events import Envelope
from libs.runtime.feed import Page


class Ear:
    """What one who listens has heard since it last asked."""

    def __init__(self) -> None:
        self._grown = asyncio.Event()
        self._tenants: set[str] = set()

    def hear(self, tenants: set[str]) -> None:
        """Note of whom something was said."""
        self._tenants |= tenants
        self._grown.set()

    async def wait(self, seconds: float) -> set[str]:
        """Return of whom something was said since the last time; empty if time runs out before."""
        try:
            async with asyncio.timeout(seconds):
                await self._grown.wait()
        except TimeoutError:
            return set()
        self._grown.clear()
        heard, self._tenants = self._tenants, set()
        return heard


class News:
    """Who listens, by practice or to all of them. Used on the event loop."""

    def __init__(self) -> None:
        self._of_all: set[Ear] = set()
        self._of_one: dict[str, set[Ear]] = defaultdict(set)

    @contextmanager
    def listen(self, tenant: str = "") -> Iterator[Ear]:
        """Listen for a practice, or for all, as long as the block lasts."""
        ear = Ear()
        ears = self._of_one[tenant] if tenant else self._of_all
        ears.add(ear)
        try:
            yield ear
        finally:
            ears.discard(ear)
            if tenant and not ears:
                self._of_one.pop(tenant, None)

    def tell(self, said_of: Iterable[str]) -> None:
        """Say of which practices something was heard and stored."""
        tenants = set(said_of)
        if not tenants:
            return
        for ear in self._of_all:
            ear.hear(tenants)
        for tenant in tenants & self._of_one.keys():
            for ear in self._of_one[tenant]:
                ear.hear({tenant})


def practices_of(pages: Sequence[Page], moved: Sequence[bool]) -> Iterator[str]:
    """Yield of which practices the pages told that were ours to store."""
    for page, was_ours in zip(pages, moved, strict=True):
        for _, found in page.items if was_ours else ():
            if isinstance(found, Envelope):
                yield found.tenant
