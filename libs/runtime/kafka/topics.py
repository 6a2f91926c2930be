"""The topics as they must be, and how far behind them a service is."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from libs.runtime.kafka.cluster import Cluster
from libs.runtime.kafka.sender import RECORD_BYTES_MAX
from libs.runtime.records import PARTITIONS, parked_topic_of, topic_of

BROKERS_FOR_SAFETY = 3
"""With so many brokers a record is on three of them; two have it before it is acknowledged."""

SETTLE_SECONDS = 120
DAY_MS = 86_400_000


class WrongTopic(Exception):
    """A topic has another number of partitions; a practice's facts would lie in two places."""


class TopicState(NamedTuple):
    """What `apply_topics` found or made."""

    name: str
    partitions: int
    created: bool


async def apply_topics(cluster: Cluster, services: Iterable[str]) -> list[TopicState]:
    """Create the topics on which services speak, where they are missing, and check the others.

    Nothing is ever deleted from a topic, neither by age nor by size nor by key: it is the history
    that a new service starts from. A record is taken whatever its time: one written while a clock
    was wrong must not hold up all that follow it (F34). Raises WrongTopic.
    """
    kept = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    return await _apply(cluster, [topic_of(service) for service in services], PARTITIONS, kept)


async def apply_parked_topics(cluster: Cluster, services: Iterable[str]) -> list[TopicState]:
    """Create the topics that mirror parked messages; of each only the newest state stays (P43).

    One partition is enough for what should be empty. Raises WrongTopic.
    """
    newest = {"cleanup.policy": "compact", "max.compaction.lag.ms": str(DAY_MS)}
    return await _apply(cluster, [parked_topic_of(service) for service in services], 1, newest)


async def _apply(
    cluster: Cluster, names: Sequence[str], partitions: int, configs: Mapping[str, str]
) -> list[TopicState]:
    admin = AIOKafkaAdminClient(**cluster.options(client="topics"))
    try:
        await admin.start()
        found = await _partitions(admin, names)
        missing = [name for name in names if name not in found]
        created = await _create(admin, missing, partitions, configs)
        async with asyncio.timeout(SETTLE_SECONDS):
            while len(found) < len(names):  # the brokers tell each other a little later
                await asyncio.sleep(0.1)
                found = await _partitions(admin, names)
    finally:
        await admin.close()
    for name, count in found.items():
        if count != partitions:
            raise WrongTopic(f"{name} has {count} partitions, it must have {partitions}.")
    return [TopicState(name, partitions, name in created) for name in names]


async def _create(
    admin: AIOKafkaAdminClient, names: Sequence[str], partitions: int, configs: Mapping[str, str]
) -> set[str]:
    """Create topics; return those that nobody else created meanwhile."""
    if not names:
        return set()
    brokers = len((await admin.describe_cluster())["brokers"])
    replicas = min(brokers, BROKERS_FOR_SAFETY)
    all_configs = {
        **configs,
        "max.message.bytes": str(RECORD_BYTES_MAX),
        "message.timestamp.after.max.ms": str(2**63 - 1),
        "min.insync.replicas": "2" if replicas == BROKERS_FOR_SAFETY else "1",
    }
    answer = await admin.create_topics(
        [NewTopic(name, partitions, replicas, topic_configs=all_configs) for name in names]
    )
    created = set()
    for name, code, *_ in answer.topic_errors:
        if code == 0:
            created.add(name)
        elif code != TopicAlreadyExistsError.errno:
            raise for_code(code)(name)
    return created


async def _partitions(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """Return the number of partitions of those topics that exist."""
    described = await admin.describe_topics(list(names))
    return {
        topic["topic"]: len(topic["partitions"]) for topic in described if not topic["error_code"]
    }


async def group_lag(cluster: Cluster, service: str, sources: Iterable[str]) -> dict[str, int]:
    """Return how many records of each source lie behind what a service has committed.

    The truth is the service's own position rows; this is what Kafka's tools see too.
    """
    consumer = AIOKafkaConsumer(
        **cluster.options(client="lag"), group_id=service, enable_auto_commit=False
    )
    await consumer.start()
    try:
        behind = {}
        for source in sources:
            topic = topic_of(source)
            places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            done = [await consumer.committed(place) or 0 for place in places]
            behind[source] = sum(ends.values()) - sum(done)
        return behind
    finally:
        await consumer.stop()
