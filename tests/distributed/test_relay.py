"""Log to topic to consumer on a real broker: crashes, repeats, gaps, strangers, two of a kind."""

import asyncio
import json
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from msgspec import structs
from sqlalchemy import text

from libs.runtime.clock import Clock
from libs.runtime.engines import open_engine
from libs.runtime.feed import Feed, Undecodable
from libs.runtime.ids import new_id
from libs.runtime.kafka import (
    Cluster,
    KafkaSender,
    NotSent,
    WrongTopic,
    apply_topics,
    group_lag,
    kafka_feeds,
)
from libs.runtime.records import PARTITIONS, Record, envelope_to_record, partition_of, topic_of
from libs.runtime.relay import Relay
from libs.runtime.store import Broken, Store
from tests.engines import free_port
from tests.logs import Instance, create_log, position_in, practice, recorded

pytestmark = [pytest.mark.anyio, pytest.mark.kafka, pytest.mark.postgres]

KIND = "InvoiceIssued"
PRACTICES = [practice(number) for number in range(12)]


@dataclass
class Line:
    """An owner's log with its topic, and a consumer with positions of its own."""

    owner: Store
    consumer: Store
    cluster: Cluster
    group: str
    feeds: list[Feed]
    relays: list[Relay]

    @property
    def topic(self) -> str:
        return topic_of(self.owner.service)

    def record(self, first: int, last: int) -> None:
        """Put numbered events of all practices into the owner's log."""
        for number in range(first, last + 1):
            events = [recorded(one, number, KIND, self.owner.service) for one in PRACTICES]
            with self.owner.writing() as db:
                self.owner.append(db, events)

    def relay(self) -> Relay:
        self.relays.append(Relay(self.owner, KafkaSender(self.cluster, "owner"), {KIND}))
        return self.relays[-1]

    def instance(self) -> Instance:
        heard = {self.owner.service: [KIND]}
        (feed,) = kafka_feeds(self.cluster, self.group, heard, position_in(self.consumer))
        self.feeds.append(feed)
        return Instance(self.consumer, feed)

    def read_topic(self) -> list[dict[str, object]]:
        """Return what kcat, a tool that knows nothing of us, finds on the topic."""
        command = ["kcat", "-b", self.cluster.bootstrap, "-C", "-t", self.topic, "-e", "-q", "-J"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return [json.loads(row) for row in done.stdout.splitlines()]


class Crashed(Exception):
    """The process died here."""


class DiesAfterSending:
    """A sender whose process dies when the broker has everything and the checkpoint nothing."""

    def __init__(self, sender: KafkaSender) -> None:
        self._sender = sender

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        await self._sender.send(topic, records)
        raise Crashed

    async def stop(self) -> None:
        await self._sender.stop()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def stores(postgres_database: Callable[[], str]) -> Iterator[tuple[Store, Store]]:
    engines = [open_engine(postgres_database()) for _ in range(2)]
    for engine in engines:
        create_log(engine)
    yield Store(f"owner-{new_id()}", engines[0]), Store("consumer", engines[1])
    for engine in engines:
        engine.dispose()


@pytest.fixture
async def line(stores: tuple[Store, Store], kafka_bootstrap: str) -> AsyncIterator[Line]:
    cluster = Cluster(bootstrap=kafka_bootstrap)
    await apply_topics(cluster, [stores[0].service])
    made = Line(*stores, cluster, f"consumer-{new_id()}", [], [])
    yield made
    for feed in made.feeds:
        await feed.stop()
    for relay in made.relays:
        await relay.stop()


def counted(*instances: Instance) -> dict[str, list[int]]:
    """Return what several instances heard together, per practice."""
    return {
        one: sorted(number for each in instances for number in each.heard[one]) for one in PRACTICES
    }


async def test_a_crash_between_sending_and_checkpoint_sends_again_and_is_heard_once(
    line: Line,
) -> None:
    """F4: the same event ids and the same numbers lie twice on the topic; consumers skip."""
    line.record(1, 5)
    dying = Relay(line.owner, DiesAfterSending(KafkaSender(line.cluster, "owner")), {KIND})
    with pytest.raises(Crashed):
        await dying.step()
    await dying.stop()
    await line.relay().drain()
    rows = line.read_topic()
    numbers = sorted((r["partition"], _header(r, "pseq"), _header(r, "ce_id")) for r in rows)
    assert len(rows) == 2 * 5 * len(PRACTICES)
    assert numbers[::2] == numbers[1::2]
    instance = line.instance()
    await instance.take_until(5 * len(PRACTICES))
    line.record(6, 6)
    await line.relays[-1].drain()
    await instance.take_until(6 * len(PRACTICES))
    assert instance.heard == {one: [1, 2, 3, 4, 5, 6] for one in PRACTICES}


async def test_a_record_that_got_lost_stops_the_feed_instead_of_being_skipped(line: Line) -> None:
    one = PRACTICES[0]
    events = [recorded(one, number, KIND, line.owner.service) for number in (1, 2, 3)]
    first, _, third = (envelope_to_record(e, n) for n, e in enumerate(events, start=1))
    sender = KafkaSender(line.cluster, "owner")
    await sender.send(line.topic, [first])
    instance = line.instance()
    await instance.take()
    await sender.send(line.topic, [third])
    await sender.stop()
    for _ in range(2):
        with pytest.raises(Broken, match="number 2 is missing before 3"):
            await instance.next()
    assert instance.heard == {one: [1]}


async def test_b65_a_stranger_among_records_is_kept_aside_and_the_rest_goes_on(line: Line) -> None:
    """B65: bad headers, another service's name, another practice's place."""
    one = PRACTICES[0]
    place = partition_of(one)
    real, late = (envelope_to_record(recorded(one, n, KIND, line.owner.service), n) for n in (1, 2))
    forged = envelope_to_record(recorded(one, 2, KIND, "factoring"), 2)
    misplaced = real._replace(key=PRACTICES[1].encode())
    bare = Record(place, b"\xff", b"{", (), 0)
    sender = KafkaSender(line.cluster, "owner")
    await sender.send(line.topic, [bare, real, forged, misplaced, late])
    await sender.stop()
    instance = line.instance()
    page = await instance.next()
    strangers = [(n, item.error) for n, item in page.items if isinstance(item, Undecodable)]
    assert [(n, error.split(" ", 1)[1]) for n, error in strangers] == [
        (0, "a header cannot be read: UnicodeDecodeError"),
        (1, "names another service than its topic does"),
        (1, "lies in a partition that is not its practice's"),
    ]
    assert [n for n, item in page.items if not isinstance(item, Undecodable)] == [1, 2]
    ids = {item.id for _, item in page.items}
    assert len(ids) == 5
    assert ids == {item.id for _, item in (await instance.next()).items}
    await instance.feed.done(page, moved=instance.move(page))


async def test_of_two_relays_one_works_and_the_other_takes_over_when_it_is_gone(line: Line) -> None:
    line.record(1, 1)
    first, second = line.relay(), line.relay()
    assert await first.step()
    line.record(2, 2)
    assert not await second.step()
    with line.owner.engine.begin() as db:  # the lock's connection dies, as when its host does
        db.execute(
            text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
        )
    async with asyncio.timeout(60):
        while not await second.step():  # noqa: ASYNC110 - who waits for the lock asks again
            await asyncio.sleep(0.05)
    assert second.sent_up_to == 2 * len(PRACTICES)
    instance = line.instance()
    await instance.take_until(2 * len(PRACTICES))
    assert instance.heard == {one: [1, 2] for one in PRACTICES}


async def test_eight_writers_at_once_and_the_topic_has_every_event_in_order(line: Line) -> None:
    """P4, P5: nothing is skipped whatever the commit order; versions are gapless per stream."""
    relay = line.relay()
    relaying = asyncio.create_task(relay.run())

    def write(number: int) -> None:
        one = practice(100 + number)
        for version in range(1, 101):
            with line.owner.writing() as db:
                line.owner.append(db, [recorded(one, version, KIND, line.owner.service)])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    instance = line.instance()
    await instance.take_until(800)
    for writer in writers:
        writer.join()
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    assert instance.heard == {practice(100 + n): list(range(1, 101)) for n in range(8)}


async def test_a_second_instance_shares_the_work_and_nothing_is_lost_or_doubled(line: Line) -> None:
    """F15: partitions change hands while pages are under way."""
    line.record(1, 30)
    relay = line.relay()
    await relay.drain()
    first = line.instance()
    await first.take()
    second = line.instance()
    await second.take()
    everything = asyncio.Event()

    async def work(instance: Instance) -> None:
        while True:
            await instance.take()
            if sum(map(len, counted(first, second).values())) >= 60 * len(PRACTICES):
                everything.set()

    workers = [asyncio.create_task(work(one)) for one in (first, second)]
    line.record(31, 60)
    await relay.drain()
    async with asyncio.timeout(60):
        await everything.wait()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert counted(first, second) == {one: list(range(1, 61)) for one in PRACTICES}
    for each in (first, second):
        assert all(numbers == sorted(numbers) for numbers in each.heard.values())


async def test_without_a_broker_nothing_is_lost_and_the_relay_goes_on_later(
    line: Line,
) -> None:
    line.record(1, 2)
    nobody = Cluster(bootstrap=f"127.0.0.1:{free_port()}")
    away = Relay(line.owner, KafkaSender(nobody, "owner"), {KIND})
    with pytest.raises(NotSent):
        await away.step()
    await away.stop()
    await line.relay().drain()
    instance = line.instance()
    await instance.take_until(2 * len(PRACTICES))
    assert instance.heard == {one: [1, 2] for one in PRACTICES}


async def test_a_fact_from_a_clock_that_was_ahead_is_sent_like_any_other(line: Line) -> None:
    """F34: brokers refuse times of tomorrow unless the topic takes them; the relay would stand."""
    one = PRACTICES[0]
    event = recorded(one, 1, KIND, line.owner.service)
    tomorrow = structs.replace(event, recorded_at=Clock().now() + timedelta(days=400))
    with line.owner.writing() as db:
        line.owner.append(db, [tomorrow])
    await line.relay().drain()
    instance = line.instance()
    await instance.take_until(1)
    assert instance.heard == {one: [1]}


async def test_kcat_reads_what_happened_without_knowing_us(line: Line) -> None:
    """P47: key, value and headers are for people with Kafka tools."""
    line.record(1, 1)
    await line.relay().drain()
    rows = {str(row["key"]): row for row in line.read_topic()}
    assert set(rows) == set(PRACTICES)
    row = rows[PRACTICES[0]]
    event = recorded(PRACTICES[0], 1, KIND, line.owner.service)
    assert row["partition"] == partition_of(PRACTICES[0])
    assert row["payload"] == event.data.decode()
    assert row["ts"] == int(event.recorded_at.timestamp() * 1000)
    headers = dict(zip(row["headers"][::2], row["headers"][1::2], strict=True))  # type: ignore[index]
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": line.owner.service,
        "ce_type": KIND,
        "ce_time": "2026-03-02T09:00:00+00:00",
        "ce_subject": event.stream,
        "ce_dataschema": "urn:quittance:event:InvoiceIssued:1",
        "content-type": "application/json",
        "version": "1",
        "position": "1",
        "pseq": "1",
        "schema_version": "1",
        "correlationid": "correlation",
        "causationid": "causation",
    }


