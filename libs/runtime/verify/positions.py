"""Positions: each stands where its consumer left it, and nowhere beyond what there is.

Three things show a position that was moved. It is marked with the event that it names. What a
service recorded because of an event it heard lies behind that event. And the numbers that the relay
has given are the numbers of facts in the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from libs.runtime import calendar, effects, relay, scan
from libs.runtime.hearing import Hearing
from libs.runtime.records import topic_of
from libs.runtime.tables import POSITIONS
from libs.runtime.verify.findings import Findings
from libs.runtime.verify.reached import (
    Reached,
    head,
    partition,
    positions,
    public_of,
    reached,
    said,
)
from libs.runtime.verify.tables import Reach

WITNESSES = 5_000
"""So many of the last events are asked what caused them."""


def verify_positions(hearing: Hearing, db: Connection, reach: Reach) -> Findings:
    """Prove all positions of a service."""
    name = hearing.service.name
    causes = _causes(db)
    failed: Findings = []
    for source, (_, other) in reach.logs.items():
        if source != name:
            found = reached(db, name, source, other, over_kafka=reach.over_kafka)
            reacting = {kind.__name__ for kind in hearing.service.reactions}
            failed += _heard(name, source, db, other, found)
            failed += _witnessed(name, source, other, found, (causes, reacting))
    failed += _own(name, effects.CONSUMER, name, db)
    failed += _own(name, relay.CONSUMER, relay.LOG, db)
    failed += _done(hearing, db, causes)
    if reach.over_kafka:
        failed += _numbers(name, db)
    return failed + _days(name, db)


def _heard(name: str, source: str, db: Connection, other: Connection, found: Reached) -> Findings:
    """Prove how far a service has heard another: not beyond its log, and marked with its event."""
    there = said(other, source, head(other)) if found.apart else {0: head(other)}
    failed: Findings = []
    for number, (seq, mark) in sorted(positions(db, name, source).items()):
        place = f"{name}: position {seq} in {source}" + (f"/{number}" if found.apart else "")
        if seq > there.get(number, 0):
            failed.append(f"{place} lies beyond what was said: {there.get(number, 0)}")
        elif mark and mark != found.marks.get(number, ""):
            failed.append(f"{place} was moved: {_where(other, mark)} was heard last")
    return failed


def _where(db: Connection, event_id: str) -> str:
    rows = scan.query(db, "SELECT position FROM events WHERE event_id = ?", (event_id,))
    return f"position {rows[0][0]}" if rows else f"event {event_id}, which is not in the log,"


def _own(name: str, consumer: str, source: str, db: Connection) -> Findings:
    """Prove a checkpoint in the service's own log."""
    seq, mark = positions(db, consumer, source).get(0, (0, ""))
    if seq > head(db):
        return [f"{name}: position {seq} of {consumer} lies behind the log's end"]
    rows = scan.query(db, "SELECT event_id FROM events WHERE position = ?", (seq,))
    if mark and [(mark,)] != [tuple(row) for row in rows]:
        return [f"{name}: position {seq} of {consumer} was moved: {_where(db, mark)} was done last"]
    return []


def _numbers(name: str, db: Connection) -> Findings:
    """Prove that the relay has given as many numbers as there are facts up to its checkpoint."""
    sent_upto = positions(db, relay.CONSUMER, relay.LOG).get(0, (0, ""))[0]
    given = {at: seq for at, (seq, _) in positions(db, relay.CONSUMER, topic_of(name)).items()}
    counted = said(db, name, sent_upto)
    return [
        f"{name}: position {given.get(at, 0)} of relay in {topic_of(name)}/{at} was moved:"
        f" {counted[at]} facts were sent"
        for at in sorted(counted.keys() | given.keys())
        if counted[at] != given.get(at, 0)
    ]


def _days(name: str, db: Connection) -> Findings:
    seq, mark = positions(db, calendar.CONSUMER, name).get(0, (0, ""))
    if mark and date.fromordinal(max(1, seq)).isoformat() != mark:
        return [f"{name}: position {seq} of calendar was moved: {mark} was done last"]
    return []


def _witnessed(
    name: str, source: str, other: Connection, found: Reached, known: tuple[list[str], set[str]]
) -> Findings:
    """Find what a service recorded because of an event that lies behind its position.

    A position that was set back together with its mark, or removed, still shows by this.
    """
    causes, reacting = known
    behind: dict[int, int] = {}
    for position, tenant in _among(other, causes, sorted(reacting & set(public_of(source)))):
        here = partition(tenant) if found.apart else 0
        if position > (found.cut.get(here, 0) if found.apart else found.end):
            behind[here] = max(position, behind.get(here, 0))
    return [
        f"{name}: its position in {source}{f'/{here}' if found.apart else ''} was moved:"
        f" it has acted on position {position}"
        for here, position in sorted(behind.items())
    ]


def _done(hearing: Hearing, db: Connection, causes: list[str]) -> Findings:
    """Find the same of effects, which follow the service's own log."""
    name = hearing.service.name
    types = {kind.__name__ for kind in hearing.service.effects.keys() - hearing.types}
    at = positions(db, effects.CONSUMER, name).get(0, (0, ""))[0]
    last = max((position for position, _ in _among(db, causes, sorted(types))), default=0)
    if last > at:
        return [f"{name}: position {at} of effects was moved: position {last} was done"]
    return []


def _causes(db: Connection) -> list[str]:
    """Return what the last events were caused by."""
    sql = "SELECT causation_id FROM events ORDER BY position DESC LIMIT ?"
    return sorted({row[0] for row in scan.query(db, sql, (WITNESSES,))})


def _among(db: Connection, ids: Sequence[str], types: Sequence[str]) -> Iterator[scan.Row]:
    """Return position and tenant of those of these events that are here, if of these types."""
    for start in range(0, len(ids) if types else 0, 500):
        part = ids[start : start + 500]
        sql = (
            "SELECT position, tenant FROM events"  # noqa: S608 - marks alone
            f" WHERE event_id IN ({', '.join('?' * len(part))})"
            f" AND type IN ({', '.join('?' * len(types))})"
        )
        yield from scan.query(db, sql, (*part, *types))


def heads(db: Connection, name: str, *, over_kafka: bool) -> Mapping[int, int]:
    """Return how far a log goes, as its hearers count it."""
    upto = head(db)
    return said(db, name, upto) if over_kafka else {0: upto}


def stands(db: Connection, name: str) -> Mapping[str, Mapping[int, int]]:
    """Return how far a service has heard each of the others."""
    rows: dict[str, dict[int, int]] = {}
    wanted = select(POSITIONS).where(POSITIONS.c.consumer == name)
    for row in db.execute(wanted):
        rows.setdefault(row.source, {})[row.partition] = row.seq
    return rows


def at_rest(found: Mapping[str, Any]) -> bool:
    """Whether, of all services, each had heard all that the others had said when each was read."""
    return all(
        one["stands"].get(source, {}).get(number, 0) == count
        for one in found.values()
        for source in one["hears"]
        for number, count in found[source]["heads"].items()
    )
