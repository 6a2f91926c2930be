"""Parked messages in an operator's hands: list, show, retry, discard. Each act is logged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, select

from libs.events import Envelope
from libs.runtime.hearing import WAITING
from libs.runtime.tables import PARKED

log = structlog.get_logger()


class NotParked(Exception):
    """No message with this event id is parked."""


def listed(db: Connection, *, discarded: bool = False) -> Sequence[dict[str, Any]]:
    """Return all parked messages, first the ones that hold up others, without their content.

    What was given up is listed too where it is asked for.
    """
    wanted = select(
        PARKED.c.consumer,
        PARKED.c.event_id,
        PARKED.c.key,
        PARKED.c.source,
        PARKED.c.attempts,
        PARKED.c.first_error,
        PARKED.c.last_error,
        PARKED.c.parked_at,
        PARKED.c.next_retry_at,
        PARKED.c.discarded_at,
        PARKED.c.discard_reason,
    ).order_by(PARKED.c.key, PARKED.c.seq)
    if not discarded:
        wanted = wanted.where(WAITING)
    return [dict(row) for row in db.execute(wanted).mappings()]


def show(db: Connection, event_id: str) -> dict[str, Any]:
    """Return one parked message with its envelope; personal fields are sealed in it."""
    found = db.execute(select(PARKED).where(PARKED.c.event_id == event_id)).mappings().first()
    if found is None:
        raise NotParked(event_id)
    row = dict(found)
    event = msgspec.msgpack.decode(row.pop("envelope"), type=Envelope)
    shown: dict[str, Any] = msgspec.to_builtins(event) | {
        "data": event.data.decode("utf-8", "replace")
    }
    return row | {"envelope": shown}


def retry(db: Connection, event_id: str | None, now: datetime) -> int:
    """Make one message, or all, due at once; the running service tries them within seconds."""
    change = PARKED.update().values(next_retry_at=now.isoformat()).where(WAITING)
    if event_id is not None:
        change = change.where(PARKED.c.event_id == event_id)
    count = db.execute(change).rowcount
    if event_id is not None and not count:
        raise NotParked(event_id)
    log.warning("parked_retry_asked", event_id=event_id or "all", count=count)
    return count


def discard(db: Connection, event_id: str, reason: str, now: datetime) -> None:
    """Give up on a message for ever; later ones of its stream go on. The reason is logged.

    The row stays, so that whoever makes read tables again or proves them leaves the message out.
    """
    given_up = PARKED.update().where(PARKED.c.event_id == event_id, WAITING)
    done = db.execute(given_up.values(discarded_at=now.isoformat(), discard_reason=reason))
    if not done.rowcount:
        raise NotParked(event_id)
    log.warning("parked_discarded", event_id=event_id, reason=reason)
