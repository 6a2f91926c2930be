"""The event log of one service on SQLite or PostgreSQL: read, append, positions.

`events` is only ever inserted into. The one row of `log_head` is the writers' lock and makes
positions gapless (event-log section 2).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError

from libs.events import Envelope
from libs.events.values import EventId, PracticeId
from libs.runtime.arrays import blobs, integers, texts
from libs.runtime.rows import INSERT
from libs.runtime.tables import EVENTS, LOG_HEAD, POSITIONS

_FIELDS = [column for column in EVENTS.columns if column.name != "chain"]
GENESIS = b"\x00" * 32


class Conflict(Exception):
    """A stream moved on since it was read; nothing was written, the batch is decided again."""


class Broken(Exception):
    """The log or a position is not as it must be; the reader stops (P4)."""


class Store:
    """One service's log. Every method takes the connection of the transaction it works in."""

    def __init__(self, service: str, engine: Engine) -> None:
        self.service, self.engine = service, engine
        self._sqlite = engine.dialect.name == "sqlite"

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that may write; on SQLite it holds the write lock from the start."""
        try:
            with self.engine.begin() as db:
                yield db
        except (IntegrityError, InternalError, OperationalError) as error:
            if _lost_race(error.orig):
                raise Conflict(str(error.orig)) from error
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads, all of it as of one moment."""
        options: dict[str, Any] = {"reading": True}
        if not self._sqlite:
            options["isolation_level"] = "REPEATABLE READ"
        with self.engine.connect().execution_options(**options) as db, db.begin():
            yield db

    def head(self, db: Connection) -> int:
        """Return the position of the last event, 0 in an empty log."""
        return int(db.execute(_HEAD).scalar_one())

    def tails(self, db: Connection, known: Mapping[str, int]) -> Sequence[Any]:
        """Return the rows of these streams behind the given versions, in one query, in order."""
        if self._sqlite:
            wanted = json.dumps(list(known.items()))
            return db.execute(_TAILS_SQLITE, {"wanted": wanted}).all()
        return db.execute(
            _TAILS_POSTGRES, {"streams": texts(known), "versions": integers(known.values())}
        ).all()

    def known(self, db: Connection, event_ids: Sequence[str]) -> set[str]:
        """Return which of these events were recorded before."""
        found: set[str] = set()
        for start in range(0, len(event_ids), 500):
            part = list(event_ids[start : start + 500])
            found.update(db.execute(_KNOWN, {"ids": part}).scalars())
        return found

    def append(self, db: Connection, events: Sequence[Envelope]) -> int:
        """Write events at the log's end; positions are given here. Return the last position.

        Takes the head's lock last, for one round trip. Raises Conflict (from `writing`) if a
        stream already has one of the versions.
        """
        if not events:
            return self.head(db)
        inner = [digest(event) for event in events]
        if self._sqlite:
            return self._append_sqlite(db, events, inner)
        columns = {
            "streams": texts([e.stream for e in events]),
            "versions": integers([e.version for e in events]),
            "ids": texts([e.id for e in events]),
            "types": texts([e.type for e in events]),
            "schemas": integers([e.schema_version for e in events]),
            "tenants": texts([e.tenant for e in events]),
            "datas": blobs([e.data for e in events]),
            "correlations": texts([e.correlation_id for e in events]),
            "causations": texts([e.causation_id for e in events]),
            "traces": texts([e.traceparent for e in events]),
            "times": texts([e.recorded_at.isoformat() for e in events]),
            "inners": blobs(inner),
        }
        return int(db.execute(_APPEND_POSTGRES, columns).scalar_one())

    def _append_sqlite(
        self, db: Connection, events: Sequence[Envelope], inner: Sequence[bytes]
    ) -> int:
        position, chain = db.execute(_HEAD_CHAIN).one()
        rows = []
        for event, part in zip(events, inner, strict=True):
            position += 1
            chain = hashlib.sha256(chain + part).digest()
            rows.append((position, *columns_of(event), chain))
        db.exec_driver_sql(_INSERT_SQLITE, rows)
        db.execute(_MOVE_HEAD, {"to": position, "by": chain})
        return int(position)

    def read(
        self, db: Connection, after: int, limit: int, types: Sequence[str] | None = None
    ) -> tuple[list[Envelope], int]:
        """Return envelopes behind a position, and up to where the log was read.

        Raises Broken when positions have a gap (only checked where no types are asked for).
        """
        head = self.head(db)  # read first: what is recorded meanwhile belongs to the next page
        within = (EVENTS.c.position > after) & (EVENTS.c.position <= head)
        wanted = select(*_FIELDS).where(within).order_by(EVENTS.c.position)
        if types is not None:
            wanted = wanted.where(EVENTS.c.type.in_(types))
        rows = db.execute(wanted.limit(limit)).all()
        found = [envelope(row, self.service) for row in rows]
        if types is None:
            expected = range(after + 1, after + 1 + len(found))
            if [event.position for event in found] != list(expected):
                raise Broken(f"{self.service}: positions behind {after} are not gapless")
        return found, found[-1].position if len(found) == limit else max(head, after)

    def position(self, db: Connection, consumer: str, source: str, partition: int = 0) -> int:
        """Return how far a consumer has come, 0 at the beginning."""
        place = {"who": consumer, "what": source, "part": partition}
        return db.execute(_POSITION, place).scalar() or 0

    def mark(self, db: Connection, position: int) -> str:
        """Return what a position moved to here is marked with: the id of the event that it names.

        A position without its mark, or with the mark of another place, was not moved by a reader.
        """
        return db.execute(_ID_AT, {"position": position}).scalar() or ""

    def marked(self, db: Connection, consumer: str, source: str, partition: int = 0) -> str:
        """Return the mark of a consumer's position, empty where it has none."""
        place = {"who": consumer, "what": source, "part": partition}
        return db.execute(_MARK, place).scalar() or ""

    def move(
        self,
        db: Connection,
        consumer: str,
        source: str,
        partition: int,
        expected: int,
        to: int,
        mark: str = "",
    ) -> bool:
        """Move a position if it is where it is expected; False: another instance was first."""
        place = {"who": consumer, "what": source, "part": partition, "from": expected, "to": to}
        if expected == 0:
            first = INSERT[db.dialect.name](POSITIONS).values(
                consumer=consumer, source=source, partition=partition, seq=0
            )
            db.execute(first.on_conflict_do_nothing())
        if not mark and to == expected:
            return db.execute(_STAY, place).rowcount == 1
        return db.execute(_MOVE, place | {"named": mark}).rowcount == 1


