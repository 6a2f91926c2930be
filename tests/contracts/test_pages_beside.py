"""Pages of several partitions heard together: stored together, each for itself (F9, F21)."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from sqlalchemy import event

from libs.events import Envelope
from libs.runtime.engines import open_engine
from libs.runtime.feed import Page
from libs.runtime.host import Host
from libs.runtime.kafka import Cluster, KafkaGroup, KafkaSender, apply_topics, kafka_feeds
from libs.runtime.pages import take_all
from libs.runtime.parked import listed
from libs.runtime.records import partition_of
from libs.runtime.relay import Relay
from libs.runtime.store import Store
from tests import toy
from tests.bench import Bench, said
from tests.logs import create_log, position_in, practice, recorded

PRACTICES = [practice(number) for number in range(12)]
PARTITIONS = {partition_of(one) for one in PRACTICES}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    def create(name: str) -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        return str(request.getfixturevalue("postgres_database")())

    return Bench(tmp_path, create)


def page(partition: int, *events: Envelope, after: int = 0) -> Page:
    """Return a page of a partition that holds these events alone."""
    items = list(enumerate(events, after + 1))
    upto = after + len(events)
    return Page(source="gateway", partition=partition, after=after, upto=upto, items=items)


async def positions(host: Host, *partitions: int) -> Sequence[int]:
    """Return how far a host has come in each partition."""
    return [await host.position_of("gateway", partition) for partition in partitions]


def test_pages_of_several_partitions_are_stored_in_one_transaction(bench: Bench) -> None:
    commits: list[object] = []

    async def scene() -> None:
        host = bench.host(toy.GREETER)
        await host.start()
        one, two, three = await said(bench, (1, "one"), (2, "two"), (3, "three"))
        event.listen(host.store.engine, "commit", commits.append)
        moved = await take_all(host, [page(4, one), page(5, two), page(6, three)])
        assert moved == [True, True, True]
        assert len(commits) == 1
        assert await positions(host, 4, 5, 6) == [1, 1, 1]
        assert await host.read(toy.names) == ["one", "three", "two"]

    bench.run(scene)


def test_a_page_that_another_instance_has_stored_leaves_those_beside_it_alone(bench: Bench) -> None:
    async def scene() -> None:
        host = bench.host(toy.GREETER)
        await host.start()
        one, two = await said(bench, (1, "one"), (2, "two"))
        assert await take_all(host, [page(4, one)]) == [True]
        assert await take_all(host, [page(4, one), page(5, two)]) == [False, True]
        assert await positions(host, 4, 5) == [1, 1]
        assert await host.read(toy.names) == ["one", "two"]

    bench.run(scene)


def test_a_message_that_spoils_the_transaction_is_parked_and_the_pages_beside_it_are_stored(
    bench: Bench,
) -> None:
    async def scene() -> None:
        host = bench.host(toy.GREETER)
        await host.start()
        one, spoils, two = await said(bench, (1, "one"), (2, "nul\0byte"), (3, "two"))
        pages = [page(4, one), page(5, spoils), page(6, two)]
        assert await take_all(host, pages) == [True, True, True]
        assert await positions(host, 4, 5, 6) == [1, 1, 1]
        assert {"one", "two"} <= set(await host.read(toy.names))
        assert len(await host.read(listed)) == (host.store.engine.dialect.name == "postgresql")

    bench.run(scene)


@asynccontextmanager
async def topic(folder: Path, bootstrap: str, service: str) -> AsyncIterator[Cluster]:
    """Put an event of each practice onto a service's topic."""
    cluster = Cluster(bootstrap=bootstrap)
    await apply_topics(cluster, [service])
    engine = open_engine(f"sqlite:///{folder / 'log.db'}")
    create_log(engine)
    store = Store(service, engine)
    with store.writing() as db:
        store.append(db, [recorded(one, 1, "InvoiceIssued", service) for one in PRACTICES])
    relay = Relay(store, KafkaSender(cluster, service), {"InvoiceIssued"})
    assert await relay.step()
    await relay.stop()
    engine.dispose()
    yield cluster


@pytest.fixture
def consumer(tmp_path: Path) -> Iterator[Store]:
    engine = open_engine(f"sqlite:///{tmp_path / 'consumer.db'}")
    create_log(engine)
    yield Store("beside", engine)
    engine.dispose()


@pytest.mark.kafka
def test_partitions_that_are_heard_together_are_given_together_until_each_is_done(
    kafka_bootstrap: str, tmp_path: Path, consumer: Store
) -> None:
    async def scene() -> None:
        async with topic(tmp_path, kafka_bootstrap, "speaker-beside") as cluster:
            heard = {"speaker-beside": ["InvoiceIssued"]}
            (feed,) = kafka_feeds(cluster, "beside", heard, position_in(consumer))
            seen: list[int] = []
            while len(seen) < len(PARTITIONS):
                first = await feed.next()
                pages = [replace(first, beside=()), *first.beside]
                again = await feed.next()
                assert [one.partition for one in (again, *again.beside)] == [
                    one.partition for one in pages
                ]
                for place, one in enumerate(pages):
                    assert not feed.idle.is_set()
                    await feed.done(one, moved=True)
                    assert feed.idle.is_set() is (place == len(pages) - 1)
                seen += [one.partition for one in pages]
            assert sorted(seen) == sorted(PARTITIONS)
            await feed.stop()

    asyncio.run(scene())


class Slow:
    """A consumer that takes its time to commit."""

    def __init__(self, places: Sequence[TopicPartition]) -> None:
        self.places = places
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.committed: list[dict[TopicPartition, int]] = []

    def assignment(self) -> Sequence[TopicPartition]:
        return self.places

    def last_poll_timestamp(self, _: TopicPartition) -> int:
        return 0

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.begun.set()
        await self.may_end.wait()
        self.committed.append(dict(offsets))


def test_what_is_stored_while_offsets_are_committed_is_committed_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("libs.runtime.kafka.group.COMMIT_SECONDS", -1.0)
    first, second = (TopicPartition("billing.ingest", number) for number in (1, 2))

    async def scene() -> None:
        group = KafkaGroup(Cluster(bootstrap="127.0.0.1:1"), "beside", ["ingest"])
        consumer = Slow([first, second])
        group.processed(first, 5)
        looking = asyncio.create_task(group.look_after(consumer, heard=True))
        await consumer.begun.wait()
        group.processed(first, 7)
        group.processed(second, 3)
        consumer.may_end.set()
        await looking
        await group.look_after(consumer, heard=True)
        await group.look_after(consumer, heard=True)
        assert consumer.committed == [{first: 5}, {first: 7, second: 3}]

    asyncio.run(scene())
