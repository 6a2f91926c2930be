"""Kafka in a list: topics of 64 partitions, records in order within one and in none between two.

Written by the real relay, read by the rules of the real feed: by number, a repeat skipped, a gap an
alarm. What a delivery does wrong is said with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from libs.runtime.feed import Page
from libs.runtime.records import Record, mark_of, page_items, source_of, topic_of

Topics: TypeAlias = dict[str, dict[int, list[Record]]]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The connection breaks after so many records of a page arrived."""

    records: int


class Broker:
    """Where relays send to and feeds read from; keeps all it ever took."""

    def __init__(self) -> None:
        self.topics: Topics = defaultdict(lambda: defaultdict(list))
        self.cut: Cut | None = None

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        """Take records; where the connection is cut, only the first of them, unacknowledged."""
        cut, self.cut = self.cut, None
        for record in records[: cut.records] if cut else records:
            self.topics[topic][record.partition].append(record)
        if cut:
            raise ConnectionResetError

    async def stop(self) -> None:
        """Nothing is open."""

    def sources(self) -> Iterable[tuple[str, int]]:
        """Return every service and partition that has a record, in a fixed order."""
        return [
            (source_of(topic), partition)
            for topic, partitions in sorted(self.topics.items())
            for partition in sorted(partitions)
        ]

    def last(self, source: str, partition: int) -> int:
        """Return the number of the last fact of a partition."""
        records = self.topics[topic_of(source)][partition]
        return int(dict(records[-1].headers)["pseq"]) if records else 0

    def page(
        self, source: str, partition: int, after: int, types: frozenset[str], *,
        back: int = 0, count: int = 500,
    ) -> Page:  # fmt: skip
        """Return what a consumer hears behind a position, that many records and some heard before.

        A number never exceeds its offset by more than one: reading starts at the position itself.
        """
        first = max(0, after - back)
        records = self.topics[topic_of(source)][partition][first : first + count]
        items, upto = page_items(topic_of(source), after, list(enumerate(records, first)), types)
        mark = mark_of(upto, reversed(records)) if upto > after else ""
        return Page(
            source=source, partition=partition, after=after, upto=upto, items=items, mark=mark
        )

    def copy(self) -> "Broker":
        """Return a broker that has taken the same so far."""
        made = Broker()
        for topic, partitions in self.topics.items():
            for partition, records in partitions.items():
                made.topics[topic][partition] = list(records)
        return made


class Given:
    """A feed of one page; says whether it was stored."""

    def __init__(self, page: Page) -> None:
        self.source = page.source
        self.moved = False
        self._page = page

    async def start(self) -> None:
        """Nothing begins."""

    async def next(self) -> Page:
        return self._page

    async def done(self, page: Page, *, moved: bool) -> None:
        assert page is self._page
        self.moved = moved

    async def stop(self) -> None:
        """Nothing is held."""

    async def lag(self) -> int:
        return 0

    async def catch_up(self) -> None:
        """One page is all there is."""
