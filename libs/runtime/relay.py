"""Carries a service's public events from its log to its topic: in order, at least once each.

The log is the outbox. What has been sent is a checkpoint in the same database: the position in the
log, and for each partition the number of the last record (`pseq`). It moves only after every record
of a page was acknowledged, so a page may be sent twice, with the same numbers, and never not at
all. Source: event-log section 2 and P3 to P7.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, NullPool, create_engine, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from libs.runtime import crash, rows
from libs.runtime.engines import soon
from libs.runtime.records import Record, envelope_to_record, partition_of, topic_of
from libs.runtime.store import Conflict, Store
from libs.runtime.tables import POSITIONS

log = structlog.get_logger()
T = TypeVar("T")

CONSUMER = "relay"
LOG = "log"
"""Source of the checkpoint row that holds the position in the log."""
PAGE = 2_000
POLL_SECONDS = 0.1
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
LOCK = 0x7E1A9
"""Session advisory lock: one relay per database, and a database is one service's."""


class Sender(Protocol):
    """Where records go; `KafkaSender` outside of tests."""

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        """Return when all are acknowledged; raise otherwise."""

    async def stop(self) -> None:
        """Let go of what is open."""


class Overtaken(Exception):
    """Another relay moved the checkpoint; what this one just sent is a harmless repeat."""


class Page(NamedTuple):
    """What one round sends: the log read from `start` to `to`, and the records in it."""

    start: int
    to: int
    records: Sequence[Record]
    numbers: dict[int, int]
    """Last `pseq` of each partition that has a record in the page."""


class Relay:
    """One service's relay. Several instances may run; the lock lets one of them work."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        public: Collection[str],
        grown: asyncio.Event | None = None,
    ) -> None:
        """Relay what is public; `grown` is set when the log grew, else it is looked at often."""
        self._store = store
        self._sender = sender
        self._public = frozenset(public)
        self._topic = topic_of(store.service)
        self._thread = ThreadPoolExecutor(1, f"relay-{store.service}")
        self._lock = Lock(store.engine)
        self._grown = grown or asyncio.Event()
        self._stepping = asyncio.Lock()
        self.sent_up_to = 0
        """Position in the log up to which everything was acknowledged, as last seen."""

    async def run(self) -> None:
        """Send until cancelled. Failures that pass are tried again; a gap in the log is not."""
        failures = 0
        while True:
            try:
                moved = await self.step()
            except (OSError, SQLAlchemyError, Conflict, Overtaken) as error:
                wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                failures += 1
                why = str(error) if isinstance(error, OSError) else type(error).__name__
                log.warning("relay_waits", topic=self._topic, error=why, seconds=wait)
                await asyncio.sleep(wait)
            else:
                failures = 0
                if not moved:
                    await self._wait()

    async def drain(self) -> None:
        """Send what the log still holds: the last thing a stopping service does (P40)."""
        while await self.step():
            pass

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many events were not sent yet, and when the oldest of them was recorded."""
        return await self._on_thread(self._behind)

    async def leads(self) -> bool:
        """Return whether this instance is the one that works."""
        return await self._on_thread(self._lock.held)

    async def stop(self) -> None:
        """Let go of broker, lock and thread."""
        await self._sender.stop()
        await self._on_thread(self._lock.release)
        self._thread.shutdown()

    async def step(self) -> bool:
        """Send one page. Return whether there was one; False too while another relay works."""
        async with self._stepping:
            if not await self._on_thread(self._lock.held):
                return False
            page = await self._on_thread(self._read)
            if page.to == page.start:
                return False
            crash.point("relay.after_read")
            if page.records:
                await self._sender.send(self._topic, page.records)
                crash.point("relay.after_send")
            await self._on_thread(lambda: self._checkpoint(page))
            crash.point("relay.after_checkpoint")
            self.sent_up_to = page.to
            return True

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._grown.wait(), POLL_SECONDS)
        self._grown.clear()

    def _on_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _read(self) -> Page:
        with self._store.reading() as db:
            start = self._store.position(db, CONSUMER, LOG)
            events, _ = self._store.read(db, start, PAGE)
            numbers = self._numbers(db)
        said = [event for event in events if event.type in self._public]
        records, last = [], Counter(numbers)
        for event in said:
            partition = partition_of(event.tenant)
            last[partition] += 1
            records.append(envelope_to_record(event, last[partition]))
        touched = {record.partition for record in records}
        to = events[-1].position if events else start
        return Page(start, to, records, {number: last[number] for number in touched})

    def _behind(self) -> tuple[int, datetime | None]:
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

    def _checkpoint(self, page: Page) -> None:
        """Move the checkpoint if it still stands where the page began, else leave all as it is."""
        with self._store.writing() as db:
            mark = self._store.mark(db, page.to)
            if not self._store.move(db, CONSUMER, LOG, 0, page.start, page.to, mark):
                raise Overtaken(f"{self._topic}: the checkpoint left {page.start}")
            rows.write(
                db,
                (
                    rows.put(
                        POSITIONS, consumer=CONSUMER, source=self._topic, partition=number, seq=seq
                    )
                    for number, seq in page.numbers.items()
                ),
            )


class Lock:
    """A lock that lives as long as its connection; SQLite has one process and needs none."""

    def __init__(self, engine: Engine) -> None:
        self._needed = engine.dialect.name == "postgresql"
        self._engine = (
            create_engine(
                engine.url,
                poolclass=NullPool,
                isolation_level="AUTOCOMMIT",
                connect_args=soon(engine.url),
            )
            if self._needed
            else None
        )
        self._connection: Connection | None = None

    def held(self) -> bool:
        """Return whether we have the lock, after trying to take it; notice a dead connection."""
        if self._engine is None:
            return True
        try:
            if self._connection is not None:
                self._connection.execute(text("select 1"))
                return True
            connection = self._engine.connect()
            got = connection.execute(text("select pg_try_advisory_lock(:key)"), {"key": LOCK})
            if got.scalar_one():
                self._connection = connection
                return True
            connection.close()
        except DBAPIError:
            self.release()
            raise
        return False

    def release(self) -> None:
        """Close the connection, and with it give up the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
