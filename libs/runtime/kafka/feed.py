"""Hears other services over Kafka: one member of a consumer group, one feed for each source.

Where a service stands is written in its own database, in the transaction that stored what a page
caused. Kafka's committed offsets are for Kafka's tools alone. Source: event-log section 2.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError

from libs.runtime.feed import PAGE_EVENTS, Page, PositionOf
from libs.runtime.kafka.cluster import Cluster
from libs.runtime.records import Record, page_items, topic_of
from libs.runtime.store import Broken

log = structlog.get_logger()

POLL_MS = 500
COMMIT_SECONDS = 2.0
SILENT_SECONDS = 60.0
"""A member that hears nothing for so long, not even that there is nothing, starts anew."""
RELEASE_SECONDS = 5.0
"""How long a rebalance waits for the page under way; the position row decides in any case."""
SESSION_MS = 6_000
START_SECONDS = 30.0
STOP_SECONDS = 5.0


class KafkaGroup(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """This instance's membership in the service's consumer group; starts when first needed."""

    def __init__(self, cluster: Cluster, service: str, sources: Sequence[str]) -> None:
        self._cluster = cluster
        self._service = service
        self._topics = [topic_of(source) for source in sources]
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()
        self._done: dict[TopicPartition, int] = {}
        self._committed_at = 0.0
        self._heard_at = 0.0
        self._newest_poll = 0
        self._stopped = False
        self.generation = 0
        """Rises with every assignment; what was read under an older one is not ours any more."""
        self.feeds: list[KafkaFeed] = []
        self.changed = asyncio.Event()

    async def member(self) -> AIOKafkaConsumer:
        """Return the running consumer. Raises KafkaError or OSError while no broker answers.

        After `stop` it waits to be cancelled: there is nothing to hear any more.
        """
        while not self._stopped:
            async with self._starting:
                if self._consumer is None:
                    self._consumer = await self._start()
                return self._consumer
        await asyncio.Event().wait()
        raise AssertionError

    async def restart(self) -> None:
        """Leave the group; the next `member` joins anew."""
        async with self._starting:
            consumer, self._consumer = self._consumer, None
            self._turn()
            if consumer is not None:
                with suppress(KafkaError):
                    await consumer.stop()

    async def stop(self) -> None:
        """Tell Kafka's tools where we are, then leave the group for good."""
        self._stopped = True
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                if self._consumer is not None:
                    await self._commit(self._consumer)
                await self.restart()

    def processed(self, place: TopicPartition, offset: int) -> None:
        """Note that everything before this offset is stored."""
        self._done[place] = offset

    async def look_after(self, consumer: AIOKafkaConsumer, *, heard: bool) -> None:
        """Commit from time to time; notice that a member is alive and yet stuck, and restart it."""
        now = asyncio.get_running_loop().time()
        if now - self._committed_at > COMMIT_SECONDS:
            self._committed_at = now
            await self._commit(consumer)
        polls = [consumer.last_poll_timestamp(place) or 0 for place in consumer.assignment()]
        newest = max(polls, default=0)
        if heard or newest > self._newest_poll:
            self._heard_at, self._newest_poll = now, newest
        elif now - self._heard_at > SILENT_SECONDS:
            log.error("kafka_silent", service=self._service, seconds=SILENT_SECONDS)
            await self.restart()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the pages under way finish; what is not begun is dropped."""
        self._turn()
        with suppress(TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                for feed in self.feeds:
                    await feed.idle.wait()
        log.info("kafka_revoked", service=self._service, partitions=len(list(revoked)))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Each feed looks up its positions before it reads on."""
        self._turn()
        log.info("kafka_assigned", service=self._service, partitions=len(list(assigned)))

    def _turn(self) -> None:
        self.generation += 1
        self._done.clear()
        self.changed.set()

    async def _start(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **self._cluster.options(client=self._service),
            group_id=self._service,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 3,
            max_partition_fetch_bytes=1_000_000,
        )
        consumer.subscribe(self._topics, listener=self)
        self._heard_at = asyncio.get_running_loop().time()
        try:
            await asyncio.wait_for(consumer.start(), START_SECONDS)
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        offsets = {p: at for p, at in self._done.items() if p in consumer.assignment()}
        if offsets:
            with suppress(KafkaError):  # for lag tools only; the next one tells more
                await consumer.commit(offsets)
                self._done.clear()


