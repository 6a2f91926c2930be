"""Reads and writes the compacted topic that mirrors what a service has parked."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from libs.runtime.kafka.cluster import Cluster
from libs.runtime.kafka.sender import KafkaSender
from libs.runtime.records import Record, parked_topic_of

POLL_MS = 1_000
READ_SECONDS = 60.0


class NotRead(OSError):
    """The topic cannot be read now, or is not there."""


class MirroredTopic:
    """One partition whose newest record of each key is the truth; None for a key: it is gone."""

    def __init__(self, cluster: Cluster, service: str) -> None:
        self.name = parked_topic_of(service)
        self._cluster = cluster
        self._service = service
        self._sender = KafkaSender(cluster, service)

    async def read(self) -> dict[bytes, dict[str, str]]:
        """Return the headers of what stands on the topic, by key. Raises NotRead, TimeoutError."""
        async with asyncio.timeout(READ_SECONDS):
            return await self._read()

    async def _read(self) -> dict[bytes, dict[str, str]]:
        place = TopicPartition(self.name, 0)
        found: dict[bytes, dict[str, str]] = {}
        consumer = AIOKafkaConsumer(**self._cluster.options(client=self._service))
        try:
            await consumer.start()
            if self.name not in await consumer.topics():
                raise NotRead(f"{self.name} is not there; `quittance topics apply` makes it")
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            while await consumer.position(place) < end:
                heard = await consumer.getmany(place, timeout_ms=POLL_MS)
                for record in heard.get(place, ()):
                    found.pop(record.key, None)
                    if record.value is not None:
                        found[record.key] = {name: told.decode() for name, told in record.headers}
        except KafkaError as error:
            raise NotRead(f"{self.name}: {error!r}") from error
        finally:
            await consumer.stop()
        return found

    async def send(self, records: Sequence[Record]) -> None:
        """Return when all are acknowledged. Raises NotSent."""
        await self._sender.send(self.name, records)

    async def stop(self) -> None:
        """Let go of the broker."""
        await self._sender.stop()
