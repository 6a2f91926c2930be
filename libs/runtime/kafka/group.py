"""Membership of one instance in its service's consumer group.

Where a service stands is written in its own database, in the transaction that stored what a page
caused. Kafka's committed offsets are for Kafka's tools alone. Source: event-log section 2.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from libs.runtime.kafka.cluster import Cluster
from libs.runtime.records import topic_of

log = structlog.get_logger()

COMMIT_SECONDS = 2.0
SILENT_SECONDS = 60.0
"""A member that hears nothing for so long, not even that there is nothing, starts anew."""
RELEASE_SECONDS = 5.0
"""How long a rebalance waits for the page under way; the position row decides in any case."""
SESSION_MS = 6_000
START_SECONDS = 30.0
STOP_SECONDS = 5.0


class Member(Protocol):
    """A feed of the group: it says when no page is under way."""

    idle: asyncio.Event


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
        self.feeds: list[Member] = []
        self.changed = asyncio.Event()

    async def member(self) -> AIOKafkaConsumer:
        """Return the running consumer. Raises KafkaError or OSError while no broker answers.

        After `stop` it waits to be cancelled: there is nothing to hear any more.
        """
        async with self._starting:
            if not self._stopped:  # asked in here: `stop` may have come while we waited for a turn
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
                for place, at in offsets.items():  # a page may have been stored meanwhile
                    if self._done.get(place) == at:
                        del self._done[place]
