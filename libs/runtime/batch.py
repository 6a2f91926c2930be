"""A transaction under way: commands decided on what is stored and on each other."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from libs.events import Envelope, Event, Refused
from libs.events.values import EventId
from libs.runtime import rows
from libs.runtime.ids import derived
from libs.runtime.metrics import COMMANDS
from libs.runtime.service import Command, Decider

if TYPE_CHECKING:
    from libs.runtime.writer import Writer


EVENT_BYTES_MAX = 7_500_000
"""With its headers it fits a record of the broker; one that does not would stop all behind it."""


class TooLarge(Exception):
    """An event that no broker would take is not recorded: its command fails, or is parked."""


@dataclass(kw_only=True)
class Pending:
    """A command on its way: what it came from, and what became of it."""

    command: Command
    id: str
    once: bool = False
    """Whether the id may have been used before, so that its events must be looked for."""
    correlation_id: str
    causation_id: str = ""
    traceparent: str = ""
    state: Any = None
    refused: Refused | None = None
    failed: Exception | None = None


class Work(Protocol):
    """What a caller wants done in one transaction.

    A batch that lost a race is rolled back and done again: both methods start afresh each time.
    """

    def prepare(self, batch: "Batch") -> Sequence[Pending]:
        """Read what is needed and return the commands, so that all streams load in one query."""

    def decide(self, batch: "Batch") -> None:
        """Decide the commands, put row changes."""

    def answer(self) -> Any:
        """Return what the caller gets after the commit."""


class Commands:
    """Commands of HTTP, calendar and effects: each stands for itself."""

    def __init__(self, pending: Sequence[Pending]) -> None:
        self.pending = pending
        self._tried = False

    def prepare(self, batch: "Batch") -> Sequence[Pending]:  # noqa: ARG002 - nothing is read
        for one in self.pending:
            one.once = one.once or self._tried  # a commit may have come through unheard (F28)
        self._tried = True
        return self.pending

    def decide(self, batch: "Batch") -> None:
        once = {derived(p.id, "0") for p in self.pending if p.once}
        known = batch.known(once) if once else set()
        for one in self.pending:
            if one.once and derived(one.id, "0") in known:
                one.state = batch.state_of(one.command)
            else:
                batch.apply(one)

    def answer(self) -> Sequence[Pending]:
        return self.pending


class TableWork:
    """A change of tables that are not made of events: sessions, tokens, failed logins."""

    def __init__(self, function: Callable[..., Any], args: Sequence[Any]) -> None:
        self._function = function
        self._args = args
        self._result: Any = None

    def prepare(self, batch: "Batch") -> Sequence[Pending]:
        self._result = self._function(batch.db, *self._args)
        return []

    def decide(self, batch: "Batch") -> None:
        """Nothing is decided."""

    def answer(self) -> Any:
        return self._result


@dataclass(frozen=True)
class Recorded:
    """A new event: as decided, as stored (private fields closed), and its envelope."""

    event: Event
    closed: Event
    envelope: Envelope


@dataclass
class _Stream:
    decider: Decider[Any, Any, Any]
    state: Any
    version: int
    new: int = 0


class Batch:
    """One transaction under way."""

    def __init__(self, writer: "Writer", db: Connection) -> None:
        self.db = db
        self.changes: list[rows.Change] = []
        self.new: list[Recorded] = []
        self.recorded: list[Envelope] = []
        self.streams: dict[str, _Stream] = {}
        self._writer = writer

    def known(self, event_ids: Iterable[str]) -> set[str]:
        """Return which of these events were recorded before, in the log or in this batch."""
        wanted = set(event_ids)
        here = {r.envelope.id for r in self.new} & wanted
        return here | self._writer.store.known(self.db, list(wanted))

    def state_of(self, command: Command) -> Any:
        """Return the state that a command would be decided on."""
        return self.streams[self._writer.stream_of(command)[1]].state

    def load(self, pending: Iterable[Pending]) -> None:
        """Read the streams that these commands touch and the batch has not yet, in one query."""
        wanted: dict[str, _Stream] = {}
        for one in pending:
            decider, name = self._writer.stream_of(one.command)
            if name not in self.streams and name not in wanted:
                version, state = self._writer.cached(name, decider)
                wanted[name] = _Stream(decider, state, version)
        if not wanted:
            return
        tails = self._writer.store.tails(self.db, {n: s.version for n, s in wanted.items()})
        for row in tails:
            stream = wanted[row.stream]
            event = self._writer.decode_own(stream.decider, row.data)
            stream.state = stream.decider.evolve(stream.state, event)
            stream.version = row.version
        self.streams |= wanted

    def together(self, commands: Sequence[Pending]) -> Exception | None:
        """Decide commands that stand or fall together; return why they fell, nothing kept then."""
        self.load(commands)
        count = len(self.new)
        before = {
            name: (stream.state, stream.version)
            for name in {self._writer.stream_of(p.command)[1] for p in commands}
            if (stream := self.streams[name])
        }
        for one in commands:
            self.apply(one)
            why = one.refused or one.failed
            if why is not None:
                del self.new[count:]
                for name, (state, version) in before.items():
                    self.streams[name].state, self.streams[name].version = state, version
                return why
        return None

    def apply(self, pending: Pending) -> None:
        """Decide one command on what is stored and what the batch has decided before it."""
        pending.refused = pending.failed = None
        COMMANDS.labels(self._writer.service.name, type(pending.command).__name__).inc()
        decider, name = self._writer.stream_of(pending.command)
        stream = self.streams[name]
        try:
            events = decider.decide(stream.state, pending.command)
            tenant = decider.tenant(pending.command)
            state, version, made = stream.state, stream.version, []
            for index, event in enumerate(events):
                version += 1
                event_id = EventId(derived(pending.id, str(index)))
                closed = self._writer.vault.seal(event, event_id)
                envelope = self._envelope(pending, closed, event_id, name, version, tenant)
                made.append(Recorded(event, closed, envelope))
                state = decider.evolve(state, closed)
        except Refused as refused:
            pending.refused = refused
            pending.state = stream.state
            return
        except SQLAlchemyError:
            raise  # the key store is away, which no rule can help: all of it is tried again (F47)
        except Exception as error:  # noqa: BLE001 - a bug in a rule fails its command alone
            pending.failed = error
            return
        stream.state, stream.version = state, version
        pending.state = state
        self.new += made

    def record(self) -> None:
        """Append what was decided to the log; what it recorded has its positions then."""
        new = [one.envelope for one in self.new]
        first = self._writer.store.append(self.db, new) - len(new) + 1
        self.recorded = [replace(event, position=first + n) for n, event in enumerate(new)]

    def _envelope(
        self,
        pending: Pending,
        event: Event,
        event_id: EventId,
        stream: str,
        version: int,
        tenant: Any,
    ) -> Envelope:
        data = self._writer.encoder.encode(event)
        if len(data) > EVENT_BYTES_MAX:
            raise TooLarge(f"{type(event).__name__} of {len(data)} bytes")
        return Envelope(
            id=event_id,
            source=self._writer.store.service,
            type=type(event).__name__,
            stream=stream,
            version=version,
            tenant=tenant,
            position=0,
            recorded_at=self._writer.clock.now(),
            correlation_id=pending.correlation_id,
            causation_id=pending.causation_id or pending.id,
            traceparent=pending.traceparent,
            data=data,
        )
