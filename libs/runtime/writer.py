"""The one writer of a service: takes whatever has queued as its next batch, in one transaction.

`handle`, heard pages, the calendar and redriven messages all come this way. Rules are decided and
read tables folded inside the transaction; the head of the log is taken last (event-log section 2).
"""

import random
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from time import sleep
from typing import Any

import msgspec
import structlog

from libs.events import Envelope, Event
from libs.events.values import Private, SubjectId
from libs.runtime import crash, rows
from libs.runtime.batch import Batch, Recorded, Work
from libs.runtime.clock import Clock
from libs.runtime.metrics import BATCH_EVENTS, RETRIED
from libs.runtime.service import Command, Decider, Service
from libs.runtime.store import Conflict, Store
from libs.runtime.trouble import lasts
from libs.runtime.vault import Vault
from libs.runtime.worker import Job, Worker

log = structlog.get_logger()

BATCH_MAX = 500
CACHED_MAX = 20_000
TRIES_MAX = 20


class Writer:
    """A thread, a bounded queue, a transaction per batch."""

    def __init__(
        self,
        service: Service,
        store: Store,
        vault: Vault,
        clock: Clock,
        project: Callable[[Event, Envelope], Iterable[rows.Change]],
        grown: Callable[[Sequence[Envelope]], None],
    ) -> None:
        self.service = service
        self.store = store
        self.vault = vault
        self.clock = clock
        self.encoder = msgspec.json.Encoder()
        self._project = project
        self._grown = grown
        self._deciders = {
            command: decider for decider in service.deciders for command in decider.commands
        }
        self._decoders = {
            decider.name: msgspec.json.Decoder(_union(decider.events))
            for decider in service.deciders
        }
        self._cache: OrderedDict[str, tuple[int, Any]] = OrderedDict()
        self.worker = Worker(f"writer-{service.name}", self.settle, BATCH_MAX)

    def stream_of(self, command: Command) -> tuple[Decider[Any, Any, Any], str]:
        """Return the decider of a command and the name of the stream that it concerns."""
        decider = self._deciders[type(command)]
        return decider, f"{decider.name}-{decider.key(command)}"

    def cached(self, name: str, decider: Decider[Any, Any, Any]) -> tuple[int, Any]:
        """Return what is known of a stream; what lies behind is read in every batch."""
        found = self._cache.get(name)
        if found is None:
            return 0, decider.initial
        self._cache.move_to_end(name)
        return found

    def decode_own(self, decider: Decider[Any, Any, Any], data: bytes) -> Event:
        """Return a stored event of one of the service's own streams."""
        event: Event = self._decoders[decider.name].decode(data)
        return event

    def settle(self, jobs: Sequence[Job], *, again: bool = False) -> None:
        """Do the work of all jobs in one transaction; each has its answer after the commit.

        One piece of work may spoil a batch; alone, each gets its own answer. A database that is
        away fails them together: one after the other, they would wait for it by the minute.
        """
        try:
            self._write_until_done([job.task for job in jobs])
        except Exception as error:
            if len(jobs) > 1 and lasts(error):
                for job in jobs:
                    self.settle([job])
            elif len(jobs) > 1 and not again:
                self.settle(jobs, again=True)  # a connection that was cut costs nobody an answer
            else:
                log.exception("batch_failed", service=self.service.name, error=type(error).__name__)
                for job in jobs:
                    job.error = error
            return
        for job in jobs:
            job.result = job.task.answer()

    def _write_until_done(self, work: Sequence[Work]) -> None:
        last: Conflict | None = None
        for attempt in range(TRIES_MAX):
            try:
                batch = self._write(work)
            except Conflict as lost:
                last = lost
                self._cache.clear()
                RETRIED.labels(self.service.name).inc()
                sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))  # noqa: S311 - jitter
                continue
            self._remember(batch)
            if batch.new:
                self._grown(batch.recorded)
                crash.point("append.before_answer", self.service.name)
            return
        raise Conflict("The streams kept moving; nothing was written.") from last

    def _write(self, work: Sequence[Work]) -> Batch:
        with self.store.writing() as db:
            batch = Batch(self, db)
            pending = [p for one in work for p in one.prepare(batch)]
            self.vault.ensure(_subjects(p.command for p in pending))
            batch.load(pending)
            for one in work:
                one.decide(batch)
            for recorded in batch.new:
                batch.changes += self._project(self._seen(recorded), recorded.envelope)
            rows.write(db, batch.changes)
            if batch.new:
                crash.point("append.before_head", self.service.name)
                batch.record()
                crash.point("append.before_commit", self.service.name)
        if batch.new:
            crash.point("append.after_commit", self.service.name)
        BATCH_EVENTS.labels(self.service.name).observe(len(batch.new))
        return batch

    def _seen(self, recorded: Recorded) -> Event:
        """Return an own event as its projections may see it: live and rebuild alike."""
        shown = type(recorded.event) in self.service.shows
        return recorded.event if shown else recorded.closed

    def _remember(self, batch: Batch) -> None:
        for name, stream in batch.streams.items():
            self._cache[name] = (stream.version, stream.state)
            self._cache.move_to_end(name)
        while len(self._cache) > CACHED_MAX:
            self._cache.popitem(last=False)


def _union(classes: Sequence[type]) -> Any:
    union: Any = classes[0]
    for one in classes[1:]:
        union = union | one
    return union


def _subjects(commands: Iterable[Command]) -> set[SubjectId]:
    """Return the subjects of all personal data in commands, so that their keys are made at once."""
    found = set()
    for command in commands:
        for part in fields(command):
            value = getattr(command, part.name)
            if isinstance(value, Private) and value.value is not None:
                found.add(value.subject)
    return found
