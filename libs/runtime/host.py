"""A running service: the one path, and the loops that feed it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import Engine

from libs.events import Envelope
from libs.runtime import crash, trace
from libs.runtime.batch import Commands, Pending, TableWork, Work
from libs.runtime.clock import Clock
from libs.runtime.courtesy import Door, give_way
from libs.runtime.effects import Effects
from libs.runtime.feed import Feed, Wake
from libs.runtime.hearing import Hearing
from libs.runtime.ids import derived, new_id
from libs.runtime.metrics import HALTED, LAG_SECONDS
from libs.runtime.news import News, practices_of
from libs.runtime.pages import redrive, take_all
from libs.runtime.reader import Reader
from libs.runtime.service import Command, Service
from libs.runtime.store import Broken, Store
from libs.runtime.trouble import told
from libs.runtime.vault import Vault
from libs.runtime.watching import Watching
from libs.runtime.writer import Writer

log = structlog.get_logger()
T = TypeVar("T")

LOOK_SECONDS = 15.0
COMMANDS_MAX = 400
SHOWN_TRIES = 5
"""A loop that failed so often in a row is shown to be in trouble."""
WAIT_MAX = 5.0


class Overloaded(Exception):
    """Too much waits already; answered as 503 with Retry-After (P41)."""


class Host:
    """One service, its writer thread, its reader thread, and its feeds."""

    def __init__(
        self,
        service: Service,
        store: Store,
        reader_engine: Engine,
        vault: Vault,
        clock: Clock,
        queue_max: int = 2_000,
    ) -> None:
        self.service = service
        self.store = store
        self.clock = clock
        self.vault = vault
        self.wake = Wake()
        self.news = News()
        self.feeds: list[Feed] = []
        self.read_store = Store(service.name, reader_engine)
        self.reader = Reader(self.read_store)
        self.hearing = Hearing(service, store, vault)
        self.effects = Effects(service, vault)
        self.troubles: dict[str, str] = {}
        """What has ended or goes on failing, by the name of its loop."""
        self.doors: list[Door] = []  # of all services in the process
        self.data: Path | None = None
        """The data folder, where a backup leaves when it was taken."""
        self._queue_max = queue_max
        self._busy = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.started = False
        self.stopping = False
        self.writer = Writer(service, store, vault, clock, self.hearing.project, self._grown)

    async def handle(
        self, command: Command, command_id: str | None = None, *, limited: bool = True
    ) -> Any:
        """Decide a command and return the state of its aggregate after the commit.

        Raises the rule's Refused; Overloaded when too much waits. With a `command_id` that was
        used before, nothing is decided and the present state is returned.
        """
        if limited and self.writer.worker.waiting > self._queue_max:
            raise Overloaded
        pending = Pending(
            command=command,
            id=derived(command_id) if command_id else new_id(),
            once=command_id is not None,
            correlation_id=trace.correlation(),
            traceparent=trace.traceparent(),
        )
        (done,) = await self.submit(Commands([pending]))
        error = done.refused or done.failed
        if error is not None:
            raise error
        return done.state

    async def handle_all(self, commands: Sequence[Command], correlation: str = "") -> int:
        """Decide commands in order; return how many were refused.

        One that fails, by a bug in a rule, raises once all others are decided.
        """
        decided = await self.decide_all(commands, correlation)
        for done in decided:
            if done.failed is not None:
                raise done.failed
        return sum(done.refused is not None for done in decided)

    async def decide_all(
        self, commands: Sequence[Command], correlation: str = ""
    ) -> Sequence[Pending]:
        """Decide commands in order and return what became of each."""
        decided: list[Pending] = []
        for start in range(0, len(commands), COMMANDS_MAX):
            pending = [
                Pending(
                    command=command,
                    id=new_id(),
                    correlation_id=correlation or trace.correlation(),
                    traceparent=trace.traceparent(),
                )
                for command in commands[start : start + COMMANDS_MAX]
            ]
            decided += await self.submit(Commands(pending))
        return decided

    async def read(self, function: Callable[..., T], *args: Any) -> T:
        """Run a query of the service's read tables on its reader thread."""
        result: T = await self.reader.worker.submit((function, args))
        return result

    async def write(self, function: Callable[..., T], *args: Any) -> T:
        """Change tables that are not made of events, on the writer thread."""
        result: T = await self.submit(TableWork(function, args))
        return result

    async def position_of(self, source: str, partition: int) -> int:
        """Return how far the service has come in a source's partition."""
        return await self.read(self.store.position, self.service.name, source, partition)

    @property
    def halted(self) -> str:
        """What has ended by an error, or goes on failing; empty while all is well."""
        return "; ".join(f"{name}: {error}" for name, error in self.troubles.items())

    async def start(self, feeds: Sequence[Feed] = ()) -> None:
        """Begin to write, hear, do effects and follow the calendar."""
        self._loop = asyncio.get_running_loop()
        self.feeds = list(feeds)
        for feed in self.feeds:
            self.spawn(self._hear(feed), f"feed:{feed.source}")
        if self.service.effects:
            self.spawn(self.effects.follow(self), "effects")
        for name, follow in self.service.loops.items():
            self.spawn(follow(self), name)
        self.spawn(self._look_after(), "look")
        self.started = True

    def spawn(self, coroutine: Awaitable[None], name: str) -> None:
        """Run a loop until the service stops; one that ends by an error is shown as halted."""
        HALTED.labels(self.service.name, name).set(0)
        self._tasks.append(asyncio.create_task(self._guard(coroutine, name), name=name))

    async def stop(self) -> None:
        """Finish what has begun, hand back what has not, close (P40)."""
        self.stopping = True
        for feed in self.feeds:
            await feed.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self.writer.worker.stop)
        await asyncio.to_thread(self.reader.worker.stop)
        self.store.engine.dispose()
        self.read_store.engine.dispose()

    async def consume(self, feed: Feed) -> None:
        """Take one page of a feed, and what came with it, through the writer."""
        page = await feed.next()
        pages = [page, *page.beside]
        self._busy += 1
        crash.point("consume.before_store", self.service.name)
        try:
            moved = await self.until_done(lambda: take_all(self, pages), f"feed:{feed.source}")
            crash.point("consume.after_commit", self.service.name)
            self.news.tell(practices_of(pages, moved))
            for one, was_ours in zip(pages, moved, strict=True):
                await feed.done(one, moved=was_ours)
        finally:
            self._busy -= 1
        if page.items:
            last = page.items[-1][1]
            if hasattr(last, "recorded_at"):
                age = (self.clock.now() - last.recorded_at).total_seconds()
                LAG_SECONDS.labels(self.service.name, page.source).set(max(0.0, age))

    async def redrive(self) -> int:
        """Try parked messages again that are due; return how many were tried."""
        return await redrive(self) + await self.effects.redrive(self)

    async def at_rest(self) -> bool:
        """Whether nothing waits, and everything that was said to it has been worked off."""
        if self._busy or self.writer.worker.waiting:
            return False
        for feed in self.feeds:
            if await feed.lag():
                return False
        return True

    async def catch_up(self) -> None:
        """Return once all that others have said by now has been heard."""
        for feed in self.feeds:
            await feed.catch_up()

    async def submit(self, work: Work) -> Any:
        """Put work into the writer's queue and return its answer after the commit."""
        self._busy += 1
        try:
            return await self.writer.worker.submit(work)
        finally:
            self._busy -= 1

    async def until_done(self, step: Callable[[], Awaitable[T]], name: str) -> T:
        """Try a step until it is done: trouble that passes is waited out, and shown if it lasts."""
        tries, wait = 0, 0.1
        while True:
            try:
                result = await step()
            except Broken:
                raise
            except Exception as error:  # noqa: BLE001 - nothing was stored, try again
                tries += 1
                log.warning("loop_retries", loop=name, error=type(error).__name__, tries=tries)
                if tries == SHOWN_TRIES:
                    self._shown(name, error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, WAIT_MAX)
            else:
                self.shows(name, None)
                return result

    def shows(self, name: str, error: Exception | None) -> None:
        """Show that something goes on failing, or works again; the service stays ready (F10)."""
        if error is not None:
            self._shown(name, error)
        elif self.troubles.pop(name, None) is not None:
            HALTED.labels(self.service.name, name).set(0)

    def _shown(self, name: str, error: Exception) -> None:
        self.troubles[name] = str(error) if isinstance(error, Broken) else told(error)
        HALTED.labels(self.service.name, name).set(1)

    def _grown(self, events: Sequence[Envelope]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.wake.notify, events)

    async def _guard(self, coroutine: Awaitable[None], name: str) -> None:
        try:
            await coroutine
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._shown(name, error)
            log.exception("loop_halted", service=self.service.name, loop=name)

    async def _hear(self, feed: Feed) -> None:
        await self.until_done(feed.start, f"feed:{feed.source}")
        wait = 0.1
        while not self.stopping:
            try:
                await give_way(self.doors)
                await self.consume(feed)
                wait = 0.1
            except Broken:
                raise
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - passing trouble: the position stands, try again
                log.warning("feed_retries", source=feed.source, error=type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)

    async def _look_after(self) -> None:
        """Retry what is parked and due, and keep the gauges true."""
        watching = Watching(self)
        while True:
            for look in (self.redrive, *watching.looks):
                try:
                    await look()
                except Exception as error:  # noqa: BLE001 - looking again is the remedy
                    if self.stopping:
                        return
                    log.warning("look_failed", look=look.__name__, error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)
