"""What a service's log still holds for others: pages of finished records, and how far they went.

A page is read from the rows as they lie, without making events of them: what is relayed is bytes.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from libs.runtime import rows
from libs.runtime.records import Record, Stored, partition_of, stored_to_record, topic_of
from libs.runtime.store import Broken, Store
from libs.runtime.tables import POSITIONS

CONSUMER = "relay"
LOG = "log"
"""Source of the checkpoint row that holds the position in the log."""
PAGE = 5_000
"""Events of a page: enough that brokers are asked for large batches."""
PAGE_BYTES = 16_000_000
"""What a page holds besides at most, unless its first event alone is larger."""

_FIELDS = ", ".join(Stored._fields)
_ROWS = (
    f"SELECT {_FIELDS} FROM (SELECT *, sum(length(data)) OVER (ORDER BY position) AS bytes"  # noqa: S608
    " FROM (SELECT * FROM events WHERE position > {0} ORDER BY position LIMIT {0}) AS next) AS page"
    " WHERE bytes <= {0} OR position = {0} ORDER BY position"
)
_ROWS_POSTGRES, _ROWS_SQLITE = _ROWS.format("%s"), _ROWS.format("?")


class Overtaken(Exception):
    """Another relay moved the checkpoint; what this one just sent is a harmless repeat."""


class Page(NamedTuple):
    """What one round sends: the log read from `start` to `to`, and the records in it."""

    start: int
    to: int
    records: Sequence[Record]
    numbers: Mapping[int, int]
    """Last `pseq` of each partition after the page."""

    @property
    def long(self) -> bool:
        """Whether it is worth reading on while it is sent: there may be much behind it."""
        return self.to - self.start >= PAGE // 10


class Outbox:
    """The pages of one log, in order. All methods are for one thread."""

    def __init__(self, store: Store, public: Collection[str]) -> None:
        self._store = store
        self._public = frozenset(public)
        self._topic = topic_of(store.service)

    def read(self, before: Page | None = None) -> Page:
        """Return the page behind another one, else the one at the checkpoint; Broken at a gap."""
        with self._store.reading() as db:
            if before is None:
                start = self._store.position(db, CONSUMER, LOG)
                if start == self._store.head(db):  # asked often: mostly nothing is new
                    return Page(start, start, [], {})
                last = Counter(self._numbers(db))
            else:
                start, last = before.to, Counter(before.numbers)
            found = _rows(db, start)
        records = []
        for place, row in enumerate(found, start + 1):
            if row[0] != place:
                raise Broken(f"{self._store.service}: position {place} is missing")
            stored = Stored._make(row)
            if stored.type in self._public:
                partition = partition_of(stored.tenant)
                last[partition] += 1
                records.append(stored_to_record(self._store.service, stored, last[partition]))
        return Page(start, start + len(found), records, last)

    def checkpoint(self, page: Page) -> None:
        """Move the checkpoint if it still stands where the page began, else leave all as it is."""
        touched = {record.partition for record in page.records}
        with self._store.writing() as db:
            mark = self._store.mark(db, page.to)
            if not self._store.move(db, CONSUMER, LOG, 0, page.start, page.to, mark):
                raise Overtaken(f"{self._topic}: the checkpoint left {page.start}")
            numbers = (
                rows.put(
                    POSITIONS,
                    consumer=CONSUMER,
                    source=self._topic,
                    partition=partition,
                    seq=page.numbers[partition],
                )
                for partition in touched
            )
            rows.write(db, numbers)

    def behind(self) -> tuple[int, datetime | None]:
        """Return how many events were not sent yet, and when the oldest of them was recorded."""
        with self._store.reading() as db:
            at = self._store.position(db, CONSUMER, LOG)
            oldest, _ = self._store.read(db, at, 1)
            behind = self._store.head(db) - at
        return behind, oldest[0].recorded_at if oldest else None

    def _numbers(self, db: Connection) -> dict[int, int]:
        """Return the number of the last record of each partition, as the checkpoint has it."""
        known = select(POSITIONS.c.partition, POSITIONS.c.seq).where(
            POSITIONS.c.consumer == CONSUMER, POSITIONS.c.source == self._topic
        )
        return {row.partition: row.seq for row in db.execute(known)}


def _rows(db: Connection, after: int) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a page, in the binary form where the driver has one."""
    given = (after, PAGE, PAGE_BYTES, after + 1)
    if db.dialect.name == "sqlite":
        return db.exec_driver_sql(_ROWS_SQLITE, given).fetchall()
    driver: Any = db.connection.driver_connection
    with driver.cursor(binary=True) as cursor:
        found: Sequence[tuple[Any, ...]] = cursor.execute(_ROWS_POSTGRES, given).fetchall()
        return found
