"""A restored cooperative among topics that know more than it does; lies on topics (F52, P44, B65).

One shape on a broker of its own works, is saved while it works, works on, and is lost. What is
restored elsewhere meets the topics as the lost one left them.
"""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from libs.runtime.kafka.whole import record_of
from libs.runtime.records import PARTITIONS, Record, topic_of
from libs.runtime.settings import Settings
from services.command.backing import save
from services.command.proving import prove
from services.command.refilling import refill
from services.command.restoring import restore
from services.simulator.request import message
from tests.distributed.driving import Cooperative, Partner, bills, issued
from tests.distributed.processes import SERVICES, Shape, eventually
from tests.engines import Databases, JavaBroker, Unavailable, missing
from tests.lies import liar

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

BEFORE, AFTER = 3, 1
"""Invoices handed in before and after the backup."""


@pytest.fixture(scope="module")
def broker() -> Iterator[JavaBroker]:
    try:
        made = JavaBroker()
    except Unavailable as error:
        missing(error)
    yield made
    made.close()


@dataclass
class Place:
    """Where a cooperative lives."""

    shape: Shape
    settings: Settings


@dataclass
class Story:
    """What happened: where it was lived, where it will be restored, what was handed in."""

    first: Place
    second: Place
    saved: Path
    messages: Sequence[bytes]
    software: Partner


@pytest.fixture(scope="module")
def databases(postgres_server: str) -> Iterator[Databases]:
    made = Databases(postgres_server)
    yield made
    made.drop()


def place(folder: Path, databases: Databases, broker: JavaBroker) -> Place:
    folder.mkdir()
    url = databases.create("keys", *SERVICES)
    settings = Settings(
        data=folder,
        demo=False,
        database=url,
        kafka=broker.address,
        master_key=folder / "master.key",
    )
    return Place(Shape(folder, url, broker.address), settings)


def rests(settings: Settings) -> dict[str, Any]:
    """Return the proof once all that was said is heard; nothing may fail before either."""

    def proven() -> dict[str, Any] | None:
        """Return what is found at rest."""
        found = prove(settings)
        assert found["failed"] == []
        return found if found["at_rest"] else None

    found: dict[str, Any] = eventually(proven)
    return found


