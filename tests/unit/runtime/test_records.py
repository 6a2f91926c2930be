"""What a fact looks like on a topic: there and back, and what is not taken for one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events import Envelope
from libs.events.values import COOPERATIVE, EventId, PracticeId
from libs.runtime.feed import Undecodable
from libs.runtime.kafka import Cluster
from libs.runtime.records import (
    PARTITIONS,
    NotOurs,
    Record,
    envelope_to_record,
    page_items,
    partition_of,
    record_to_envelope,
)
from libs.runtime.store import Broken

TOPIC = "billing.dunning"
PRACTICE = PracticeId("8f14e45f-ceea-4a7a-9c2b-1f0f3c0d9a11")
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def fact(number: int = 1, kind: str = "ReminderEscalated") -> Envelope:
    return Envelope(
        id=EventId(f"event-{number}"),
        source="dunning",
        type=kind,
        stream="case-1",
        version=number,
        tenant=PRACTICE,
        position=number,
        recorded_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        correlation_id="correlation",
        causation_id="causation",
        data=b'{"open_rappen":100}',
    )


def without(record: Record, name: str) -> Record:
    return record._replace(headers=tuple(h for h in record.headers if h[0] != name))


@given(
    st.builds(
        Envelope,
        id=words.map(EventId),
        source=st.just("dunning"),
        stream=words,
        type=words,
        tenant=words.map(PracticeId),
        version=st.integers(1, 2**31),
        position=st.integers(1, 2**62),
        recorded_at=st.datetimes(timezones=st.just(UTC)),
        traceparent=words,
        data=st.binary(max_size=200),
    ),
    st.integers(1, 2**62),
)
def test_a_fact_comes_back_as_it_was_sent(envelope: Envelope, pseq: int) -> None:
    record = envelope_to_record(envelope, pseq)
    assert record.value == envelope.data
    assert record_to_envelope(TOPIC, record) == (pseq, envelope)


@pytest.mark.parametrize(
    ("tenant", "partition"), [(COOPERATIVE, 20), (PRACTICE, 44), ("another practice", 4)]
)
def test_the_place_of_a_practice_never_changes(tenant: str, partition: int) -> None:
    """Another hash would put one practice's facts in two places."""
    assert partition_of(PracticeId(tenant)) == partition


@given(words)
def test_every_practice_has_a_place(tenant: str) -> None:
    assert 0 <= partition_of(PracticeId(tenant)) < PARTITIONS


@pytest.mark.parametrize(
    "name",
    [
        "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "version", "position", "pseq",
        "schema_version", "correlationid", "causationid",
    ],
)  # fmt: skip  # a row of headers
def test_a_record_without_one_of_our_headers_is_not_ours(name: str) -> None:
    with pytest.raises(NotOurs, match=f"header '{name}' is missing"):
        record_to_envelope(TOPIC, without(envelope_to_record(fact(), 1), name))


@dataclass(frozen=True)
class Stranger:
    why: str
    record: Record
    topic: str = TOPIC


OURS = envelope_to_record(fact(), 1)
STRANGERS = [
    Stranger("names another service", OURS, "billing.ingest"),
    Stranger("lies in a partition", OURS._replace(key=b"other")),
    Stranger("cannot be read", OURS._replace(key=b"\xff")),
    Stranger("has no number", envelope_to_record(fact(), 0)),
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda one: one.why)
def test_b65_a_record_that_our_relay_did_not_write_is_not_ours(stranger: Stranger) -> None:
    """B65."""
    with pytest.raises(NotOurs, match=stranger.why):
        record_to_envelope(stranger.topic, stranger.record)


def test_a_page_skips_what_was_heard_and_stops_at_what_is_missing() -> None:
    records = list(enumerate(envelope_to_record(fact(n), n) for n in (1, 2, 2, 3)))
    items, last = page_items(TOPIC, 1, records, {"ReminderEscalated"})
    assert [number for number, _ in items] == [2, 3]
    assert last == 3
    with pytest.raises(Broken, match=f"{TOPIC}/{records[0][1].partition}: number 2 is missing"):
        page_items(TOPIC, 1, records[3:], {"ReminderEscalated"})


def test_a_page_numbers_what_nobody_asked_for_without_handing_it_over() -> None:
    records = [
        (0, envelope_to_record(fact(1, "CaseOpened"), 1)),
        (1, envelope_to_record(fact(2), 2)),
    ]
    items, last = page_items(TOPIC, 0, records, {"ReminderEscalated"})
    assert [number for number, _ in items] == [2]
    assert last == 2


def test_a_stranger_is_kept_whole_under_an_id_of_its_place() -> None:
    bare = Record(3, b"key", b"value", (), 0)
    (first,), last = page_items(TOPIC, 4, [(17, bare)], ())
    (again,), _ = page_items(TOPIC, 4, [(17, bare)], ())
    assert first == again
    assert last == 4
    stranger = first[1]
    assert isinstance(stranger, Undecodable)
    assert stranger.error == f"{TOPIC}/3/17 header 'ce_id' is missing"


def test_credentials_decide_how_the_brokers_are_spoken_to(tmp_path: Path) -> None:
    """P36."""
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    plain = Cluster(bootstrap="kafka:9092").options(client="dunning")
    known = Cluster(bootstrap="kafka:9092", user="dunning", password=secret).options(client="x")
    assert plain["security_protocol"] == "PLAINTEXT"
    assert plain["client_id"] == "quittance-dunning"
    assert known["security_protocol"] == "SASL_PLAINTEXT"
    assert known["sasl_mechanism"] == "SCRAM-SHA-512"
    assert known["sasl_plain_password"] == "s3cret"  # noqa: S105 - an example
