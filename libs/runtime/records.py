"""What a fact looks like on a Kafka topic, and back. Pure; `libs.runtime.kafka` carries it.

Topic `billing.<service>`, key = practice id as text, value = the event's own JSON, untouched,
headers in the binary mode of CloudEvents plus what a consumer needs to prove that nothing was lost.
Nothing in key or headers names a person. Source: P47, event-log section 2.
"""

from collections.abc import Container, Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeAlias

import msgspec

from libs.events.event import Envelope
from libs.events.values import EventId, PracticeId
from libs.runtime.feed import Undecodable
from libs.runtime.ids import derived
from libs.runtime.store import Broken

PARTITIONS = 64
"""Fixed from the first day: another number would put one practice's facts in two places."""

Headers: TypeAlias = tuple[tuple[str, bytes], ...]


class Record(NamedTuple):
    """One record of a topic, as it is sent and as it is read."""

    partition: int
    key: bytes
    value: bytes | None
    """None is a tombstone: it takes what has this key off a compacted topic."""
    headers: Headers
    timestamp_ms: int


class NotOurs(Exception):
    """A record was not written by a relay of ours, or was damaged."""


class Numbered(NamedTuple):
    """A fact with its gapless number in its topic and partition."""

    pseq: int
    envelope: Envelope


def topic_of(service: str) -> str:
    """Return the topic on which a service speaks."""
    return f"billing.{service}"


def parked_topic_of(service: str) -> str:
    """Return the topic that mirrors what a service has parked (P43)."""
    return f"billing.{service}.parked"


def source_of(topic: str) -> str:
    """Return the service that speaks on a topic."""
    return topic.removeprefix("billing.")


@lru_cache(maxsize=65_536)
def partition_of(tenant: PracticeId) -> int:
    """Return where all facts of a practice go; chosen by us, so that no client's hash decides."""
    return int.from_bytes(sha256(tenant.encode()).digest()[:8], "big") % PARTITIONS


class Stored(NamedTuple):
    """An event as its row in the log has it; made into a record without being decoded."""

    position: int
    stream: str
    version: int
    event_id: str
    type: str
    schema_version: int
    tenant: PracticeId
    data: bytes
    correlation_id: str
    causation_id: str
    traceparent: str
    recorded_at: str


def envelope_to_record(envelope: Envelope, pseq: int) -> Record:
    """Return the record of a fact; the same fact gives the same bytes, however often it is sent."""
    stored = Stored(
        position=envelope.position,
        stream=envelope.stream,
        version=envelope.version,
        event_id=envelope.id,
        type=envelope.type,
        schema_version=envelope.schema_version,
        tenant=envelope.tenant,
        data=envelope.data,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        traceparent=envelope.traceparent,
        recorded_at=envelope.recorded_at.isoformat(),
    )
    return stored_to_record(envelope.source, stored, pseq)


def stored_to_record(source: str, stored: Stored, pseq: int) -> Record:
    """Return the record of a row of a service's log."""
    kind, schema_version = stored.type, b"%d" % stored.schema_version
    headers: Headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", stored.event_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", kind.encode()),
        ("ce_time", stored.recorded_at.encode()),
        ("ce_subject", stored.stream.encode()),
        ("ce_dataschema", b"urn:quittance:event:%b:%b" % (kind.encode(), schema_version)),
        ("content-type", b"application/json"),
        ("version", b"%d" % stored.version),
        ("position", b"%d" % stored.position),
        ("pseq", b"%d" % pseq),
        ("schema_version", schema_version),
        ("correlationid", stored.correlation_id.encode()),
        ("causationid", stored.causation_id.encode()),
    )
    if stored.traceparent:
        headers = (*headers, ("traceparent", stored.traceparent.encode()))
    return Record(
        partition=partition_of(stored.tenant),
        key=stored.tenant.encode(),
        value=stored.data,
        headers=headers,
        timestamp_ms=int(datetime.fromisoformat(stored.recorded_at).timestamp() * 1000),
    )


def record_to_envelope(topic: str, record: Record) -> Numbered:
    """Return the fact of a record. Whether its value can be read is the consumer's question.

    Raises NotOurs. A record that says it comes from another service than its topic's, or that lies
    where its practice's facts do not belong, was not written by our relay. Source: B65.
    """
    try:
        said = {name: value.decode() for name, value in record.headers}
        tenant = PracticeId(record.key.decode())
        envelope = Envelope(
            id=EventId(said["ce_id"]),
            source=said["ce_source"],
            type=said["ce_type"],
            schema_version=int(said["schema_version"]),
            stream=said["ce_subject"],
            version=int(said["version"]),
            tenant=tenant,
            position=int(said["position"]),
            recorded_at=datetime.fromisoformat(said["ce_time"]),
            correlation_id=said["correlationid"],
            causation_id=said["causationid"],
            traceparent=said.get("traceparent", ""),
            data=record.value or b"",
        )
        pseq = int(said["pseq"])
    except KeyError as missing:
        raise NotOurs(f"header {missing} is missing") from missing
    except ValueError as error:
        raise NotOurs(f"a header cannot be read: {type(error).__name__}") from error
    if envelope.source != source_of(topic):
        raise NotOurs("names another service than its topic does")
    if record.partition != partition_of(tenant):
        raise NotOurs("lies in a partition that is not its practice's")
    if pseq < 1 or envelope.recorded_at.tzinfo is None:
        raise NotOurs("has no number or no time zone")
    return Numbered(pseq, envelope)


def page_items(
    topic: str, last: int, records: Iterable[tuple[int, Record]], types: Container[str]
) -> tuple[list[tuple[int, Envelope | Undecodable]], int]:
    """Return what a page of (offset, record) says of these types, and its last number.

    Numbers up to `last` were heard before and are skipped. Raises Broken at a gap: a fact was lost
    on the way, and going on would hide it. A record that is not ours stands under the number of the
    fact before it, under an id of its own, so that it is parked once.
    """
    items: list[tuple[int, Envelope | Undecodable]] = []
    for offset, record in records:
        try:
            pseq, envelope = record_to_envelope(topic, record)
        except NotOurs as error:
            items.append((last, _kept(topic, offset, record, str(error))))
            continue
        if pseq <= last:
            continue
        if pseq != last + 1:
            raise Broken(f"{topic}/{record.partition}: number {last + 1} is missing before {pseq}")
        last = pseq
        if envelope.type in types:
            items.append((pseq, envelope))
    return items, last


def mark_of(number: int, records: Iterable[Record]) -> str:
    """Return the id of the fact that has this number in its partition; empty if it is not here."""
    wanted = ("pseq", str(number).encode())
    for record in records:
        if wanted in record.headers:
            return dict(record.headers).get("ce_id", b"").decode("utf-8", "replace")
    return ""


def _kept(topic: str, offset: int, record: Record, error: str) -> Undecodable:
    place = f"{topic}/{record.partition}/{offset}"
    whole = msgspec.json.encode({"place": place, **record._asdict()})
    return Undecodable(id=derived("record", place), data=whole, error=f"{place} {error}")
