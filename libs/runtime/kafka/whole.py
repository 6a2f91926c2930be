"""Reads a topic from its beginning, or from near its end, as of one moment.

No group, no offsets committed: whoever proves a topic leaves no trace on it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from libs.runtime.kafka.cluster import Cluster
from libs.runtime.records import PARTITIONS, Record, topic_of

POLL_MS = 500


class NoTopic(Exception):
    """The topic does not exist; `quittance topics apply` makes it (F18)."""


class Whole:
    """A topic up to where it ended when it was opened."""

    def __init__(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._ends = ends

    async def records(
        self, start_at: Mapping[int, int] | None = None
    ) -> AsyncIterator[tuple[int, Record]]:
        """Return (offset, record), in order within each partition; from an offset on, if given."""
        first = await self._consumer.beginning_offsets(list(self._ends))
        left = {}
        for place, end in self._ends.items():
            start = max(first[place], (start_at or {}).get(place.partition, 0))
            if start < end:
                left[place] = end
                self._consumer.seek(place, start)
        self._consumer.pause(*(place for place in self._ends if place not in left))
        while left:
            heard = await self._consumer.getmany(*left, timeout_ms=POLL_MS)
            for place, page in heard.items():
                for one in page:
                    if one.offset < left.get(place, 0):
                        yield one.offset, record_of(one)
                if place in left and page and page[-1].offset + 1 >= left[place]:
                    del left[place]
                    self._consumer.pause(place)


def record_of(heard: ConsumerRecord) -> Record:
    """Return a record as the relay made it."""
    return Record(
        partition=heard.partition,
        key=heard.key or b"",
        value=heard.value or b"",
        headers=tuple(heard.headers),
        timestamp_ms=heard.timestamp,
    )


@asynccontextmanager
async def whole(cluster: Cluster, service: str) -> AsyncIterator[Whole]:
    """Open the topic of a service; its ends are looked up at once. Raises NoTopic."""
    consumer = AIOKafkaConsumer(
        **cluster.options(client="whole"), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        topic = topic_of(service)
        if topic not in await consumer.topics():
            raise NoTopic(f"{topic} does not exist")
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        yield Whole(consumer, await consumer.end_offsets(places))
    finally:
        await consumer.stop()
