"""Work outside the database: follows the log from a checkpoint of its own, at least once.

What an effect returns is handled in the transaction that moves the checkpoint, so a letter may be
rendered twice but is recorded once. An effect that keeps failing is parked and holds up nobody.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from sqlalchemy import Connection

from libs.events import Envelope, Event
from libs.runtime import crash
from libs.runtime.batch import Batch, Pending
from libs.runtime.courtesy import give_way
from libs.runtime.hearing import Heard, Hearing
from libs.runtime.ids import derived
from libs.runtime.metrics import EFFECTS
from libs.runtime.service import Effect, Service
from libs.runtime.store import Store
from libs.runtime.trouble import lasts
from libs.runtime.vault import Vault

if TYPE_CHECKING:
    from libs.runtime.host import Host

log = structlog.get_logger()

PAGE_EVENTS = 32
AT_ONCE = 2
TRIES = 3
IDLE_SECONDS = 0.5
DONE_LATER = 1.0
"""Seconds for which a page of effects gives way to callers."""
CONSUMER = "effects"


class EffectsWork:
    """A page of effects done: moves the checkpoint, decides what they returned."""

    def __init__(
        self, hearing: Hearing, after: int, upto: int, items: Sequence[Heard], now: datetime
    ) -> None:
        self._hearing = hearing
        self._after = after
        self._upto = upto
        self._items = items
        self._now = now
        self._moved = False

    def prepare(self, batch: Batch) -> Sequence[Pending]:
        store = self._hearing.store
        place = CONSUMER, self._hearing.service.name, 0, self._after, self._upto
        self._moved = store.move(batch.db, *place, store.mark(batch.db, self._upto))
        return [p for item in self._items for p in _commands(item)] if self._moved else []

    def decide(self, batch: Batch) -> None:
        if not self._moved:
            return
        for item in self._items:
            _settle(batch, self._hearing, item, self._now)

    def answer(self) -> bool:
        return self._moved


class RedrivenEffect:
    """A parked effect that was tried again: worked off, or parked for longer."""

    def __init__(self, hearing: Hearing, item: Heard, now: datetime) -> None:
        self._hearing = hearing
        self._item = item
        self._now = now

    def prepare(self, batch: Batch) -> Sequence[Pending]:  # noqa: ARG002 - nothing is read
        return _commands(self._item)

    def decide(self, batch: Batch) -> None:
        if self._hearing.unpark(batch.db, self._item, CONSUMER):
            _settle(batch, self._hearing, self._item, self._now)

    def answer(self) -> None:
        return None


def _commands(item: Heard) -> Sequence[Pending]:
    return () if item.error else item.commands


def _settle(batch: Batch, hearing: Hearing, item: Heard, now: datetime) -> None:
    """Decide what an effect returned, or park it; the item stays as it is for another try."""
    why = item.error or batch.together(item.commands)
    if why is not None:
        hearing.park(batch.db, replace(item, error=why), now, consumer=CONSUMER)


class Effects:
    """Decodes and runs the effects of one service."""

    def __init__(self, service: Service, vault: Vault) -> None:
        self._service = service
        self._vault = vault
        self._decoders = {kind.__name__: msgspec.json.Decoder(kind) for kind in service.effects}
        self._room = asyncio.Semaphore(AT_ONCE)
        for name, end in itertools.product(self._decoders, ("done", "failed", "parked")):
            EFFECTS.labels(service.name, name, end)  # shown before the first, which is an increase

    @property
    def types(self) -> Sequence[str]:
        """Names of the events that have an effect."""
        return sorted(self._decoders)

    async def follow(self, host: "Host") -> None:
        """Do the effects of what is recorded, in pages, for ever."""
        grown = host.wake.listen()
        at = await host.until_done(lambda: self._position(host), CONSUMER)
        while True:
            grown.clear()
            await give_way(host.doors, DONE_LATER)
            upto = await self.step(host, at)
            if upto == at:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(grown.wait(), IDLE_SECONDS)
            at = upto

    async def step(self, host: "Host", at: int) -> int:
        """Do the page behind a position; return where the checkpoint stands then."""
        read = partial(host.read, host.store.read, at, PAGE_EVENTS, self.types)
        found, upto = await host.until_done(read, CONSUMER)
        if upto == at:
            return at
        items = await self.run(found)
        record = partial(self._record, host, at, upto, items)
        if await host.until_done(record, CONSUMER):
            crash.point("effect.after_record", self._service.name)
            return upto
        return await host.until_done(lambda: self._position(host), CONSUMER)

    async def _position(self, host: "Host") -> int:
        return await host.read(host.store.position, CONSUMER, self._service.name)

    async def _record(self, host: "Host", at: int, upto: int, items: Sequence[Heard]) -> bool:
        """Store what a page's effects returned; an item that spoils the page is parked alone."""

        async def store(after: int, upto: int, items: Sequence[Heard]) -> bool:
            work = EffectsWork(host.hearing, after, upto, items, host.clock.now())
            moved: bool = await host.submit(work)
            return moved

        try:
            return await store(at, upto, items)
        except Exception as error:
            if not lasts(error) or not items:
                raise
        for item in items:
            try:
                moved = await store(at, item.seq, [item])
            except Exception as error:
                if not lasts(error):
                    raise
                moved = await store(at, item.seq, [replace(item, error=error)])
            if not moved:
                return False
            at = item.seq
        return at == upto or await store(at, upto, [])

    async def redrive(self, host: "Host") -> int:
        """Try parked effects again that are due; return how many were tried."""
        due = await host.read(host.hearing.due, CONSUMER, host.clock.now())
        for item in due:
            (again,) = await self.run([item.envelope])
            again.attempts, again.first_error = item.attempts, item.first_error
            try:
                await host.submit(RedrivenEffect(host.hearing, again, host.clock.now()))
            except Exception as error:
                if not lasts(error):
                    raise
                again.error = error
                await host.submit(RedrivenEffect(host.hearing, again, host.clock.now()))
        return len(due)

    async def at_rest(self, host: "Host") -> bool:
        """Whether all effects of what is recorded are done or parked."""
        return not self.types or await host.read(self._caught_up, host.store)

    def _caught_up(self, db: Connection, store: Store) -> bool:
        return store.position(db, CONSUMER, self._service.name) >= store.head(db)

    async def run(self, envelopes: Sequence[Envelope]) -> list[Heard]:
        """Do the work of a page, some of it at once; failures stay on their items."""
        return list(await asyncio.gather(*(self._one(envelope) for envelope in envelopes)))

    async def _one(self, envelope: Envelope) -> Heard:
        item = Heard(seq=envelope.position, source=envelope.source, envelope=envelope)
        async with self._room:
            for attempt in range(1, TRIES + 1):
                item.error = None
                try:
                    await self._do(item)
                except Exception as error:  # noqa: BLE001 - parked with its error after the last try
                    item.error = error
                    EFFECTS.labels(self._service.name, envelope.type, "failed").inc()
                    log.warning(
                        "effect_failed", type=envelope.type, event_id=envelope.id, attempt=attempt
                    )
                    await asyncio.sleep(0.05 * 4**attempt)
                else:
                    EFFECTS.labels(self._service.name, envelope.type, "done").inc()
                    return item
        EFFECTS.labels(self._service.name, envelope.type, "parked").inc()
        return item

    async def _do(self, item: Heard) -> None:
        envelope = item.envelope
        event: Event = self._decoders[envelope.type].decode(envelope.data)
        if type(event) in self._service.opens:
            event = await asyncio.to_thread(self._vault.open_event, event, envelope.id)
        effect: Effect = self._service.effects[type(event)]
        crash.point("effect.before", self._service.name)
        made: Any = await effect(event, envelope)
        crash.point("effect.before_record", self._service.name)
        commands = [] if made is None else made if isinstance(made, list | tuple) else [made]
        item.commands = [
            Pending(
                command=command,
                id=derived(envelope.id, self._service.name, "effect", str(index)),
                correlation_id=envelope.correlation_id,
                causation_id=envelope.id,
                traceparent=envelope.traceparent,
            )
            for index, command in enumerate(commands)
        ]
