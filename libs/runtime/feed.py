"""How a service hears others: pages of envelopes, from the owner's store or from Kafka."""

import asyncio
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from libs.events import Envelope
from libs.runtime.store import Broken, Store

T = TypeVar("T")

PAGE_EVENTS = 500
CATCH_UP_SECONDS = 0.2
"""How often whoever waits for a feed looks how far it has come."""
NEWEST_EVENTS = 1_000
LOOK_SECONDS = 2.0


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
    mark: str = ""
    """Id of the event that `upto` names; empty where it is not known."""

    beside: Sequence["Page"] = ()
    """Pages of the source's other partitions that came with it, to be stored with it."""

    def apart(self) -> Iterator["Page"]:
        """Return it as pages of one message, and what lies behind the last."""
        at = self.after
        for item in self.items:
            upto = max(at, item[0])
            known = isinstance(item[1], Envelope)
            mark = self.mark if upto == self.upto else item[1].id if known else ""
            yield replace(self, after=at, upto=upto, items=[item], mark=mark)
            at = upto
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

    async def catch_up(self) -> None:
        """Return once the service, this instance or another, has heard all that is said by now."""


class PositionOf(Protocol):
    """Return how far the consumer has come in a source's partition."""

    async def __call__(self, source: str, partition: int) -> int: ...


class Querier(Protocol):
    """Run a function of a connection on the reader thread of the log's owner."""

    async def __call__(self, function: Callable[..., T], *args: Any) -> T: ...


class Marked(Protocol):
    """Return the mark of the consumer's position in a source's partition, empty if it has none."""

    async def __call__(self, source: str, partition: int) -> str: ...


class Wake:
    """Tells everybody who waits for a log that it grew, and keeps the newest events at hand.

    What was just committed need not be read back by each who hears it. Used on the event loop.
    """

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self._newest: deque[Envelope] = deque(maxlen=NEWEST_EVENTS)

    @property
    def last(self) -> int:
        """Position of the newest event at hand, 0 if there is none."""
        return self._newest[-1].position if self._newest else 0

    def after(
        self, position: int, limit: int, types: Container[str]
    ) -> tuple[list[Envelope], int, str] | None:
        """Return what `Store.read` would, and the mark of the last event that was looked at.

        None: the log itself must be asked.
        """
        newest = self._newest
        if not newest or not newest[0].position <= position + 1 <= newest[-1].position:
            return None
        found: list[Envelope] = []
        last = newest[-1]
        for event in islice(newest, position + 1 - newest[0].position, None):
            if event.type in types:
                found.append(event)
                if len(found) == limit:
                    last = event
                    break
        return found, last.position, last.id

    def listen(self) -> asyncio.Event:
        """Return an event of one's own that each growth sets."""
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def notify(self, events: Sequence[Envelope] = ()) -> None:
        """Say that the log grew; by these events, where this process wrote them."""
        if events:
            if events[0].position != self.last + 1:
                self._newest.clear()  # another instance wrote in between
            self._newest.extend(events)
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
        marked: Marked | None = None,
    ) -> None:
        self.source = store.service
        self._store = store
        self._read = read
        self._wake = wake
        self._grown = wake.listen()
        self._types = sorted(types)
        self._position_of = position_of
        self._marked = marked
        self._at = 0
        self._sure = False
        """Whether the log was asked lately: what is at hand may not be all there is."""

    async def start(self) -> None:
        """Raise Broken where we heard what the owner has not: its log was restored (F29, F52)."""
        at = self._at = await self._position_of(self.source, 0)
        head = await self._read(self._store.head)
        if head < at:
            raise Broken(f"{self.source}: heard up to {at}, but the log ends at {head}")
        mark = await self._marked(self.source, 0) if self._marked else ""
        found = await self._read(self._store.mark, at) if mark else ""
        if found != mark:
            raise Broken(f"{self.source}: position {at} is {found} now, and {mark} was heard")

    async def next(self) -> Page:
        while True:
            self._grown.clear()
            if not self._sure or self._wake.last != self._at:
                found, upto, mark = await self._behind(self._at)
                if upto > self._at:
                    items = [(event.position, event) for event in found]
                    return Page(
                        source=self.source,
                        partition=0,
                        after=self._at,
                        upto=upto,
                        items=items,
                        mark=mark,
                    )
            self._sure = True
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._grown.wait()
            except TimeoutError:
                self._sure = False  # another instance may write to the log unheard

    async def _behind(self, after: int) -> tuple[Sequence[Envelope], int, str]:
        at_hand = self._wake.after(after, PAGE_EVENTS, self._types)
        return await self._read(self._page, after) if at_hand is None else at_hand

    def _page(self, db: Connection, after: int) -> tuple[Sequence[Envelope], int, str]:
        found, upto = self._store.read(db, after, PAGE_EVENTS, self._types)
        return found, upto, self._store.mark(db, upto) if upto > after else ""

    async def done(self, page: Page, *, moved: bool) -> None:
        self._at = page.upto if moved else await self._position_of(self.source, 0)

    async def stop(self) -> None:
        """Nothing is held."""

    async def lag(self) -> int:
        return max(0, await self._read(self._store.head) - self._at)

    async def catch_up(self) -> None:
        head = await self._read(self._store.head)
        while self._at < head:  # noqa: ASYNC110 - several may wait, and none for long
            await asyncio.sleep(CATCH_UP_SECONDS)
