"""Mirrors what a service has parked to Kafka, so that Kafka's own tools see it (P43).

The table `parked` is the truth; the compacted topic `billing.<service>.parked` follows it. A record
has the event's own bytes as its value and tells in its headers where the message came from and why
it could not be worked off; what is worked off or discarded becomes a tombstone. What was sent
before is read from the topic itself, so nothing is lost by a crash, and a repeat is harmless.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeAlias

import msgspec
import structlog
from sqlalchemy import Connection, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from libs.events import Envelope
from libs.runtime.effects import CONSUMER
from libs.runtime.hearing import WAITING, wait_after
from libs.runtime.records import Record, envelope_to_record, topic_of
from libs.runtime.tables import PARKED

log = structlog.get_logger()

LOOK_SECONDS = 2.0
RETRY_SECONDS = 10.0
PAGE = 200

Key: TypeAlias = tuple[str, str]
"""Consumer and event id: what names a parked message in a service's database."""


class State(NamedTuple):
    """What changes about a parked message: when it failed first, and how often since."""

    parked_at: str
    attempts: int


class Topic(Protocol):
    """Where the mirror is; `MirroredTopic` outside of tests."""

    name: str

    async def read(self) -> dict[bytes, dict[str, str]]:
        """Return the headers of what stands there, by key."""

    async def send(self, records: Sequence[Record]) -> None:
        """Return when all are acknowledged."""

    async def stop(self) -> None:
        """Let go of what is open."""


class Read(Protocol):
    """Run a query on the service's reader thread."""

    async def __call__(self, function: Callable[..., Any], *args: Any) -> Any: ...


class Mirror:
    """One service's mirror. Of several instances the one that relays mirrors."""

    def __init__(
        self,
        topic: Topic,
        read: Read,
        leads: Callable[[], Awaitable[bool]],
        now: Callable[[], datetime],
    ) -> None:
        self._topic = topic
        self._read = read
        self._leads = leads
        self._now = now
        self._known: dict[Key, State] | None = None
        """What stands on the topic; None while another instance may write there."""

    async def run(self) -> None:
        """Follow the table until cancelled; Kafka or a database that is away is waited for."""
        try:
            while True:
                wait = LOOK_SECONDS
                try:
                    await self.step()
                except (OSError, SQLAlchemyError) as error:
                    why = str(error) if isinstance(error, OSError) else type(error).__name__
                    log.warning("mirror_waits", topic=self._topic.name, error=why)
                    wait = RETRY_SECONDS
                await asyncio.sleep(wait)
        finally:
            await self._topic.stop()

    async def step(self) -> int:
        """Bring the topic up to the table; return how many records that took."""
        if not await self._leads():
            self._known = None
            return 0
        if self._known is None:
            self._known = dict(map(_state, (await self._topic.read()).items()))
        known = self._known
        parked: dict[Key, State] = await self._read(_states)
        changed = [key for key, state in parked.items() if known.get(key) != state]
        sent = 0
        for page in _pages(changed):
            records: dict[Key, Record] = await self._read(_records, page)
            await self._topic.send(list(records.values()))
            known.update({key: parked[key] for key in records})
            sent += len(records)
        for page in _pages(known.keys() - parked.keys()):
            await self._topic.send([_tombstone(key, self._now()) for key in page])
            for key in page:
                del known[key]
            sent += len(page)
        return sent


def parked_record(row: Any) -> Record:
    """Return the record of a parked row: the event's own bytes, and in headers what befell it.

    An error is told by its class alone; `quittance parked` tells its place too. "waits" is said of
    a message that only waits behind an earlier one.
    """
    envelope = msgspec.msgpack.decode(row.envelope, type=Envelope)
    told = {
        "consumer": row.consumer,
        "waits_with": row.key,
        "error": _class(row.last_error),
        "first_error": _class(row.first_error),
        "attempts": str(row.attempts),
        "first_failed_at": row.parked_at,
        "last_failed_at": _last_failed_at(row),
    }
    record = envelope_to_record(envelope, row.seq)
    told |= _origin(envelope, row.source, record.partition)
    fact = [header for header in record.headers if header[0] != "pseq" or row.consumer != CONSUMER]
    headers = *fact, *((name, value.encode()) for name, value in told.items())
    return record._replace(partition=0, key=_key((row.consumer, row.event_id)), headers=headers)


def _origin(envelope: Envelope, source: str, partition: int) -> dict[str, str]:
    """Return where the message lies; whoever reads from the offset `pseq` - 1 on comes to it."""
    if envelope.type:
        return {"origin_topic": topic_of(source), "origin_partition": str(partition)}
    place = msgspec.json.decode(envelope.data)["place"]  # a record that is not ours; see records.py
    return dict(
        zip(
            ("origin_topic", "origin_partition", "origin_offset"), place.rsplit("/", 2), strict=True
        )
    )


def _last_failed_at(row: Any) -> str:
    """Return when it failed last: as long before the next try as it rests after so many.

    Where an operator asked for a try at once, only the first time is known.
    """
    next_retry_at = datetime.fromisoformat(row.next_retry_at)
    first = datetime.fromisoformat(row.parked_at)
    if next_retry_at < first:
        return str(row.parked_at)
    return max(first, next_retry_at - wait_after(row.attempts)).isoformat()


def _class(error: str) -> str:
    return error.replace(":", " ").partition(" ")[0]


def _key(key: Key) -> bytes:
    return "/".join(key).encode()


def _tombstone(key: Key, now: datetime) -> Record:
    return Record(0, _key(key), None, (), int(now.timestamp() * 1000))


def _state(found: tuple[bytes, dict[str, str]]) -> tuple[Key, State]:
    consumer, _, event_id = found[0].decode().partition("/")
    headers = found[1]
    return (consumer, event_id), State(headers["first_failed_at"], int(headers["attempts"]))


def _states(db: Connection) -> dict[Key, State]:
    wanted = select(PARKED.c.consumer, PARKED.c.event_id, PARKED.c.parked_at, PARKED.c.attempts)
    rows = db.execute(wanted.where(WAITING).order_by(PARKED.c.parked_at, PARKED.c.seq))
    return {(row.consumer, row.event_id): State(row.parked_at, row.attempts) for row in rows}


def _records(db: Connection, keys: Sequence[Key]) -> dict[Key, Record]:
    wanted = select(PARKED).where(tuple_(PARKED.c.consumer, PARKED.c.event_id).in_(keys))
    return {(r.consumer, r.event_id): parked_record(r) for r in db.execute(wanted)}


def _pages(keys: Iterable[Key]) -> Iterable[Sequence[Key]]:
    """Yield keys in pages; the iterable is taken as a whole first, as paging changes its source."""
    left = iter(list(keys))
    while page := list(islice(left, PAGE)):
        yield page
