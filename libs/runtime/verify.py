"""Proves the invariants of a service's log and read tables at any moment (architecture section 10).

What several services count alike (the same name under "sums") must agree at rest.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from libs.events import PUBLIC, Envelope
from libs.runtime import rows
from libs.runtime.hearing import Hearing
from libs.runtime.records import partition_of
from libs.runtime.store import GENESIS, Store, digest, envelope
from libs.runtime.tables import EVENTS, LOG_HEAD, PARKED, POSITIONS

PAGE = 2_000
NAMED_MAX = 20
Findings = list[str]


def verify_log(store: Store, db: Connection) -> tuple[dict[str, Any], Findings]:
    """Check positions, versions, chain and head of one log; return sums and what is wrong."""
    failed: Findings = []
    versions: dict[str, int] = {}
    position, chain = 0, GENESIS
    for row in _events(db):
        event = envelope(row, store.service)
        position += 1
        if event.position != position:
            failed.append(f"{store.service}: position {position} is missing")
            position = event.position
        chain = hashlib.sha256(chain + digest(event)).digest()
        if chain != bytes(row.chain):
            failed.append(
                f"{store.service}: position {position}, stream {event.stream} version"
                f" {event.version} is not what was recorded"
            )
            chain = bytes(row.chain)
        if event.version != versions.get(event.stream, 0) + 1:
            failed.append(f"{store.service}: stream {event.stream} has a gap at {event.version}")
        versions[event.stream] = event.version
    head = db.execute(select(LOG_HEAD.c.position, LOG_HEAD.c.chain)).one()
    if (head.position, bytes(head.chain)) != (position, chain):
        failed.append(f"{store.service}: the head does not fit the last event at {position}")
    sums = {"events": position, "streams": len(versions), "chain": chain.hex()[:16]}
    return sums, failed[:NAMED_MAX]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The logs that a service's read tables are made of, and how its positions count them."""

    logs: Mapping[str, tuple[Store, Connection]]
    """Its own log and those of all services that it hears, by name."""
    over_kafka: bool = False
    """Positions are numbers of records in a partition, not positions in the source's log."""


def verify_tables(
    hearing: Hearing, db: Connection, reach: Reach
) -> tuple[dict[str, Any], Findings]:
    """Compare the read tables with what the logs make of them."""
    expected = rows.fold(changes(hearing, db, reach))
    failed: Findings = []
    sums: dict[str, Any] = {}
    for table in hearing.service.tables.sorted_tables:
        found = _differences(table, expected.get(table, {}), db)
        failed += [f"{hearing.service.name}: {table.name} {what}" for what in found]
        sums[table.name] = db.execute(select(func.count()).select_from(table)).scalar_one()
    return sums, failed


def _differences(table: Table, expected: Mapping[Any, rows.Change], db: Connection) -> Findings:
    wanted = {
        key: _normal(table, change.values)
        for key, change in expected.items()
        if change.kind == "put"
    }
    names = [column.name for column in table.primary_key]
    failed: Findings = []
    for row in db.execute(select(table)).mappings():
        key = tuple(row[name] for name in names)
        there, made = _normal(table, dict(row)), wanted.pop(key, None)
        if made is None:
            failed.append(f"has a row that no event made: {key}")
        elif there != made:
            failed.append(f"{key} differs in {_differing(there, made)}")
    failed += [f"lacks the row {key}" for key in wanted]
    return failed[:NAMED_MAX]


def changes(hearing: Hearing, db: Connection, reach: Reach) -> Iterator[rows.Change]:
    """Return all row changes that the service's own log and the logs it hears make.

    Of others' logs only what it has heard is read: up to its positions, without what is parked.
    """
    name = hearing.service.name
    wanted = {kind.__name__ for kind in hearing.types}
    parked = set(db.execute(select(PARKED.c.event_id)).scalars())
    for source, (store, other) in reach.logs.items():
        if source == name:
            for row in _events(other):
                yield from project_one(hearing, envelope(row, store.service), own=True)
            continue
        for event in _heard(db, name, store, other, over_kafka=reach.over_kafka):
            if event.type in wanted and event.id not in parked:
                yield from project_one(hearing, event, own=False)


def _heard(
    db: Connection, consumer: str, store: Store, other: Connection, *, over_kafka: bool
) -> Iterator[Envelope]:
    """Return what of another log lies within a consumer's positions."""
    at = (POSITIONS.c.consumer == consumer) & (POSITIONS.c.source == store.service)
    found = select(POSITIONS.c.partition, POSITIONS.c.seq).where(at)
    reached: dict[int, int] = {row.partition: row.seq for row in db.execute(found)}
    if not over_kafka:
        upto = reached.get(0, 0)
        yield from (envelope(row, store.service) for row in _events(other, upto))
        return
    numbers: Counter[int] = Counter()
    for row in _events(other):
        if row.type in PUBLIC:
            partition = partition_of(row.tenant)
            numbers[partition] += 1
            if numbers[partition] <= reached.get(partition, 0):
                yield envelope(row, store.service)


def project_one(hearing: Hearing, event: Envelope, *, own: bool) -> Sequence[rows.Change]:
    """Return what one stored event means for the read tables."""
    if event.type not in (hearing.own_types if own else {k.__name__ for k in hearing.types}):
        return []
    return [
        change
        for seen, _ in hearing.seen([event], own=own)
        for change in hearing.project(seen, event)
    ]


def verify_parked(db: Connection) -> int:
    """Return how many messages are parked."""
    return int(db.execute(select(func.count()).select_from(PARKED)).scalar_one())


def agree(sums: Mapping[str, Mapping[str, Any]]) -> Findings:
    """Compare what several services count under one name."""
    named: dict[str, dict[str, Any]] = {}
    for service, counted in sums.items():
        for name, value in counted.items():
            named.setdefault(name, {})[service] = value
    return [
        f"{name} differs: " + ", ".join(f"{service} {value}" for service, value in found.items())
        for name, found in named.items()
        if any(value != next(iter(found.values())) for value in found.values())
    ]


def _events(db: Connection, upto: int | None = None) -> Iterator[Any]:
    at = 0
    while True:
        wanted = select(EVENTS).where(EVENTS.c.position > at).order_by(EVENTS.c.position)
        if upto is not None:
            wanted = wanted.where(EVENTS.c.position <= upto)
        page = db.execute(wanted.limit(PAGE)).all()
        yield from page
        if len(page) < PAGE:
            return
        at = page[-1].position


def _normal(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row so that what the database gives back compares with what was put.

    What the database computes of other columns was never put and is left out.
    """
    put = [column.name for column in table.columns if column.computed is None]
    return {name: _plain(values.get(name)) for name in put}


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if hasattr(value, "tzinfo"):  # SQLite gives instants back without their zone; ours are UTC
        return value.replace(tzinfo=None)
    return str(value) if isinstance(value, str) else value


def _differing(there: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    return ", ".join(name for name, value in made.items() if there[name] != value)