async def test_topics_are_made_once_and_a_wrong_one_is_named(line: Line) -> None:
    service = line.owner.service
    (again,) = await apply_topics(line.cluster, [service])
    assert again == (line.topic, PARTITIONS, False)
    (new,) = await apply_topics(line.cluster, [f"{service}-b"])
    assert new == (f"{line.topic}-b", PARTITIONS, True)


async def test_a_topic_with_another_number_of_partitions_is_refused(line: Line) -> None:
    service = f"{line.owner.service}-few"
    admin = AIOKafkaAdminClient(bootstrap_servers=line.cluster.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic_of(service), 3, 1)])
    await admin.close()
    with pytest.raises(WrongTopic, match="has 3 partitions, it must have 64"):
        await apply_topics(line.cluster, [service])


async def test_kafka_tools_see_how_far_a_service_is_behind(line: Line) -> None:
    line.record(1, 3)
    await line.relay().drain()
    source = line.owner.service
    assert await group_lag(line.cluster, line.group, [source]) == {source: 36}
    instance = line.instance()
    await instance.take_until(36)
    await instance.feed.stop()
    line.feeds.clear()
    assert await group_lag(line.cluster, line.group, [source]) == {source: 0}


def _header(row: dict[str, object], name: str) -> str:
    headers = row["headers"]
    assert isinstance(headers, list)
    return str(headers[headers.index(name) + 1])