@pytest.fixture(scope="module")
def story(
    databases: Databases, broker: JavaBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Live the story up to the loss: work, a backup at work, more work, the end."""
    folder = tmp_path_factory.mktemp("restore")
    first = place(folder / "first", databases, broker)
    second = place(folder / "second", databases, broker)
    key = base64.b64encode(b"a key for tests, 32 bytes long..")
    (first.settings.data / "master.key").write_bytes(key)
    shape = first.shape
    try:
        shape.command("migrate")
        shape.command("topics", "apply")
        shape.start(*SERVICES)
        who, software = Cooperative.open(shape).join()
        messages = [message(one) for one in bills(who, BEFORE + AFTER)]
        for one in messages[:BEFORE]:
            software.hand_in("/v1/submissions", one)
        issued(software, BEFORE)
        save(first.settings, folder / "backup", folder / "keys", folder / "master")
        for one in messages[BEFORE:]:
            software.hand_in("/v1/submissions", one)
        issued(software, BEFORE + AFTER)
        found = rests(first.settings)
        assert found["records"] > 2 * (BEFORE + AFTER)
        for name in SERVICES:
            shape.stop(name)
        yield Story(first, second, folder, messages, software)
    finally:
        shape.close()
        second.shape.close()


def found(settings: Settings) -> str:
    return "\n".join(prove(settings, {"documents"})["failed"])


async def records(bootstrap: str, service: str) -> list[tuple[int, Record]]:
    """Return a topic as it lies there: offset and record."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    places = [TopicPartition(topic_of(service), number) for number in range(PARTITIONS)]
    consumer.assign(places)
    left = sum((await consumer.end_offsets(places)).values())
    await consumer.seek_to_beginning()
    heard: list[tuple[int, Record]] = []
    while len(heard) < left:
        for page in (await consumer.getmany(timeout_ms=500)).values():
            heard += [(one.offset, record_of(one)) for one in page]
    await consumer.stop()
    return heard


async def add(bootstrap: str, service: str, record: Record) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    await producer.send_and_wait(
        topic_of(service),
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        partition=record.partition,
    )
    await producer.stop()


async def cut(bootstrap: str, service: str, partition: int) -> None:
    """Remove the first record of a partition, as a retention that was set by mistake does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    place = TopicPartition(topic_of(service), partition)
    await admin.delete_records({place: RecordsToDelete(before_offset=1)})
    await admin.close()


def test_a_moved_number_of_the_relay_and_a_moved_position_in_a_partition_are_found(
    story: Story,
) -> None:
    settings = story.first.settings
    with liar(settings, "invoicing") as one, one.lied("positions"):
        at = "consumer = 'relay' AND source = 'billing.invoicing' AND seq > 1"
        assert one.say(f"UPDATE positions SET seq = seq - 1 WHERE {at}") >= 1  # noqa: S608
        assert "of relay in billing.invoicing/" in found(settings)
    with liar(settings, "dunning") as one, one.lied("positions"):
        at = "consumer = 'dunning' AND source = 'invoicing' AND seq > 1"
        assert one.say(f"UPDATE positions SET seq = seq - 1 WHERE {at}") >= 1  # noqa: S608
        lines = found(settings)
    assert "dunning: position " in lines
    assert "in invoicing/" in lines
    assert "was moved: position " in lines


def test_a_service_does_not_start_on_a_topic_that_knows_more_than_its_log_f52(
    story: Story,
) -> None:
    done = restore(
        story.second.settings, story.saved / "backup", story.saved / "keys", story.saved / "master"
    )
    assert done["positions"]["ingest"] >= BEFORE
    refused = story.second.shape.run("serve", "ingest")
    assert refused.returncode == 2, refused.stderr
    said = " ".join(refused.stderr.split())
    assert "The topic of ingest does not fit its log" in said
    lines = found(story.second.settings)
    assert "ingest: billing.ingest/" in lines
    assert "is not in the log" in lines


def test_records_that_were_added_changed_or_removed_are_found(
    story: Story, broker: JavaBroker
) -> None:
    """B65: whoever may write to a topic, or cut it, is found out."""
    settings = story.first.settings
    offset, first = asyncio.run(records(broker.address, "dunning"))[0]
    changed = first._replace(value=(first.value or b"").replace(b"rappen", b"Rappen", 1))
    alien = first._replace(headers=(("ce_id", b"nobody"),))
    for record in (changed, alien):
        asyncio.run(add(broker.address, "dunning", record))
    asyncio.run(cut(broker.address, "dunning", first.partition))
    lines = found(settings)
    place = f"dunning: billing.dunning/{first.partition}"
    assert f"{place}: number 1 is missing" in lines
    assert f"{place}, offset {offset}" not in lines, "what was removed cannot be read"
    assert "is no record of the relay: it header" in lines
    assert "is not what the log holds" in lines


def test_after_a_refill_the_restored_cooperative_goes_on_where_it_was_saved(
    story: Story,
) -> None:
    """P44: nothing is skipped, nothing is done twice, what was lost is listed."""
    place = story.second
    lost = story.saved / "lost.jsonl"
    assert refill(place.settings, lost) >= 2 * AFTER
    kept = [json.loads(line) for line in lost.read_text("utf-8").splitlines()]
    kinds = Counter(row["headers"].get("ce_type", "") for row in kept)
    assert kinds["SubmissionAccepted"] == kinds["InvoiceIssued"] == AFTER
    place.shape.start(*SERVICES)
    software = Partner(place.shape.door, story.software.client_id, story.software.secret)
    assert len(issued(software, BEFORE)) == BEFORE
    for one in story.messages:  # whoever is in doubt sends everything again
        software.hand_in("/v1/submissions", one)
    assert len(issued(software, BEFORE + AFTER)) == BEFORE + AFTER
    rests(place.settings)
    said = Counter(kind for kind, _ in place.shape.said_on("invoicing"))
    assert said["InvoiceIssued"] == BEFORE + AFTER
    eventually(lambda: letters(place.shape) == BEFORE + AFTER)
    again = place.shape.run("topics", "refill", "--lost", str(story.saved / "again.jsonl"))
    assert again.returncode == 2, again.stdout + again.stderr
    assert "stop all services first" in " ".join(again.stderr.split())
    assert place.shape.died() == {}
    for name in SERVICES:
        place.shape.stop(name)
    assert rests(place.settings)["ok"]
    assert letters(place.shape) == BEFORE + AFTER, "a letter was made again"


def letters(shape: Shape) -> int:
    """Return how many letters were made, as all others hear of it."""
    return sum(kind == "InvoiceDispatched" for kind, _ in shape.said_on("invoicing"))
