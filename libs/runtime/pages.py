"""A page of what was heard, or of what was parked, as work for the writer."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime

from libs.events import Envelope
from libs.events.values import EventId, PracticeId
from libs.runtime.batch import Batch, Pending
from libs.runtime.feed import Page, Undecodable
from libs.runtime.hearing import Heard, Hearing


class PageWork:
    """A page of one feed: moves the position and does what follows."""

    def __init__(self, hearing: Hearing, page: Page, now: Callable[[], datetime]) -> None:
        self.future: Future[bool] = Future()
        self._hearing = hearing
        self._page = page
        self._now = now
        self._moved = False
        self._items: list[Heard] = []

    def prepare(self, batch: Batch) -> Sequence[Pending]:
        page, hearing = self._page, self._hearing
        self._items = []
        self._moved = hearing.store.move(
            batch.db, hearing.service.name, page.source, page.partition, page.after, page.upto
        )
        if not self._moved:
            return []
        names = {kind.__name__ for kind in hearing.types}
        for seq, found in page.items:
            item = (
                _undecodable(page, seq, found, self._now())
                if isinstance(found, Undecodable)
                else Heard(seq=seq, source=page.source, envelope=found)
            )
            if item.error is not None or item.envelope.type in names:
                self._items.append(item)
        hearing.react(batch.db, [item for item in self._items if item.error is None])
        return [command for item in self._items for command in item.commands]

    def decide(self, batch: Batch) -> None:
        if self._items:
            self._hearing.decide(batch, self._items, self._now())

    def answer(self) -> bool:
        """Return whether the position was where the page begins; else another instance has it."""
        return self._moved


class Redrive:
    """Parked messages that are due, each followed by those of its stream. Moves no position."""

    def __init__(self, hearing: Hearing, now: datetime) -> None:
        self.future: Future[int] = Future()
        self._hearing = hearing
        self._now = now
        self._items: list[Heard] = []
        self._done = 0

    def prepare(self, batch: Batch) -> Sequence[Pending]:
        name = self._hearing.service.name
        self._items = self._hearing.due(batch.db, name, self._now)
        self._hearing.react(batch.db, self._items)
        return [command for item in self._items for command in item.commands]

    def decide(self, batch: Batch) -> None:
        hearing = self._hearing
        self._done = 0
        for item in self._items:
            hearing.unpark(batch.db, item, hearing.service.name)
        hearing.clean = False
        hearing.decide(batch, self._items, self._now)
        self._done = len(self._items)

    def answer(self) -> int:
        return self._done


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
    return Heard(seq=seq, source=page.source, envelope=envelope, error=ValueError(found.error))