def _lost_race(error: Any) -> bool:
    """Whether another writer was first: a taken key, a failed serialization, a deadlock.

    Or we said nothing for so long that PostgreSQL gave our locks to others (25P03, F9).
    """
    taken = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
    gone = {"23505", "40001", "40P01", "25P03"}
    name = getattr(error, "sqlite_errorname", "")
    return getattr(error, "sqlstate", "") in gone or name in taken


def columns_of(event: Envelope) -> tuple[Any, ...]:
    """Return what is stored of an event besides position and chain, in the table's order."""
    return (
        event.stream,
        event.version,
        event.id,
        event.type,
        event.schema_version,
        event.tenant,
        event.data,
        event.correlation_id,
        event.causation_id,
        event.traceparent,
        event.recorded_at.isoformat(),
    )


def digest(event: Envelope) -> bytes:
    """Return the inner link of the chain: sha256 of the stored columns (event-log section 2)."""
    return hashlib.sha256(msgspec.msgpack.encode(columns_of(event))).digest()


def envelope(row: Any, source: str) -> Envelope:
    """Return a stored row as an envelope."""
    return Envelope(
        id=EventId(row.event_id),
        source=source,
        type=row.type,
        schema_version=row.schema_version,
        stream=row.stream,
        version=row.version,
        tenant=PracticeId(row.tenant),
        position=row.position,
        recorded_at=datetime.fromisoformat(row.recorded_at),
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        traceparent=row.traceparent,
        data=bytes(row.data),
    )


_HEAD = select(LOG_HEAD.c.position)
_HEAD_CHAIN = select(LOG_HEAD.c.position, LOG_HEAD.c.chain)
_MOVE_HEAD = LOG_HEAD.update().values(position=bindparam("to"), chain=bindparam("by"))
_ID_AT = select(EVENTS.c.event_id).where(EVENTS.c.position == bindparam("position"))
_PLACE = (
    (POSITIONS.c.consumer == bindparam("who"))
    & (POSITIONS.c.source == bindparam("what"))
    & (POSITIONS.c.partition == bindparam("part"))
)
_POSITION = select(POSITIONS.c.seq).where(_PLACE)
_MARK = select(POSITIONS.c.mark).where(_PLACE)
_STAY = (
    POSITIONS.update()
    .where(_PLACE, POSITIONS.c.seq == bindparam("from"))
    .values(seq=bindparam("to"))
)
_MOVE = _STAY.values(mark=bindparam("named"))
_TAILS_SQLITE = text(
    "SELECT e.position, e.stream, e.version, e.type, e.data FROM json_each(:wanted) AS w"
    " JOIN events AS e ON e.stream = json_extract(w.value, '$[0]')"
    " AND e.version > json_extract(w.value, '$[1]') ORDER BY e.stream, e.version"
)
_TAILS_POSTGRES = text(
    "SELECT e.position, e.stream, e.version, e.type, e.data"
    " FROM unnest(CAST(:streams AS text[]), CAST(:versions AS int[])) AS w(stream, version)"
    " JOIN events AS e ON e.stream = w.stream AND e.version > w.version"
    " ORDER BY e.stream, e.version"
)
_KNOWN = select(EVENTS.c.event_id).where(EVENTS.c.event_id.in_(bindparam("ids", expanding=True)))
_INSERT_SQLITE = (
    "INSERT INTO events (position, stream, version, event_id, type, schema_version, tenant, data,"
    " correlation_id, causation_id, traceparent, recorded_at, chain)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_APPEND_POSTGRES = text(
    "SELECT append_events(CAST(:streams AS text[]), CAST(:versions AS int[]),"
    " CAST(:ids AS text[]), CAST(:types AS text[]), CAST(:schemas AS int[]),"
    " CAST(:tenants AS text[]), CAST(:datas AS bytea[]), CAST(:correlations AS text[]),"
    " CAST(:causations AS text[]), CAST(:traces AS text[]), CAST(:times AS text[]),"
    " CAST(:inners AS bytea[]))"
)
