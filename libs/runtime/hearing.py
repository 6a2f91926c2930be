"""What a service does with what it hears: one page, one transaction (event-log section 2).

The position, the commands that follow, the read rows and what had to be parked are stored
together or not at all. While a message is parked, later ones of its stream park behind it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from libs.events import PUBLIC, SAID_BY, Envelope, Event
from libs.runtime import crash
from libs.runtime.batch import Batch, Pending
from libs.runtime.ids import derived
from libs.runtime.metrics import HEARD, PARKED
from libs.runtime.rows import INSERT, Change
from libs.runtime.service import Service, heard
from libs.runtime.store import Store
from libs.runtime.tables import PARKED as TABLE
from libs.runtime.trouble import Damaged, told
from libs.runtime.vault import Vault, subjects_of

log = structlog.get_logger()

RETRY_FIRST = timedelta(seconds=30)
RETRY_LAST = timedelta(hours=6)
WAITING = TABLE.c.discarded_at.is_(None)
"""What was discarded stays in the table, so that a rebuild knows to leave it out; nothing waits."""
_ENVELOPE = msgspec.msgpack.Decoder(Envelope)
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in PUBLIC.items()}


@dataclass(kw_only=True)
class Heard:
    """One message on its way through a page."""

    seq: int
    source: str
    envelope: Envelope
    event: Event | None = None
    """As reactions see it: personal fields opened where the service declares it."""
    seen: Event | None = None
    """As projections see it."""
    commands: list[Pending] = field(default_factory=list)
    error: Exception | None = None
    attempts: int = 0
    first_error: str = ""
    parked_at: str = ""
    """When it failed first, if it was parked before."""

    @property
    def key(self) -> str:
        """What is held up with it: the stream, in its service."""
        return f"{self.source}/{self.envelope.stream}"


class Hearing:
    """Decodes, reacts, projects and parks for one service."""

    def __init__(self, service: Service, store: Store, vault: Vault) -> None:
        self.service = service
        self.store = store
        self.vault = vault
        self._projections = defaultdict(list)
        for projection in service.projections:
            for kind in heard(projection):
                self._projections[kind].append(projection)
        own = {kind for decider in service.deciders for kind in decider.events}
        self._own = {
            kind.__name__: msgspec.json.Decoder(kind) for kind in own & set(self._projections)
        }

    @property
    def types(self) -> frozenset[type[Event]]:
        """Public events of others (or of its own that it reacts to) which it listens to."""
        projected = {
            kind
            for kind in self._projections
            if kind.__name__ in PUBLIC and not kind.__module__.endswith(f".{self.service.name}")
        }
        return frozenset(projected | set(self.service.reactions))

    def project(self, event: Event, envelope: Envelope) -> list[Change]:
        """Return what an event means for the read tables."""
        return [
            change
            for projection in self._projections.get(type(event), ())
            for change in projection(event, envelope)
        ]

    @property
    def own_types(self) -> frozenset[str]:
        """Names of what its projections listen to in its own log."""
        return frozenset(self._own)

    def shown_types(self, source: str) -> frozenset[str]:
        """Names of what its projections listen to in another's log."""
        kinds = self.types & set(self._projections)
        return frozenset(kind.__name__ for kind in kinds if SAID_BY[kind.__name__] == source)

    def seen(self, page: Sequence[Envelope], *, own: bool) -> Iterator[tuple[Event, Envelope]]:
        """Return stored events as projections see them, live and again: their keys read at once."""
        decoders = self._own if own else _DECODERS
        events: list[Event] = [decoders[one.type].decode(one.data) for one in page]
        shown = [event for event in events if type(event) in self.service.shows]
        self.vault.look_up(subject for event in shown for subject in subjects_of(event))
        for event, envelope in zip(events, page, strict=True):
            if type(event) in self.service.shows:
                yield self.vault.open_event(event, envelope.id), envelope
            else:
                yield event, envelope

    def _read(self, item: Heard) -> Event:
        """Decode a heard event, for projections and, opened where declared, for reactions."""
        if item.envelope.type not in _DECODERS:
            raise Damaged("not written by a relay of ours")  # tried again, it is what it was (B65)
        event: Event = _DECODERS[item.envelope.type].decode(item.envelope.data)
        item.event = item.seen = event
        if type(event) in self.service.opens | self.service.shows:
            item.event = self.vault.open_event(event, item.envelope.id)
            if type(event) in self.service.shows:
                item.seen = item.event
        return event

    def react(self, db: Connection, items: Sequence[Heard]) -> None:
        """Give each item the commands that follow; an item that fails keeps its error."""
        by_kind: dict[type[Event], list[Heard]] = defaultdict(list)
        for item in items:
            try:
                event = self._read(item)
            except SQLAlchemyError:
                raise  # the key store is away: nothing is wrong with the message (F47)
            except Exception as error:  # noqa: BLE001 - whatever it is, the item is parked with it
                item.error = error
            else:
                by_kind[type(event)].append(item)
        for kind, same in by_kind.items():
            reaction = self.service.reactions.get(kind)
            if reaction is not None:
                self._react(db, reaction, same)

    def _react(self, db: Connection, reaction: Any, items: Sequence[Heard]) -> None:
        function, lookup = reaction if isinstance(reaction, tuple) else (reaction, None)
        found = () if lookup is None else (lookup(db, [item.event for item in items]),)
        for item in items:
            try:
                item.commands = self._pending(function(item.event, *found), item, function)
            except Exception as error:  # noqa: BLE001 - a bug in a reaction parks its message
                item.error = error

    def _pending(self, made: Any, item: Heard, reaction: Callable[..., Any]) -> list[Pending]:
        commands = [] if made is None else made if isinstance(made, list | tuple) else [made]
        envelope = item.envelope
        return [
            Pending(
                command=command,
                id=derived(envelope.id, self.service.name, reaction.__name__, str(index)),
                correlation_id=envelope.correlation_id,
                causation_id=envelope.id,
                traceparent=envelope.traceparent,
            )
            for index, command in enumerate(commands)
        ]

    def decide(
        self, batch: Batch, items: Sequence[Heard], now: datetime, keys: set[str] | None = None
    ) -> None:
        """Decide each item's commands together with its rows, or park it, behind `keys` too.

        What is parked is asked for each time: another instance may have parked it.
        """
        keys = self._parked_keys(batch.db) if keys is None else keys
        for item in items:
            behind = item.key in keys
            if not behind and item.error is None:
                changes: list[Change] = []
                try:
                    changes = self.project(item.seen, item.envelope) if item.seen else []
                except Exception as error:  # noqa: BLE001 - a bug in a projection parks its message
                    item.error = error
                else:
                    item.error = batch.together(item.commands)
                if item.error is None:
                    batch.changes += changes
                    continue
            self.park(batch.db, item, now)
            keys.add(item.key)
        HEARD.labels(self.service.name, items[0].source if items else "").inc(len(items))

    def park(self, db: Connection, item: Heard, now: datetime, consumer: str | None = None) -> None:
        """Keep a message that could not be worked off, with its error, and say so.

        One that is heard again stays as it is kept: a stranger's record has no number of its own,
        so after a rebalance it is read again, though it may have been discarded (B65).
        """
        error = told(item.error) if item.error else "waits behind an earlier one"
        wait = wait_after(item.attempts + 1)
        row = {
            "consumer": consumer or self.service.name,
            "event_id": item.envelope.id,
            "key": item.key,
            "source": item.source,
            "seq": item.seq,
            "envelope": msgspec.msgpack.encode(item.envelope),
            "attempts": item.attempts + 1,
            "first_error": item.first_error or error,
            "last_error": error,
            "parked_at": item.parked_at or now.isoformat(),
            "next_retry_at": (now + wait).isoformat(),
        }
        later = {key: row[key] for key in ("attempts", "last_error", "next_retry_at")}
        keys = ["consumer", "event_id"]
        first = INSERT[db.dialect.name](TABLE).values(row)
        again = first.on_conflict_do_update(index_elements=keys, set_=later)
        kept = db.execute(again if item.attempts else first.on_conflict_do_nothing())
        if kept.rowcount and item.error is not None:
            log.error(
                "message_parked",
                event_id=item.envelope.id,
                type=item.envelope.type,
                error=type(item.error).__name__,
            )
        crash.point("parking.before_commit", self.service.name)

    def _parked_keys(self, db: Connection) -> set[str]:
        ours = (TABLE.c.consumer == self.service.name) & WAITING
        return set(db.execute(select(TABLE.c.key).where(ours).distinct()).scalars())

    def unpark(self, db: Connection, item: Heard, consumer: str) -> bool:
        """Take a message out of the parked ones, to be worked off in this transaction.

        False: another instance was first, or it was discarded; nothing may be done with it.
        """
        at = (TABLE.c.consumer == consumer) & (TABLE.c.event_id == item.envelope.id) & WAITING
        taken = db.execute(TABLE.delete().where(at)).rowcount == 1
        crash.point("redrive.before_commit", self.service.name)
        return taken

    def waits(self, db: Connection, item: Heard) -> bool:
        """Whether an earlier message of its stream is parked."""
        earlier = (TABLE.c.key == item.key) & (TABLE.c.seq < item.seq)
        ours = (TABLE.c.consumer == self.service.name) & WAITING
        return db.execute(select(TABLE.c.seq).where(ours, earlier).limit(1)).first() is not None

    def due(
        self, db: Connection, consumer: str, now: datetime, event_id: str | None = None
    ) -> list[Heard]:
        """Return what is parked and due to be tried again, each key from its first message on."""
        ours = (TABLE.c.consumer == consumer) & WAITING
        due = select(TABLE.c.key).where(ours, TABLE.c.next_retry_at <= now.isoformat())
        wanted = select(TABLE).where(ours, TABLE.c.key.in_(due)).order_by(TABLE.c.key, TABLE.c.seq)
        if event_id is not None:
            wanted = select(TABLE).where(ours, TABLE.c.event_id == event_id)
        return [
            Heard(
                seq=row.seq,
                source=row.source,
                envelope=_ENVELOPE.decode(row.envelope),
                attempts=row.attempts,
                first_error=row.first_error,
                parked_at=row.parked_at,
            )
            for row in db.execute(wanted)
        ]

    def count_parked(self, db: Connection) -> int:
        """Return how many messages are parked, and put the number on the metric."""
        count = db.execute(select(func.count()).where(WAITING)).scalar_one()
        PARKED.labels(self.service.name).set(count)
        return int(count)

    def oldest_parked(self, db: Connection) -> datetime | None:
        """Return since when the longest parked message waits."""
        first = db.execute(select(func.min(TABLE.c.parked_at)).where(WAITING)).scalar()
        return datetime.fromisoformat(first) if first else None


def wait_after(attempts: int) -> timedelta:
    """Return how long a message rests that failed so often."""
    doubled: int = 2 ** min(attempts - 1, 12)
    return min(RETRY_FIRST * doubled, RETRY_LAST)
