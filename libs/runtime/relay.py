"""Carries a service's public events from its log to its topic: in order, at least once each.

The log is the outbox. What has been sent is a checkpoint in the same database: the position in the
log, and for each partition the number of the last record (`pseq`). It moves only after every record
of a page was acknowledged, so a page may be sent twice, with the same numbers, and never not at
all. Source: event-log section 2 and P3 to P7.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from libs.runtime import crash
from libs.runtime.engines import soon
from libs.runtime.outbox import CONSUMER, LOG, Outbox, Overtaken, Page
from libs.runtime.records import Record, topic_of
from libs.runtime.store import Conflict, Store

__all__ = ["CONSUMER", "LOG", "Lock", "Overtaken", "Relay"]

log = structlog.get_logger()
T = TypeVar("T")

POLL_SECONDS = 0.1
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
LOCK = 0x7E1A9
"""Session advisory lock: one relay per database, and a database is one service's."""
SHOWN_TRIES = 3
"""What failed so often in a row is shown."""
ASK_SECONDS = 0.5
"""How often an instance that waits asks for the lock."""
SLOW_SECONDS = 8.0
"""A page that takes so long to be acknowledged is shown."""
ALIVE_SECONDS = 4.0
SILENT_SECONDS = 20.0
"""One that works says so every few seconds; after so long another takes its place (F9)."""
_TAKE = text("select pg_try_advisory_lock(:key)")
_END_SILENT = text(
    "select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)"
    " where locktype = 'advisory' and granted and classid = 0 and objid = :key"
    " and database = (select oid from pg_database where datname = current_database())"
    " and state_change < clock_timestamp() - make_interval(secs => :silent)"
)


class Sender(Protocol):
    """Where records go; `KafkaSender` outside of tests."""

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        """Return when all are acknowledged; raise otherwise."""

    async def stop(self) -> None:
        """Let go of what is open."""


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
        self._outbox = Outbox(store, public)
        self._ahead: Page | None = None
        self._topic = topic_of(store.service)
        self._thread = ThreadPoolExecutor(1, f"relay-{store.service}")
        self._lock = Lock(store.engine, says="select position from log_head")
        self._grown = grown or asyncio.Event()
        self._stepping = asyncio.Lock()
        self.trouble: Exception | None = None
        """Why nothing is sent at the moment, once it was tried several times."""
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
                self.trouble = error if failures >= SHOWN_TRIES else None
                why = str(error) if isinstance(error, OSError) else type(error).__name__
                log.warning("relay_waits", topic=self._topic, error=why, seconds=wait)
                await asyncio.sleep(wait)
            else:
                failures, self.trouble = 0, None
                if not moved:
                    await self._wait()

    async def drain(self) -> None:
        """Send what the log still holds: the last thing a stopping service does (P40)."""
        while await self.step():
            pass

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many events were not sent yet, and when the oldest of them was recorded."""
        return await self._on_thread(self._outbox.behind)

    async def leads(self) -> bool:
        """Return whether this instance is the one that works."""
        return await self._on_thread(self._lock.held)

    async def stop(self) -> None:
        """Let go of broker, lock and thread."""
        await self._sender.stop()
        await self._on_thread(self._lock.release)
        self._thread.shutdown()

    async def step(self) -> bool:
        """Send one page. Return whether there was one; False too while another relay works.

        While the broker takes a long page, the one behind it is read. Whatever fails, what was read
        ahead is forgotten: the checkpoint alone says where to go on.
        """
        async with self._stepping:
            page, self._ahead = self._ahead, None
            if not await self._on_thread(self._lock.held):
                return False
            if page is None:
                if self._lock.heard == self.sent_up_to:
                    return False  # asked ten times a second, and mostly nothing is new
                page = await self._on_thread(self._outbox.read)
            if page.to == page.start:
                self.sent_up_to = page.to
                return False
            crash.point("relay.after_read")
            ahead = await self._sent(page)
            await self._on_thread(partial(self._outbox.checkpoint, page))
            crash.point("relay.after_checkpoint")
            self.sent_up_to = page.to
            self._ahead = ahead
            return True

    async def _sent(self, page: Page) -> Page | None:
        """Return, once a page is acknowledged, the one behind it where there may be one."""
        reading = self._on_thread(partial(self._outbox.read, page)) if page.long else None
        try:
            if page.records:
                await self._while_alive(self._sender.send(self._topic, page.records))
                crash.point("relay.after_send")
        finally:
            ahead = await _read_ahead(reading)
        return ahead

    async def _while_alive(self, sending: Coroutine[Any, Any, None]) -> None:
        """Wait for brokers, however slow, and let those who want the lock know that we live."""
        task = asyncio.create_task(sending)
        begun = monotonic()
        try:
            while not (await asyncio.wait({task}, timeout=ALIVE_SECONDS))[0]:
                await self._on_thread(self._lock.held)
                if monotonic() - begun > SLOW_SECONDS:  # the producer itself never gives up
                    self.trouble = TimeoutError("no broker acknowledges")
        finally:
            task.cancel()  # where it is done this does nothing
            await asyncio.gather(task, return_exceptions=True)
        task.result()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._grown.wait(), POLL_SECONDS)
        self._grown.clear()

    def _on_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)


async def _read_ahead(reading: asyncio.Future[Page] | None) -> Page | None:
    """Wait for a page; where it cannot be read, the next step reads again and says why."""
    if reading is None:
        return None
    await asyncio.wait([reading])
    return None if reading.exception() else reading.result()


class Lock:
    """A lock that lives as long as its connection; SQLite has one process and needs none.

    Whoever has it says something at each step, if only `select 1`. One that said nothing for long
    is frozen, or its machine is gone without a word: its connection is ended by whoever waits. If
    it wakes up, what it sends is a repeat and its checkpoint is refused (F9).
    """

    def __init__(
        self, engine: Engine, silent_seconds: float = SILENT_SECONDS, says: str = "select 1"
    ) -> None:
        self._silent = silent_seconds
        self._says = text(says)
        self.heard: int | None = None
        """What was answered to what was said last; None where nothing was said yet."""
        self._ours = False
        self._ask_at = 0.0
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
            if self._ours and self._connection is not None:
                self.heard = self._connection.execute(self._says).scalar_one()
            elif monotonic() >= self._ask_at:
                self._ask_at = monotonic() + ASK_SECONDS
                self._connection = self._connection or self._engine.connect()
                self._ours = self._taken(self._connection)
        except DBAPIError:
            self.release()
            raise
        return self._ours

    def _taken(self, db: Connection) -> bool:
        got: bool = db.execute(_TAKE, {"key": LOCK}).scalar_one()
        if not got and db.execute(_END_SILENT, {"key": LOCK, "silent": self._silent}).first():
            log.warning("relay_silent", seconds=self._silent)
        return got

    def release(self) -> None:
        """Close the connection, and with it give up the lock."""
        connection, self._connection, self._ours = self._connection, None, False
        self.heard = None
        if connection is not None:
            connection.close()