class KafkaFeed:
    """Pages of one source's topic, partition by partition."""

    def __init__(
        self, group: KafkaGroup, source: str, types: Iterable[str], position_of: PositionOf
    ) -> None:
        self.source = source
        self.idle = asyncio.Event()
        """Set while no page is with the host."""
        self.idle.set()
        self._group = group
        self._topic = topic_of(source)
        self._types = frozenset(types)
        self._position_of = position_of
        self._generation = -1
        self._last: dict[TopicPartition, int] = {}
        """Number of the last record of each partition, for those whose position is known."""
        self._next: dict[TopicPartition, int] = {}
        """Offset behind what is stored."""
        self._heard: deque[tuple[TopicPartition, list[ConsumerRecord]]] = deque()
        self._given: tuple[int, Page, int] | None = None

    async def start(self) -> None:
        """Nothing to do: the group is joined when the first page is asked for."""

    async def next(self) -> Page:
        """Wait for the next page. Raises Broken at a gap, each time it is asked again."""
        while True:
            consumer = await self._group.member()
            self._forget_what_is_not_ours()
            if self._given is not None:
                return self._give()
            await self._place(consumer)
            if not self._heard:
                await self._listen(consumer)
                continue
            place, records = self._heard.popleft()
            page, end = self._page(place, records)
            if page.upto == page.after and not page.items:
                self._stored(place, page.upto, end)
                continue
            self._given = (self._generation, page, end)
            return self._give()

    async def done(self, page: Page, *, moved: bool) -> None:
        given, self._given = self._given, None
        self.idle.set()
        if given is None or given[0] != self._group.generation:
            return
        place = TopicPartition(self._topic, page.partition)
        if moved:
            self._stored(place, page.upto, given[2])
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

    def _give(self) -> Page:
        assert self._given is not None
        self.idle.clear()
        return self._given[1]

    def _forget_what_is_not_ours(self) -> None:
        if self._generation != self._group.generation:
            self._generation = self._group.generation
            self._last.clear()
            self._next.clear()
            self._heard.clear()
            self._given = None

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Go to the position row of every partition that is new to us.

        A record's number never exceeds its offset by more than one, so reading from the offset
        equal to the number reads too much at most, never too little.
        """
        for place in consumer.assignment():
            if place.topic == self._topic and place not in self._last:
                position = await self._position_of(self.source, place.partition)
                if self._generation != self._group.generation:
                    return
                consumer.seek(place, position)
                self._last[place] = self._next[place] = position

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
        try:
            items, upto = page_items(
                self._topic, after, [(r.offset, _record(r)) for r in records], self._types
            )
        except Broken:
            del self._last[place]  # asked again, we read it again and say the same
            raise
        page = Page(
            source=self.source, partition=place.partition, after=after, upto=upto, items=items
        )
        return page, records[-1].offset + 1

    def _stored(self, place: TopicPartition, upto: int, end: int) -> None:
        self._last[place], self._next[place] = upto, end
        self._group.processed(place, end)


def _record(heard: ConsumerRecord) -> Record:
    return Record(
        partition=heard.partition,
        key=heard.key or b"",
        value=heard.value or b"",
        headers=tuple(heard.headers),
        timestamp_ms=heard.timestamp,
    )


def kafka_feeds(
    cluster: Cluster, service: str, heard: Mapping[str, Iterable[str]], position_of: PositionOf
) -> list[KafkaFeed]:
    """Return a service's feeds, one for each source that it hears, of one group membership."""
    group = KafkaGroup(cluster, service, sorted(heard))
    group.feeds = [
        KafkaFeed(group, source, types, position_of) for source, types in sorted(heard.items())
    ]
    return list(group.feeds)
