"""What practices do with their webhooks, over REST and in the portal: one way for both."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from libs.events.values import PracticeId
from libs.runtime.ids import derived
from libs.runtime.web import Problem
from services.gateway import calling, deliveries, feed
from services.gateway.access import aware
from services.gateway.addresses import Forbidden, networks
from services.gateway.auth import not_here
from services.gateway.calling import Caller
from services.gateway.decider.webhook import (
    AddWebhook,
    ChangeWebhook,
    RemoveWebhook,
    RotateSecret,
    Webhook,
)
from services.gateway.deliveries import Outcome, places
from services.gateway.door import NAME, Door
from services.gateway.feed import Fact
from services.gateway.tables import webhooks

EACH_MAX = 10
OVERLAP = timedelta(hours=24)
"""How long the secret before stays valid beside a new one (F46)."""

WHY = {
    "malformed": "This is no address of the web.",
    "scheme": "An address begins with https://.",
    "userinfo": "An address holds no user, no password and no fragment.",
    "host": "This address names no host.",
    "unknown_host": "There is no host of this name.",
    "address": "This host is not on the public network.",
}
TEST_TYPE = "webhook.test"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is given of a webhook; None leaves it as it is."""

    url: str | None = None
    types: tuple[str, ...] | None = None
    description: str | None = None
    active: bool | None = None
    expected_version: int | None = None


def caller_of(door: Door) -> Caller:
    """Return what calls addresses, within the door's settings."""
    return Caller(networks(door.parts.settings.webhook_networks))


def shown(db: Connection, practice: PracticeId) -> Sequence[Row[Any]]:
    """Return a practice's webhooks with how each does, the oldest first."""
    return db.execute(_shown(practice).order_by(webhooks.c.added_at, webhooks.c.webhook_id)).all()


def one(db: Connection, practice: PracticeId, webhook_id: str) -> Row[Any] | None:
    """Return a webhook; None if the practice has no such one."""
    return db.execute(_shown(practice).where(webhooks.c.webhook_id == webhook_id)).one_or_none()


def _shown(practice: PracticeId) -> Any:
    columns = places.c.failing_since, places.c.next_try_at
    joined = webhooks.outerjoin(places, places.c.webhook_id == webhooks.c.webhook_id)
    wanted = select(webhooks, *columns).select_from(joined)
    return wanted.where(webhooks.c.practice_id == practice)


async def found(door: Door, practice: PracticeId, webhook_id: str) -> Row[Any]:
    """Return a webhook; 404 if the practice has no such one."""
    row = await door.read(one, practice, webhook_id)
    if row is None:
        raise not_here()
    return row


async def checked(door: Door, url: str) -> None:
    """Raise a 422 problem for an address that must not be called (B59)."""
    try:
        await caller_of(door).check(url)
    except Forbidden as forbidden:
        why = WHY[forbidden.why]
        raise Problem(422, "callback_url_forbidden", why, reason=forbidden.why) from None


async def add(
    door: Door, practice: PracticeId, by: str, wanted: Wanted, command_id: str
) -> tuple[str, str]:
    """Add a webhook that begins with what happens from now on; return its id and its secret."""
    url = wanted.url or ""
    await checked(door, url)
    webhook_id = derived("webhook", command_id)
    there = {row.webhook_id for row in await door.read(shown, practice)}
    if len(there - {webhook_id}) >= EACH_MAX:
        detail = f"A practice has {EACH_MAX} webhooks at most; remove one first."
        raise Problem(409, "too_many_webhooks", detail)
    command = AddWebhook(
        practice_id=practice,
        webhook_id=webhook_id,
        url=url,
        types=wanted.types or (),
        description=wanted.description or "",
        after=tuple(sorted((await door.read(feed.end, practice)).items())),
        at=door.parts.clock.now(),
        by=by,
    )
    await door.parts.handle(NAME, command, command_id)
    return webhook_id, calling.secret_text(door.parts.vault, webhook_id, 1)


async def change(
    door: Door, practice: PracticeId, by: str, webhook_id: str, wanted: Wanted
) -> None:
    """Change a webhook; one that is active again, or elsewhere, begins anew to be tried."""
    if wanted.url is not None:
        await checked(door, wanted.url)
    command = ChangeWebhook(
        practice_id=practice,
        webhook_id=webhook_id,
        at=door.parts.clock.now(),
        by=by,
        **vars(wanted),
    )
    await door.parts.handle(NAME, command)
    if wanted.active or wanted.url is not None:
        await door.write(deliveries.restart, webhook_id, door.parts.clock.now())


async def rotate(door: Door, row: Row[Any], by: str, command_id: str) -> str:
    """Sign with a new secret, with the one before too for a day; return the new one."""
    state = await door.parts.handle(
        NAME,
        RotateSecret(
            practice_id=PracticeId(row.practice_id),
            webhook_id=row.webhook_id,
            number=row.secret_number + 1,
            old_until=door.parts.clock.now() + OVERLAP,
            by=by,
        ),
        command_id,
    )
    assert isinstance(state, Webhook), "what has a new secret is there"
    return calling.secret_text(door.parts.vault, row.webhook_id, state.secret_number)


async def remove(door: Door, practice: PracticeId, by: str, webhook_id: str) -> None:
    """Say nothing more at an address."""
    at = door.parts.clock.now()
    command = RemoveWebhook(practice_id=practice, webhook_id=webhook_id, at=at, by=by)
    await door.parts.handle(NAME, command)
    await door.write(deliveries.forget, webhook_id)


async def sent(door: Door, row: Row[Any], fact: Fact) -> tuple[Outcome, datetime]:
    """Send a message now, as a person asked for; return what came of it, which is noted."""
    now = door.parts.clock.now()
    until = aware(row.old_until, now) if row.old_until else None
    signed = row.webhook_id, row.secret_number, until, now
    secrets = calling.secrets_of(door.parts.vault, *signed)
    body = calling.body_of(fact)
    headers = calling.headers_of(secrets, fact.id, now, body)
    outcome = await caller_of(door).post(row.url, headers, body)
    tried = deliveries.tried(fact, outcome, now, 0)
    await door.write(deliveries.note, row.webhook_id, tried)
    return outcome, now


def example_fact(row: Row[Any], command_id: str, now: datetime) -> Fact:
    """Return a message that says nothing, to try an address with."""
    at = now.isoformat().replace("+00:00", "Z")
    told = {"id": command_id, "type": TEST_TYPE, "recorded_at": at, "webhook_id": row.webhook_id}
    return Fact(source=NAME, position=0, shown=told)


def types_of(row: Row[Any]) -> list[str]:
    """Return which types of events a webhook wants; none: all."""
    found: list[str] = json.loads(row.types)
    return found
