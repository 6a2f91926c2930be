"""Sends records and knows that they arrived."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from libs.runtime.kafka.cluster import Cluster
from libs.runtime.records import Record

BATCH_BYTES = 900_000
RECORD_BYTES_MAX = 8_000_000
"""An invoice of some thousand lines is a few hundred kilobytes; topics take as much."""
ACKNOWLEDGE_MS = 20_000
STOP_SECONDS = 5


class NotSent(OSError):
    """Kafka did not acknowledge; what was sent is sent again with the same numbers (P7)."""


class KafkaSender:
    """Sends pages of records: every replica has a record before `send` returns, and in order."""

    def __init__(self, cluster: Cluster, service: str) -> None:
        self._cluster = cluster
        self._service = service
        self._producer: AIOKafkaProducer | None = None

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        """Return when every record is acknowledged; raise NotSent if one may not be.

        Partitions go side by side, the batches of one partition one after the other, so that no
        batch is on the topic while the one before it is not. After a failure the producer is thrown
        away: its sequence numbers may be off, a new one starts clean.
        """
        by_partition: dict[int, list[Record]] = defaultdict(list)
        for record in records:
            by_partition[record.partition].append(record)
        try:
            producer = await self._started()
            results = await asyncio.gather(
                *(
                    _send_in_order(producer, topic, partition, page)
                    for partition, page in by_partition.items()
                ),
                return_exceptions=True,
            )
            for failure in filter(None, results):
                raise failure
        except (KafkaError, TimeoutError, OSError) as error:
            await self.stop()
            raise NotSent(f"{topic}: {error!r}") from error

    async def stop(self) -> None:
        """Close the producer; the next `send` starts a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer)

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        producer = AIOKafkaProducer(
            **self._cluster.options(client=self._service),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=RECORD_BYTES_MAX,
            request_timeout_ms=ACKNOWLEDGE_MS,
        )
        try:
            await producer.start()
        except BaseException:
            await _close(producer)
            raise
        self._producer = producer
        return producer


async def _close(producer: AIOKafkaProducer) -> None:
    """Close in time: with the brokers gone, a producer would wait for batches it cannot send."""
    with suppress(KafkaError, TimeoutError):
        await asyncio.wait_for(producer.stop(), STOP_SECONDS)
    await producer.client.close()


async def _send_in_order(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Iterable[Record]
) -> None:
    batch = producer.create_batch()
    for record in records:
        if not _append(batch, record):
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            fits = _append(batch, record)
            assert fits, "the first record of a batch is always taken"
    await (await producer.send_batch(batch, topic, partition=partition))


def _append(batch: BatchBuilder, record: Record) -> bool:
    taken = batch.append(
        key=record.key,
        value=record.value,
        timestamp=record.timestamp_ms,
        headers=list(record.headers),
    )
    return taken is not None
