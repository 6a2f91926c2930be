"""Hears other services over Kafka: one feed for each source, of one group membership."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError

from libs.runtime.feed import CATCH_UP_SECONDS, PAGE_EVENTS, Marked, Page, PositionOf
from libs.runtime.kafka.cluster import Cluster
from libs.runtime.kafka.group import KafkaGroup
from libs.runtime.kafka.whole import record_of
from libs.runtime.records import PARTITIONS, Record, mark_of, page_items, topic_of
from libs.runtime.store import Broken

POLL_MS = 500


class KafkaFeed:
    """Pages of one source's topic, partition by partition."""

    def __init__(
        self,
        group: KafkaGroup,
        source: str,
        types: Iterable[str],
        position_of: PositionOf,
        marked: Marked | None = None,
    ) -> None:
        self.source = source
        self.idle = asyncio.Event()
        """Set while no page is with the host."""
        self.idle.set()
        self._group = group
        self._topic = topic_of(source)
        self._types = frozenset(types)
        self._position_of = position_of
        self._marked = marked
        self._marks: dict[TopicPartition, str] = {}
        """Id of what was heard last of each partition, until it was seen on the topic again."""
        self._generation = -1
        self._last: dict[TopicPartition, int] = {}
        """Number of the last record of each partition, for those whose position is known."""
        self._next: dict[TopicPartition, int] = {}
        """Offset behind what is stored."""
        self._heard: deque[tuple[TopicPartition, list[ConsumerRecord]]] = deque()
        self._given: dict[int, tuple[Page, int]] = {}
        """Pages with the host, by partition, each with the offset behind it."""

    async def start(self) -> None:
        """Nothing to do: the group is joined when the first page is asked for."""

    async def next(self) -> Page:
        """Wait for the next page. Raises Broken at a gap, each time it is asked again."""
        while True:
            consumer = await self._group.member()
            self._forget_what_is_not_ours()
            if self._given:
                return self._give()
            await self._place(consumer)
            if self._heard:
                self._turn_to_pages()
            else:
                await self._listen(consumer)

    async def done(self, page: Page, *, moved: bool) -> None:
        given = self._given.pop(page.partition, None)
        if not self._given:
            self.idle.set()
        if given is None or self._generation != self._group.generation:
            return
        place = TopicPartition(self._topic, page.partition)
        if moved:
            self._stored(place, page.upto, given[1])
        else:
            self._last.pop(place, None)  # another instance was here: ask again where we stand

    async def stop(self) -> None:
        """Leave the group; the last feed to stop takes the group with it."""
        self.idle.set()
        self._group.feeds.remove(self)
        if not self._group.feeds:
            await self._group.stop()

    async def lag(self) -> int:
        """Return how many records of the partitions in our care are not stored yet."""
        consumer = await self._group.member()
        behind = 0
        for place, offset in self._next.items():
            if place in consumer.assignment():
                behind += max(0, (consumer.highwater(place) or 0) - offset)
        return behind

    async def catch_up(self) -> None:
        """Wait for others' partitions too: how far those came, their holders commit to Kafka."""
        places = [TopicPartition(self._topic, number) for number in range(PARTITIONS)]
        ends = await (await self._group.member()).end_offsets(places)
        for place, end in ends.items():
            while await self._reached(place) < end:  # noqa: ASYNC110 - another process tells nobody
                await asyncio.sleep(CATCH_UP_SECONDS)

    async def _reached(self, place: TopicPartition) -> int:
        consumer = await self._group.member()
        if place in consumer.assignment() and self._generation == self._group.generation:
            return self._next.get(place, 0)
        return await consumer.committed(place) or 0

    def _give(self) -> Page:
        self.idle.clear()
        first, *others = (page for page, _ in self._given.values())
        return replace(first, beside=others)

    def _turn_to_pages(self) -> None:
        """Make a page of each partition that was heard of; one with a gap waits to be the first."""
        while self._heard:
            place, records = self._heard[0]
            try:
                page, end = self._page(place, records)
            except Broken:
                if self._given:
                    return
                self._heard.popleft()
                raise
            self._heard.popleft()
            if page.upto == page.after and not page.items:
                self._stored(place, page.upto, end)
            else:
                self._given[place.partition] = (page, end)

    def _forget_what_is_not_ours(self) -> None:
        if self._generation != self._group.generation:
            self._generation = self._group.generation
            self._last.clear()
            self._marks.clear()
            self._next.clear()
            self._heard.clear()
            self._given = {}

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Go to the position row of every partition that is new to us.

        A record's number never exceeds its offset by more than one, so reading from the offset
        before the number reads too much at most, never too little: the record heard last is seen
        again, and it must be the one that was heard (F52).
        """
        for place in consumer.assignment():
            if place.topic == self._topic and place not in self._last:
                position = await self._position_of(self.source, place.partition)
                mark = await self._marked(self.source, place.partition) if self._marked else ""
                if self._generation != self._group.generation:
                    return
                consumer.seek(place, max(0, position - 1))
                self._marks[place] = mark
                self._stored(place, position, position)

    async def _listen(self, consumer: AIOKafkaConsumer) -> None:
        if not self._last:
            self._group.changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._group.changed.wait(), POLL_MS / 1000)
            return
        try:
            heard = await consumer.getmany(*self._last, timeout_ms=POLL_MS, max_records=PAGE_EVENTS)
            if self._generation == self._group.generation:
                self._heard.extend(heard.items())
                await self._group.look_after(consumer, heard=bool(heard))
        except ConsumerStoppedError:
            return  # another feed restarted the membership; the next round joins the new one
        except KafkaError:
            await self._group.restart()
            raise

    def _page(self, place: TopicPartition, records: list[ConsumerRecord]) -> tuple[Page, int]:
        after = self._last[place]
        heard = [(r.offset, record_of(r)) for r in records]
        try:
            self._same(place, after, [record for _, record in heard])
            items, upto = page_items(self._topic, after, heard, self._types)
        except Broken:
            del self._last[place]  # asked again, we read it again and say the same
            raise
        page = Page(
            source=self.source,
            partition=place.partition,
            after=after,
            upto=upto,
            items=items,
            mark=mark_of(upto, (record for _, record in reversed(heard))) if upto > after else "",
        )
        return page, records[-1].offset + 1

    def _same(self, place: TopicPartition, after: int, records: Sequence[Record]) -> None:
        """Raise Broken where another fact has the number of the one that we heard last."""
        mark = self._marks.get(place, "")
        found = mark_of(after, records) if mark else ""
        if found:
            if found != mark:
                where = f"{self._topic}/{place.partition}: number {after}"
                raise Broken(f"{where} is {found} now, and {mark} was heard")
            del self._marks[place]

    def _stored(self, place: TopicPartition, upto: int, end: int) -> None:
        self._last[place], self._next[place] = upto, end
        self._group.processed(place, end)


def kafka_feeds(
    cluster: Cluster,
    service: str,
    heard: Mapping[str, Iterable[str]],
    position_of: PositionOf,
    marked: Marked | None = None,
) -> list[KafkaFeed]:
    """Return a service's feeds, one for each source that it hears, of one group membership."""
    group = KafkaGroup(cluster, service, sorted(heard))
    feeds = [
        KafkaFeed(group, source, types, position_of, marked)
        for source, types in sorted(heard.items())
    ]
    group.feeds = list(feeds)
    return feeds
