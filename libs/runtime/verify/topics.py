"""A service's topic: it holds what the log says, fact by fact, and nothing else (P4, P7, B65).

A record may lie there several times, as a page is sent again after a crash; it has the same number
and the same bytes each time. What the relay has not sent yet may be missing.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

from sqlalchemy import Connection

from libs.events.values import PracticeId
from libs.runtime import relay, scan
from libs.runtime.records import (
    NotOurs,
    Record,
    envelope_to_record,
    record_to_envelope,
    topic_of,
)
from libs.runtime.verify.findings import NAMED_MAX, Findings
from libs.runtime.verify.reached import partition, positions, public_of

DIGEST = 16


def sent(db: Connection, service: str) -> dict[int, int]:
    """Return the number of the last record of each partition that was acknowledged for certain."""
    found = positions(db, relay.CONSUMER, topic_of(service))
    return {number: seq for number, (seq, _) in found.items()}


@dataclass
class Expected:
    """What a topic must hold: a digest for each record, by partition and number."""

    service: str
    digests: dict[int, bytearray] = field(default_factory=dict)
    at_least: dict[int, int] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take the next record of its partition."""
        self.digests.setdefault(record.partition, bytearray()).extend(_digest(record))

    def of(self, number: int, pseq: int) -> bytes | None:
        """Return the digest of a record; None where the log holds no such fact."""
        at = (pseq - 1) * DIGEST
        found = self.digests.get(number, b"")[at : at + DIGEST]
        return bytes(found) or None


def expected(db: Connection, service: str, at_least: dict[int, int]) -> Expected:
    """Return what a log makes its topic hold; read it after the topic's end was looked up."""
    found = Expected(service, at_least=at_least)
    numbers: Counter[int] = Counter()
    for page in scan.envelopes(db, service, public_of(service)):
        for envelope in page:
            here = partition(PracticeId(envelope.tenant))
            numbers[here] += 1
            found.add(envelope_to_record(envelope, numbers[here]))
    return found


class Compared:
    """A topic on its way past: tell it every record, in the order of each partition."""

    def __init__(self, due: Expected) -> None:
        self._due = due
        self._topic = topic_of(due.service)
        self._last: Counter[int] = Counter()
        self.records = 0
        self.failed: Findings = []

    def take(self, offset: int, record: Record) -> bool:
        """Compare a record with the fact that has its number; return whether they are one."""
        self.records += 1
        place = f"{self._due.service}: {self._topic}/{record.partition}, offset {offset}"
        try:
            pseq, envelope = record_to_envelope(self._topic, record)
        except NotOurs as error:
            self._fail(f"{place} is no record of the relay: it {error}")
            return False
        last = self._last[record.partition]
        if pseq > last + 1:
            self._missing(record.partition, last + 1, pseq - 1)
        self._last[record.partition] = max(last, pseq)
        due = self._due.of(record.partition, pseq)
        if due is None:
            self._fail(
                f"{place}: number {pseq}, event {envelope.id}, position {envelope.position},"
                " is not in the log"
            )
        elif due != _digest(record):
            self._fail(
                f"{place}: number {pseq}, event {envelope.id}, position {envelope.position},"
                " is not what the log holds"
            )
        return due is not None and due == _digest(record)

    def end(self) -> Findings:
        """Say what is missing at the end of partitions; return all that does not hold."""
        for number, at_least in sorted(self._due.at_least.items()):
            if self._last[number] < at_least:
                self._missing(number, self._last[number] + 1, at_least)
        return self.failed[:NAMED_MAX]

    def _missing(self, number: int, first: int, last: int) -> None:
        which = f"number {first} is" if first == last else f"numbers {first} to {last} are"
        self._fail(f"{self._due.service}: {self._topic}/{number}: {which} missing")

    def _fail(self, what: str) -> None:
        if len(self.failed) < NAMED_MAX:
            self.failed.append(what)


def _digest(record: Record) -> bytes:
    parts: list[bytes] = [record.key, record.value or b""]
    for name, value in record.headers:
        parts += [name.encode(), value]
    digest = blake2b(digest_size=DIGEST)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()
