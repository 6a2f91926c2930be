"""Event logs for tests: empty ones, events to put in, and an instance that hears them."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime

from sqlalchemy import Engine

from libs.events import Envelope
from libs.events.values import EventId, PracticeId
from libs.runtime.feed import Feed, Page, PositionOf
from libs.runtime.ids import derived
from libs.runtime.migrate import upgrade
from libs.runtime.store import Store

PATIENCE = 30
"""Seconds until a test gives up waiting for what must come."""
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def create_log(engine: Engine) -> None:
    """Make an empty event log: what a service without read tables would have."""
    upgrade("nobody", engine)


def practice(number: int) -> PracticeId:
    """Return the id of one of the tests' practices."""
    return PracticeId(derived("practice", str(number)))


def recorded(tenant: PracticeId, number: int, kind: str, source: str) -> Envelope:
    """Return the number-th event of the stream that a practice has for this kind."""
    stream = f"{kind.lower()}-{tenant}"
    return Envelope(
        id=EventId(derived(stream, str(number))),
        source=source,
        type=kind,
        stream=stream,
        version=number,
        tenant=tenant,
        position=0,
        recorded_at=AT,
        correlation_id="correlation",
        causation_id="causation",
        data=b'{"type":"%s","number":%d}' % (kind.encode(), number),
    )


class Instance:
    """What the host does with a feed, without rules: stores the position, notes what was heard."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self.store = store
        self.feed = feed
        self.heard: dict[PracticeId, list[int]] = defaultdict(list)
        self.refused = 0

    async def next(self) -> Page:
        return await asyncio.wait_for(self.feed.next(), PATIENCE)

    def move(self, page: Page) -> bool:
        """Store that the page is done; False if another instance was first."""
        with self.store.writing() as db:
            return self.store.move(
                db, "consumer", page.source, page.partition, page.after, page.upto
            )

    async def take(self) -> None:
        """Take one page through; its events count only if the position was ours to move."""
        page = await self.next()
        moved = self.move(page)
        self.refused += not moved
        for _, item in page.items if moved else ():
            assert isinstance(item, Envelope)
            self.heard[item.tenant].append(item.version)
        await self.feed.done(page, moved=moved)

    async def take_until(self, count: int) -> None:
        """Take pages until so many events were heard."""
        while sum(len(numbers) for numbers in self.heard.values()) < count:
            await self.take()


def position_in(store: Store) -> PositionOf:
    """Return the function by which a feed asks where the consumer stands."""

    async def ask(source: str, partition: int) -> int:
        with store.reading() as db:
            return store.position(db, "consumer", source, partition)

    return ask
