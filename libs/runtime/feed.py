"""How a service hears others: pages of envelopes, from the owner's store or from Kafka."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from libs.events import Envelope
from libs.runtime.store import Broken, Store

T = TypeVar("T")

PAGE_EVENTS = 500


@dataclass(frozen=True, kw_only=True)
class Undecodable:
    """A record that is no envelope; it is parked with its error and the feed goes on (F22, B65)."""

    id: str
    data: bytes
    error: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """What was heard of one source and partition between two positions."""

    source: str
    partition: int
    after: int
    """The consumer's position before this page."""
    upto: int
    """Its position once the page is done; at least `after`."""
    items: Sequence[tuple[int, Envelope | Undecodable]]
    """Each with its own number, rising; numbers of events that are not for others are missing."""

    def apart(self) -> Iterator["Page"]:
        """Return it as pages of one message, and what lies behind the last."""
        at = self.after
        for item in self.items:
            yield replace(self, after=at, upto=max(at, item[0]), items=[item])
            at = max(at, item[0])
        if at < self.upto:
            yield replace(self, after=at, items=[])


class Feed(Protocol):
    """Pages of one source. The position belongs to the consumer's database, never to the feed."""

    source: str

    async def start(self) -> None:
        """Begin; positions are asked for with the function that the feed was made with."""

    async def next(self) -> Page:
        """Wait for the next page. Asked again without `done`, it may give the same page again."""

    async def done(self, page: Page, *, moved: bool) -> None:
        """Hear that the page is stored; `moved` False: another instance holds the position now."""

    async def stop(self) -> None:
        """End; a page being waited for is given up."""

    async def lag(self) -> int:
        """Return how many records lie behind the consumer's positions."""


class PositionOf(Protocol):
    """Return how far the consumer has come in a source's partition."""

    async def __call__(self, source: str, partition: int) -> int: ...


class Querier(Protocol):
    """Run a function of a connection on the reader thread of the log's owner."""

    async def __call__(self, function: Callable[..., T], *args: Any) -> T: ...


class Wake:
    """Tells everybody who waits for a log that it grew."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def listen(self) -> asyncio.Event:
        """Return an event of one's own that each growth sets."""
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def notify(self) -> None:
        """Say that the log grew."""
        for event in self._waiting:
            event.set()


class StoreFeed:
    """The embedded feed: the owner's log, read on its own reader thread. One partition."""

    def __init__(
        self,
        store: Store,
        read: Querier,
        wake: Wake,
        types: Sequence[str],
        position_of: PositionOf,
    ) -> None:
        self.source = store.service
        self._store = store
        self._read = read
        self._grown = wake.listen()
        self._types = sorted(types)
        self._position_of = position_of
        self._at = 0

    async def start(self) -> None:
        """Raise Broken where we heard more than the owner has: its log was restored (F29, F52)."""
        self._at = await self._position_of(self.source, 0)
        head = await self._read(self._store.head)
        if head < self._at:
            raise Broken(f"{self.source}: heard up to {self._at}, but the log ends at {head}")

    async def next(self) -> Page:
        while True:
            self._grown.clear()
            found, upto = await self._read(self._store.read, self._at, PAGE_EVENTS, self._types)
            if upto > self._at:
                items = [(event.position, event) for event in found]
                return Page(source=self.source, partition=0, after=self._at, upto=upto, items=items)
            await self._grown.wait()

    async def done(self, page: Page, *, moved: bool) -> None:
        self._at = page.upto if moved else await self._position_of(self.source, 0)

    async def stop(self) -> None:
        """Nothing is held."""

    async def lag(self) -> int:
        return max(0, await self._read(self._store.head) - self._at)
