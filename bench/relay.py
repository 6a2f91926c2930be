"""From the log on PostgreSQL to Kafka, in order and acknowledged by the broker.

The anchor is aiokafka's `create_batch` and `send_batch` alone: the same records, already made, and
no log to read, no numbers to give, no checkpoint to keep.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from aiokafka import AIOKafkaProducer

from bench.facts import NAME, envelopes, fact, opened, practice
from bench.measure import Figure, rates
from bench.servers import kafka, on_postgres
from libs.runtime.kafka import Cluster, KafkaSender, apply_topics
from libs.runtime.kafka.sender import BATCH_BYTES, RECORD_BYTES_MAX
from libs.runtime.records import Record, envelope_to_record, topic_of
from libs.runtime.relay import Relay
from libs.runtime.store import Store

EVENTS = 20_000
ROUNDS = 4
"""The first warms broker and connections; the best is taken."""
PRACTICES = 500
PAGE = 2_000
ANCHOR = "anchor"
"""Stands for a service, so that the anchor has a topic of the same kind."""


def figures() -> Iterator[Figure]:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leaders yet
    with on_postgres() as create, kafka() as broker:
        store = opened(create("relay"))
        records = fill(store)
        with asyncio.Runner() as runner:
            both = Both(store, Cluster(bootstrap=broker.address), records)
            runner.run(both.start())
            ours, anchor = rates(
                lambda _: runner.run(both.relayed()),
                lambda _: runner.run(both.sent()),
                rounds=ROUNDS,
            )
            runner.run(both.stop())
        store.engine.dispose()
    yield Figure(
        what=f"relay to Kafka, {EVENTS:,} events of {PRACTICES} practices",
        ours=ours,
        anchor=anchor,
        against="aiokafka send_batch alone",
        at_least=0.75,
    )


def fill(store: Store) -> list[Record]:
    """Append all that is relayed in all rounds; return the records of one round."""
    for _ in range(ROUNDS * EVENTS // PAGE):
        new = envelopes([fact(number, practice(number % PRACTICES)) for number in range(PAGE)])
        with store.writing() as db:
            store.append(db, new)
    with store.reading() as db:
        events, _ = store.read(db, 0, EVENTS)
    return [envelope_to_record(event, number) for number, event in enumerate(events, start=1)]


class Both:
    """The relay, and the producer that is its anchor."""

    def __init__(self, store: Store, cluster: Cluster, records: Sequence[Record]) -> None:
        self._cluster = cluster
        self._make = partial(Relay, store, public={"PracticeRegistered"})
        self._by_partition: dict[int, list[Record]] = defaultdict(list)
        for record in records:
            self._by_partition[record.partition].append(record)

    async def start(self) -> None:
        await apply_topics(self._cluster, [NAME, ANCHOR])
        self._relay = self._make(sender=KafkaSender(self._cluster, NAME))
        self._producer = AIOKafkaProducer(
            **self._cluster.options(client=ANCHOR),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=RECORD_BYTES_MAX,
        )
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()
        await self._relay.stop()

    async def relayed(self) -> int:
        """Relay a round's events."""
        begun = self._relay.sent_up_to
        while self._relay.sent_up_to < begun + EVENTS:
            assert await self._relay.step()
        return self._relay.sent_up_to - begun

    async def sent(self) -> int:
        """Send a round's records."""
        await asyncio.gather(*(self._partition(*one) for one in self._by_partition.items()))
        return EVENTS

    async def _partition(self, partition: int, records: Sequence[Record]) -> None:
        batch, topic = self._producer.create_batch(), topic_of(ANCHOR)
        for record in records:
            given = {"key": record.key, "value": record.value, "headers": list(record.headers)}
            if batch.append(timestamp=record.timestamp_ms, **given) is None:
                await (await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                batch.append(timestamp=record.timestamp_ms, **given)
        await (await self._producer.send_batch(batch, topic, partition=partition))
