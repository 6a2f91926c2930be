"""A topic is looked at before anything is said on it: it must fit the log (F52, P44).

A log that was restored from a backup may have lost what its topic still holds. Going on would give
numbers anew that others have heard under, and do again what was done. What the relay may have sent
and not noted is on the topic too, so the end of the topic is compared with the log, fact by fact.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from aiokafka.errors import KafkaError
from sqlalchemy import Connection

from libs.runtime import scan
from libs.runtime.kafka.cluster import Cluster
from libs.runtime.kafka.sender import KafkaSender
from libs.runtime.kafka.whole import NoTopic, whole
from libs.runtime.outbox import CONSUMER, LOG
from libs.runtime.records import NotOurs, Record, partition_of, record_to_envelope, topic_of
from libs.runtime.store import Broken, Store
from libs.runtime.verify.reached import positions, public_of


class Unreached(OSError):
    """The brokers did not show the topic; it is looked at again before anything is sent."""


class Standing:
    """What the end of a topic must hold, by the log and the relay's checkpoint in it."""

    def __init__(self, db: Connection, service: str) -> None:
        self.service = service
        self._at = positions(db, CONSUMER, LOG).get(0, (0, ""))[0]
        sent = positions(db, CONSUMER, topic_of(service))
        self.sent = {number: seq for number, (seq, _) in sent.items() if seq}
        self._later: dict[tuple[int, int], str] = {}
        self._last: Counter[int] = Counter()
        self._earlier: dict[int, tuple[str, str]] = {}

    def look_ahead(self, db: Connection) -> None:
        """Give numbers to what lies behind the checkpoint, after the topic's end was looked up."""
        numbers = Counter(self.sent)
        for rows in scan.pages(db, ("event_id", "tenant"), self._at, None, public_of(self.service)):
            for _, event_id, tenant in rows:
                number = partition_of(tenant)
                numbers[number] += 1
                self._later[number, numbers[number]] = event_id

    def take(self, record: Record) -> None:
        """Compare a record that lies behind the checkpoint; keep one before it for `end`."""
        try:
            pseq, envelope = record_to_envelope(topic_of(self.service), record)
        except NotOurs:
            return
        place = f"{topic_of(self.service)}/{record.partition}: number {pseq}"
        last = self.sent.get(record.partition, 0)
        if pseq > last and self._later.get((record.partition, pseq)) != envelope.id:
            raise Broken(f"{place}, {envelope.type} {envelope.id}, is not in the log")
        if pseq <= last:
            self._earlier[envelope.position] = place, envelope.id
        self._last[record.partition] = max(self._last[record.partition], pseq)

    def end(self, db: Connection) -> None:
        """See that the last facts that were sent are there, and are the log's own."""
        for number, seq in sorted(self.sent.items()):
            if self._last[number] < seq:
                place = f"{topic_of(self.service)}/{number}"
                raise Broken(f"{place}: number {seq} was sent and is not there any more")
        for position, event_id in _ids(db, self._earlier):
            place, found = self._earlier.pop(position)
            if found != event_id:
                raise Broken(f"{place}, event {found}, is not in the log")
        for place, found in self._earlier.values():
            raise Broken(f"{place}, event {found}, is not in the log")


def _ids(db: Connection, at: Iterable[int]) -> Sequence[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    wanted = sorted(at)
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        marks = ", ".join("?" * len(part))
        sql = f"SELECT position, event_id FROM events WHERE position IN ({marks})"  # noqa: S608
        found += [(row[0], row[1]) for row in scan.query(db, sql, part)]
    return found


async def prove_topic(store: Store, cluster: Cluster) -> None:
    """Raise Broken where the topic does not fit the log, Unreached where no broker answers.

    A topic that does not exist holds nothing that is wrong: the relay says that it is missing.
    """

    def standing() -> Standing:
        with store.reading() as db:
            return Standing(db, store.service)

    def look_ahead() -> None:
        with store.reading() as db:
            found.look_ahead(db)

    def end() -> None:
        with store.reading() as db:
            found.end(db)

    found = await asyncio.to_thread(standing)
    try:
        async with whole(cluster, store.service) as topic:
            await asyncio.to_thread(look_ahead)
            async for _, record in topic.records({at: seq - 1 for at, seq in found.sent.items()}):
                found.take(record)
        await asyncio.to_thread(end)
    except NoTopic:
        return
    except KafkaError as error:
        raise Unreached(f"{topic_of(store.service)}: {error!r}") from error


class ProvenSender:
    """Sends nothing before the topic was seen to fit the log."""

    def __init__(self, cluster: Cluster, store: Store, *, proven: bool) -> None:
        self._sender = KafkaSender(cluster, store.service)
        self._cluster = cluster
        self._store = store
        self._proven = proven

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        """Return when all are acknowledged. Raises Broken where the topic does not fit the log."""
        if not self._proven:
            await prove_topic(self._store, self._cluster)
            self._proven = True
        await self._sender.send(topic, records)

    async def stop(self) -> None:
        """Let go of what is open."""
        await self._sender.stop()
