"""A log read from end to end, as fast as the driver gives rows: what proving and rebuilding do.

Rows are the driver's own tuples and come in pages by position, so that memory stays flat whatever
the length of the log, on both engines.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection

from libs.events import Envelope

Row: TypeAlias = tuple[Any, ...]

PAGE = 2_000
STORED = (
    "stream",
    "version",
    "event_id",
    "type",
    "schema_version",
    "tenant",
    "data",
    "correlation_id",
    "causation_id",
    "traceparent",
    "recorded_at",
)
"""What an event consists of besides position and chain, in the order of its digest."""


class Unreadable(Exception):
    """The database cannot give what is stored in it: a damaged file, a lost server."""


def query(db: Connection, sql: str, given: Sequence[Any] = ()) -> list[Row]:
    """Return all rows of a query with `?` for values, in the transaction of the connection."""
    driver: Any = db.connection.driver_connection
    errors: Any = db.dialect.dbapi
    try:
        if db.dialect.name == "sqlite":
            rows: list[Row] = driver.execute(sql, given).fetchall()
            return rows
        with driver.cursor(binary=True) as cursor:
            return list(cursor.execute(sql.replace("?", "%s"), given).fetchall())
    except errors.Error as error:
        raise Unreadable(str(error)) from error


def stream(db: Connection, sql: str) -> Iterator[Row]:
    """Return the rows of a query one by one; they never stand in memory all at once."""
    driver: Any = db.connection.driver_connection
    errors: Any = db.dialect.dbapi
    try:
        if db.dialect.name == "sqlite":
            yield from driver.execute(sql)
            return
        with driver.cursor(name="stream", binary=True) as cursor:
            cursor.itersize = PAGE
            yield from cursor.execute(sql)
    except errors.Error as error:
        raise Unreadable(str(error)) from error


def pages(
    db: Connection,
    columns: Sequence[str],
    after: int = 0,
    upto: int | None = None,
    types: Collection[str] | None = None,
) -> Iterator[list[Row]]:
    """Return rows of the log in order: position first, then these columns; of all types, or some.

    What is appended meanwhile is left out: the end is looked up at the beginning.
    """
    if upto is None:
        ((upto,),) = query(db, "SELECT position FROM log_head")
    sql = _selected(columns, types, "position > ? AND position <= ?", "position")
    while after < upto and (types is None or types):
        rows = query(db, sql, (after, upto, *sorted(types or ())))
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = rows[-1][0]


def backwards(
    db: Connection, columns: Sequence[str], types: Collection[str] | None = None
) -> Iterator[list[Row]]:
    """Return rows of the log from its end to its beginning."""
    ((before,),) = query(db, "SELECT position + 1 FROM log_head")
    sql = _selected(columns, types, "position < ?", "position DESC")
    while types is None or types:
        rows = query(db, sql, (before, *sorted(types or ())))
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        before = rows[-1][0]


def _selected(columns: Sequence[str], types: Collection[str] | None, where: str, order: str) -> str:
    chosen = f" AND type IN ({', '.join('?' * len(types))})" if types is not None else ""
    return (
        f"SELECT position, {', '.join(columns)} FROM events"  # noqa: S608 - our own words
        f" WHERE {where}{chosen} ORDER BY {order} LIMIT {PAGE}"
    )


def envelopes(
    db: Connection, source: str, types: Collection[str], upto: int | None = None
) -> Iterator[list[Envelope]]:
    """Return the events of these types up to a position as envelopes, page by page."""
    for rows in pages(db, STORED, 0, upto, types):
        yield [_envelope(row, source) for row in rows]


def _envelope(row: Row, source: str) -> Envelope:
    return Envelope(
        id=row[3],
        source=source,
        type=row[4],
        schema_version=row[5],
        stream=row[1],
        version=row[2],
        tenant=row[6],
        position=row[0],
        recorded_at=datetime.fromisoformat(row[11]),
        correlation_id=row[8],
        causation_id=row[9],
        traceparent=row[10],
        data=row[7],
    )
