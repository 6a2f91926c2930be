"""How far each webhook is, and what became of each try: checkpoints, remembered beside the log.

A message is tried until it is taken, and the next of its webhook only then. Whoever works on a
webhook holds it for a while; a late word of one who held it before is not taken (F9).
"""

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    Row,
    Table,
    Text,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from libs.runtime.ids import new_id
from libs.runtime.rows import INSERT
from services.gateway.access import aware, metadata
from services.gateway.feed import Fact, Place
from services.gateway.tables import webhooks

places = Table(
    "webhook_places",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("place", Text, nullable=False),  # JSON: service to position, behind what was taken
    Column("tries", Integer, nullable=False),  # of the message that is tried now
    Column("failing_since", DateTime(timezone=True), index=True),
    Column("next_try_at", DateTime(timezone=True), index=True),
    Column("held_by", Text, nullable=False),
    Column("held_until", DateTime(timezone=True)),
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("webhook_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False),  # which one this was; 0: asked for by a person
    Column("status", Integer),  # of the answer, if there was one
    Column("outcome", Text, nullable=False),  # delivered, or why not
    Column("took_ms", Integer, nullable=False),
    Index("webhook_deliveries_newest", "webhook_id", "at", "delivery_id"),
)

WAITS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""How long to wait after each failure, the last again and again (P25)."""
JITTER_PERCENT: Final = 10
FAILING_MAX: Final = timedelta(days=3)
HELD: Final = timedelta(seconds=40)
"""Longer than a call may take; whoever died while it held a webhook is followed after this."""
KEPT: Final = timedelta(days=30)
DELIVERED: Final = "delivered"
GONE: Final = 410


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of sending a message."""

    status: int | None
    outcome: str
    """`delivered`, or why not: a word, nothing that the other side wrote."""
    took_ms: int

    @property
    def good(self) -> bool:
        """Whether the other side has taken it."""
        return self.outcome == DELIVERED


@dataclass(frozen=True, kw_only=True)
class Held:
    """A webhook that we may work on, and how far it is."""

    place: Place
    tries: int
    failing_since: datetime | None


def wait_after(webhook_id: str, tries: int) -> timedelta:
    """Return how long to wait after so many failures, so that not all come at one moment."""
    wait = WAITS[min(tries, len(WAITS)) - 1]
    span = 2 * JITTER_PERCENT + 1
    percent = zlib.crc32(f"{webhook_id} {tries}".encode()) % span - JITTER_PERCENT
    return wait + wait * percent // 100


def due(db: Connection, now: datetime, practices: Collection[str] | None) -> Sequence[Row[Any]]:
    """Return active webhooks to look at: of these practices, or all; and what is to be retried."""
    joined = webhooks.outerjoin(places, places.c.webhook_id == webhooks.c.webhook_id)
    ready = or_(places.c.next_try_at.is_(None), places.c.next_try_at <= now)
    wanted = select(webhooks).select_from(joined).where(webhooks.c.active, ready)
    if practices is not None:
        told = webhooks.c.practice_id.in_(sorted(practices))
        left = and_(places.c.held_by != "", places.c.held_until < now)
        wanted = wanted.where(or_(told, places.c.next_try_at <= now, left))
    return db.execute(wanted.order_by(webhooks.c.webhook_id)).all()


def current(db: Connection, webhook_id: str) -> Row[Any] | None:
    """Return a webhook as it is now; None if nothing is sent to it any more."""
    here = and_(webhooks.c.webhook_id == webhook_id, webhooks.c.active)
    return db.execute(select(webhooks).where(here)).one_or_none()


def hold(
    db: Connection, webhook: Row[Any], who: str, now: datetime, *, early: bool = False
) -> Held | None:
    """Take a webhook to work on; None while another has it, or before its next try is due."""
    first = {
        "webhook_id": webhook.webhook_id,
        "place": webhook.after,
        "tries": 0,
        "held_by": "",
    }
    db.execute(INSERT[db.dialect.name](places).values(first).on_conflict_do_nothing())
    free = or_(places.c.held_by.in_(["", who]), places.c.held_until < now)
    ready = or_(places.c.next_try_at.is_(None), places.c.next_try_at <= now)
    here = places.c.webhook_id == webhook.webhook_id
    given = {"held_by": who, "held_until": now + HELD}
    wanted = and_(here, free) if early else and_(here, free, ready)
    if not db.execute(update(places).where(wanted).values(given)).rowcount:
        return None
    row = db.execute(select(places).where(here)).one()
    since = aware(row.failing_since, now) if row.failing_since else None
    return Held(place=json.loads(row.place), tries=row.tries, failing_since=since)


def take_over(db: Connection) -> None:
    """Free what a process held that is dead for certain: there is only one on a data folder."""
    db.execute(update(places).values(held_by="", held_until=None))


def release(db: Connection, webhook_id: str, who: str) -> None:
    """Let others work on a webhook."""
    here = and_(places.c.webhook_id == webhook_id, places.c.held_by == who)
    db.execute(update(places).where(here).values(held_by="", held_until=None))


def move(db: Connection, webhook_id: str, who: str, place: Place, now: datetime) -> bool:
    """Go on behind what was taken, or is not wanted; False where another has the webhook now."""
    here = and_(places.c.webhook_id == webhook_id, places.c.held_by == who)
    given = {
        "place": json.dumps(dict(place), sort_keys=True),
        "tries": 0,
        "failing_since": None,
        "next_try_at": None,
        "held_until": now + HELD,
    }
    return db.execute(update(places).where(here).values(given)).rowcount > 0


def taken(
    db: Connection, webhook_id: str, who: str, place: Place, tried: Mapping[str, Any]
) -> bool:
    """Record that a message was taken, in one with the place behind it."""
    moved = move(db, webhook_id, who, place, tried["at"])
    if moved:
        note(db, webhook_id, tried)
    return moved


def failed(db: Connection, webhook_id: str, who: str, held: Held, tried: Mapping[str, Any]) -> None:
    """Record that a message was not taken, and when it is tried again."""
    at, tries = tried["at"], held.tries + 1
    here = and_(places.c.webhook_id == webhook_id, places.c.held_by == who)
    given = {
        "tries": tries,
        "failing_since": held.failing_since or at,
        "next_try_at": at + wait_after(webhook_id, tries),
        "held_by": "",
        "held_until": None,
    }
    if db.execute(update(places).where(here).values(given)).rowcount:
        note(db, webhook_id, tried)


def tried(fact: Fact, outcome: Outcome, at: datetime, tries: int) -> Mapping[str, Any]:
    """Return what is noted of a try."""
    return {
        "event_id": fact.id,
        "type": fact.type,
        "at": at,
        "tries": tries,
        "status": outcome.status,
        "outcome": outcome.outcome,
        "took_ms": outcome.took_ms,
    }


def note(db: Connection, webhook_id: str, tried: Mapping[str, Any]) -> None:
    """Keep what came of a try, for a month."""
    mine = deliveries.c.webhook_id == webhook_id
    db.execute(delete(deliveries).where(mine, deliveries.c.at < tried["at"] - KEPT))
    row = {"delivery_id": new_id(), "webhook_id": webhook_id, **tried}
    db.execute(deliveries.insert().values(row))


def restart(db: Connection, webhook_id: str, now: datetime) -> None:
    """Forget failures: the practice says that its address works again, or named another.

    The next try is due at once. One that never had a place begins where it was added.
    """
    given = {"tries": 0, "failing_since": None, "next_try_at": now}
    after = select(webhooks.c.webhook_id, webhooks.c.after, literal(0), literal(""))
    names = ["webhook_id", "place", "tries", "held_by"]
    mine = after.where(webhooks.c.webhook_id == webhook_id)
    db.execute(INSERT[db.dialect.name](places).from_select(names, mine).on_conflict_do_nothing())
    db.execute(update(places).where(places.c.webhook_id == webhook_id).values(given))


def forget(db: Connection, webhook_id: str) -> None:
    """Forget a webhook that was removed."""
    for table in (places, deliveries):
        db.execute(delete(table).where(table.c.webhook_id == webhook_id))


def newest(
    db: Connection, webhook_id: str, before: tuple[datetime, str] | None, count: int
) -> Sequence[Row[Any]]:
    """Return what was sent to a webhook, newest first."""
    wanted = select(deliveries).where(deliveries.c.webhook_id == webhook_id)
    if before is not None:
        at, last = before
        same = and_(deliveries.c.at == at, deliveries.c.delivery_id < last)
        wanted = wanted.where(or_(deliveries.c.at < at, same))
    order = deliveries.c.at.desc(), deliveries.c.delivery_id.desc()
    return db.execute(wanted.order_by(*order).limit(count)).all()


def failing(db: Connection) -> tuple[int, datetime | None]:
    """Return how many active webhooks are failing, and since when the first of them is."""
    joined = places.join(webhooks, webhooks.c.webhook_id == places.c.webhook_id)
    counted = select(func.count(), func.min(places.c.failing_since)).select_from(joined)
    row = db.execute(counted.where(webhooks.c.active, places.c.failing_since.is_not(None))).one()
    return row[0], row[1]
