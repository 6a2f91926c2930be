"""A page of what was heard, or of what was parked, as work for the writer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from libs.events import Envelope
from libs.events.values import EventId, PracticeId
from libs.runtime.batch import Batch, Pending
from libs.runtime.feed import Page, Undecodable
from libs.runtime.hearing import Heard, Hearing
from libs.runtime.trouble import Damaged, lasts

if TYPE_CHECKING:
    from libs.runtime.host import Host


class PageWork:
    """A page of one feed: moves the position and does what follows."""

    def __init__(
        self,
        hearing: Hearing,
        page: Page,
        now: Callable[[], datetime],
        failed: Exception | None = None,
    ) -> None:
        """With what has `failed` before, nothing is tried: the page's message is parked with it."""
        self._failed = failed
        self._hearing = hearing
        self._page = page
        self._now = now
        self._moved = False
        self._items: list[Heard] = []

    def prepare(self, batch: Batch) -> Sequence[Pending]:
        items = self.begin(batch)
        self._hearing.react(batch.db, [item for item in items if item.error is None])
        return [command for item in items for command in item.commands]

    def begin(self, batch: Batch) -> Sequence[Heard]:
        """Move the position and return what is to be worked off; nothing if it was not ours."""
        page, hearing = self._page, self._hearing
        self._items = []
        place = hearing.service.name, page.source, page.partition, page.after, page.upto
        self._moved = hearing.store.move(batch.db, *place, page.mark)
        if not self._moved:
            return []
        names = {kind.__name__ for kind in hearing.types}
        for seq, found in page.items:
            item = (
                _undecodable(page, seq, found, self._now())
                if isinstance(found, Undecodable)
                else Heard(seq=seq, source=page.source, envelope=found, error=self._failed)
            )
            if isinstance(found, Undecodable) or item.envelope.type in names:
                self._items.append(item)
        return self._items

    def decide(self, batch: Batch) -> None:
        if self._items:
            self._hearing.decide(batch, self._items, self._now())

    def answer(self) -> bool:
        """Return whether the position was where the page begins; else another instance has it."""
        return self._moved


class PagesWork:
    """Pages of several partitions in one transaction, which moves each position for itself.

    What is looked up for a page is looked up once for all of them: a service that hears of many
    practices gets a few messages of each partition at a time.
    """

    def __init__(
        self, hearing: Hearing, pages: Sequence[Page], now: Callable[[], datetime]
    ) -> None:
        self._hearing = hearing
        self._pages = [PageWork(hearing, page, now) for page in pages]
        self._now = now
        self._items: list[Heard] = []

    def prepare(self, batch: Batch) -> Sequence[Pending]:
        self._items = [item for page in self._pages for item in page.begin(batch)]
        self._hearing.react(batch.db, [item for item in self._items if item.error is None])
        return [command for item in self._items for command in item.commands]

    def decide(self, batch: Batch) -> None:
        if self._items:
            self._hearing.decide(batch, self._items, self._now())

    def answer(self) -> Sequence[bool]:
        """Return of each page whether its position was where it begins."""
        return [page.answer() for page in self._pages]


class Redrive:
    """Parked messages that are due, each followed by those of its stream. Moves no position.

    `only` one of them where together they fail, parked for longer with what has `failed` before.
    """

    def __init__(
        self,
        hearing: Hearing,
        now: datetime,
        only: str | None = None,
        failed: Exception | None = None,
    ) -> None:
        self._only = only
        self._failed = failed
        self._hearing = hearing
        self._now = now
        self._items: list[Heard] = []
        self._done = 0

    def prepare(self, batch: Batch) -> Sequence[Pending]:
        name = self._hearing.service.name
        self._items = self._hearing.due(batch.db, name, self._now, self._only)
        for item in self._items:
            item.error = self._failed
        self._hearing.react(batch.db, [item for item in self._items if item.error is None])
        return [command for item in self._items for command in item.commands]

    def decide(self, batch: Batch) -> None:
        hearing = self._hearing
        name = hearing.service.name
        items = [item for item in self._items if hearing.unpark(batch.db, item, name)]
        behind = {i.key for i in items if self._only and hearing.waits(batch.db, i)}
        hearing.decide(batch, items, self._now, behind)
        self._done = len(items)

    def answer(self) -> int:
        return self._done


async def take_all(host: "Host", pages: Sequence[Page]) -> Sequence[bool]:
    """Store pages and what follows, all at once or, where one spoils it, one after the other."""
    if len(pages) > 1:
        try:
            moved: Sequence[bool] = await host.submit(
                PagesWork(host.hearing, pages, host.clock.now)
            )
        except Exception as error:
            if not lasts(error):
                raise
        else:
            return moved
    return [await take(host, page) for page in pages]


async def take(host: "Host", page: Page) -> bool:
    """Store a page and what follows; a message that spoils the transaction is parked alone."""

    async def store(part: Page, failed: Exception | None = None) -> bool:
        moved: bool = await host.submit(PageWork(host.hearing, part, host.clock.now, failed))
        return moved

    try:
        return await store(page)
    except Exception as error:
        if not lasts(error) or not page.items:
            raise
    for part in page.apart():
        try:
            moved = await store(part)
        except Exception as error:
            if not lasts(error) or not part.items:
                raise
            moved = await store(part, error)
        if not moved:
            return False
    return True


async def redrive(host: "Host") -> int:
    """Try what is parked and due, all at once or, where that fails, one after the other."""
    hearing, now = host.hearing, host.clock.now()
    try:
        done: int = await host.submit(Redrive(hearing, now))
    except Exception as error:
        if not lasts(error):
            raise
    else:
        return done
    due = await host.read(hearing.due, host.service.name, now)
    for item in due:
        try:
            await host.submit(Redrive(hearing, now, item.envelope.id))
        except Exception as error:
            if not lasts(error):
                raise
            await host.submit(Redrive(hearing, now, item.envelope.id, error))
    return len(due)


def _undecodable(page: Page, seq: int, found: Undecodable, now: datetime) -> Heard:
    envelope = Envelope(
        id=EventId(found.id),
        source=page.source,
        type="",
        stream=f"undecodable-{page.source}-{page.partition}",
        version=0,
        tenant=PracticeId(""),
        position=seq,
        recorded_at=now,
        correlation_id="",
        causation_id="",
        data=found.data,
    )
    return Heard(seq=seq, source=page.source, envelope=envelope, error=Damaged(found.error))
