"""How far a service has heard another: a position in its log, or numbers in partitions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import Connection, select

from libs.events import SAID_BY, Envelope
from libs.runtime import scan
from libs.runtime.records import partition_of
from libs.runtime.tables import POSITIONS

partition = lru_cache(100_000)(partition_of)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """What of a log a consumer has heard."""

    end: int
    """Position in the source's log behind which nothing was heard."""
    cut: Mapping[int, int] = field(default_factory=dict)
    """By partition, the position of the last fact heard; empty where all of the log is one."""
    marks: Mapping[int, str] = field(default_factory=dict)
    """Its id, by partition."""
    apart: bool = False
    """Whether positions are numbers in partitions."""

    def holds(self, event: Envelope) -> bool:
        """Whether the consumer has heard an event that does not lie behind the end."""
        return not self.apart or event.position <= self.cut.get(partition(event.tenant), 0)


def positions(db: Connection, consumer: str, source: str) -> dict[int, tuple[int, str]]:
    """Return a consumer's positions in a source and their marks, by partition."""
    at = (POSITIONS.c.consumer == consumer) & (POSITIONS.c.source == source)
    found = db.execute(select(POSITIONS.c.partition, POSITIONS.c.seq, POSITIONS.c.mark).where(at))
    return {row.partition: (row.seq, row.mark) for row in found}


def public_of(source: str) -> list[str]:
    """Return the names of what a service says to others."""
    return sorted(kind for kind, service in SAID_BY.items() if service == source)


def said(db: Connection, source: str, upto: int) -> Counter[int]:
    """Return how many facts a log holds for each partition of its topic, up to a position."""
    numbers: Counter[int] = Counter()
    public = public_of(source)
    if not public:
        return numbers
    sql = (
        "SELECT tenant, count(*) FROM events WHERE position <= ?"  # noqa: S608 - marks alone
        f" AND type IN ({', '.join('?' * len(public))}) GROUP BY tenant"
    )
    for tenant, count in scan.query(db, sql, (upto, *public)):
        numbers[partition(tenant)] += count
    return numbers


def head(db: Connection) -> int:
    """Return the position of a log's last event."""
    return int(scan.query(db, "SELECT position FROM log_head")[0][0])


def reached(
    db: Connection, consumer: str, source: str, other: Connection, *, over_kafka: bool
) -> Reached:
    """Return how far a consumer has heard a source; `other` must be as new as `db`, or newer."""
    stands = positions(db, consumer, source)
    end = head(other)
    if not over_kafka:
        end = min(stands.get(0, (0, ""))[0], end)
        sql = "SELECT event_id FROM events WHERE position = ?"
        last = scan.query(other, sql, (end,))
        return Reached(end=end, marks={0: last[0][0]} if last else {})
    numbers = said(other, source, end)
    wanted = {number: min(stands.get(number, (0, ""))[0], numbers[number]) for number in numbers}
    cut, marks = _walked_back(other, source, numbers, wanted)
    return Reached(end=max(cut.values(), default=0), cut=cut, marks=marks, apart=True)


def _walked_back(
    other: Connection, source: str, numbers: Mapping[int, int], wanted: Mapping[int, int]
) -> tuple[dict[int, int], dict[int, str]]:
    """Return position and id of the fact with the wanted number of each partition."""
    left = dict(numbers)
    cut = {number: 0 for number, count in wanted.items() if count == 0}
    marks: dict[int, str] = {}
    columns = "event_id", "tenant"
    for rows in scan.backwards(other, columns, public_of(source)):
        for position, event_id, tenant in rows:
            here = partition(tenant)
            if left[here] == wanted[here]:
                cut[here], marks[here] = position, event_id
            left[here] -= 1
        if len(cut) == len(wanted):
            break
    return cut, marks
