"""Webhooks of a practice: added, changed, tried, and what was sent (Standard Webhooks, P25)."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Row

from libs.events.values import PracticeId
from libs.runtime.cursors import cursor, place
from libs.runtime.ids import new_id
from services.gateway import deliveries, feed, webhooks
from services.gateway.api.bodies import described, json_body
from services.gateway.api.ids import is_id
from services.gateway.api.models import PROBLEMS
from services.gateway.api.once import OnceOnly
from services.gateway.api.versions import IfMatch, etag, expected
from services.gateway.api.webhook_models import (
    CHANGE,
    NEW,
    DeliveryItem,
    DeliveryPage,
    WebhookChange,
    WebhookItem,
    WebhookList,
    WebhookRequest,
    WebhookSecret,
)
from services.gateway.auth import Asking, Practice, needs, not_here
from services.gateway.door import Door, InDoor
from services.gateway.webhooks import Wanted

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], responses=PROBLEMS)

NewBody = Annotated[WebhookRequest, Depends(json_body(WebhookRequest))]
ChangeBody = Annotated[WebhookChange, Depends(json_body(WebhookChange))]


@router.post(
    "",
    status_code=201,
    dependencies=[needs("webhooks:write")],
    openapi_extra=described(WebhookRequest, NEW),
    response_model=WebhookSecret,
)
async def add(
    door: InDoor, practice: Practice, who: Asking, once: OnceOnly, body: NewBody
) -> Response:
    """Have events sent to an address, from now on. The secret is shown this once."""

    async def work(command_id: str) -> Response:
        wanted = Wanted(url=body.url, types=body.types, description=body.description)
        made = await webhooks.add(door, practice, who.name, wanted, command_id)
        return await _secret(door, practice, *made, 201)

    return await once(body, work)


@router.get("", dependencies=[needs("webhooks:read")])
async def webhook_list(door: InDoor, practice: Practice) -> WebhookList:
    """List the practice's webhooks."""
    return WebhookList(items=[item(row) for row in await door.read(webhooks.shown, practice)])


@router.get("/{webhook_id}", dependencies=[needs("webhooks:read")])
async def webhook(
    webhook_id: str, door: InDoor, practice: Practice, response: Response
) -> WebhookItem:
    """Return a webhook; its ETag goes into If-Match of a change."""
    found = await _found(door, practice, webhook_id)
    response.headers["ETag"] = etag("webhook", found.version)
    return item(found)


@router.patch(
    "/{webhook_id}",
    dependencies=[needs("webhooks:write")],
    openapi_extra=described(WebhookChange, CHANGE),
)
async def change(
    webhook_id: str,
    door: InDoor,
    practice: Practice,
    who: Asking,
    body: ChangeBody,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookItem:
    """Change a webhook. One that is made active again goes on where it stopped."""
    await _found(door, practice, webhook_id)
    wanted = Wanted(**dict(body), expected_version=expected("webhook", if_match))
    await webhooks.change(door, practice, who.name, webhook_id, wanted)
    row = await webhooks.found(door, practice, webhook_id)
    response.headers["ETag"] = etag("webhook", row.version)
    return item(row)


@router.delete("/{webhook_id}", status_code=204, dependencies=[needs("webhooks:write")])
async def remove(webhook_id: str, door: InDoor, practice: Practice, who: Asking) -> None:
    """Send nothing more to an address."""
    await _found(door, practice, webhook_id)
    await webhooks.remove(door, practice, who.name, webhook_id)


@router.post(
    "/{webhook_id}/secret",
    status_code=201,
    dependencies=[needs("webhooks:rotate")],
    response_model=WebhookSecret,
)
async def rotate(
    webhook_id: str, door: InDoor, practice: Practice, who: Asking, once: OnceOnly
) -> Response:
    """Give a webhook a new secret. For a day messages carry the old one's signature too."""
    found = await _found(door, practice, webhook_id)

    async def work(command_id: str) -> Response:
        secret = await webhooks.rotate(door, found, who.name, command_id)
        return await _secret(door, practice, webhook_id, secret, 201)

    return await once(b"", work)


@router.post("/{webhook_id}/test", dependencies=[needs("webhooks:write")])
async def test(webhook_id: str, door: InDoor, practice: Practice) -> DeliveryItem:
    """Send a message that says nothing, now, and return what came of it."""
    found = await _found(door, practice, webhook_id)
    fact = webhooks.example_fact(found, new_id(), door.parts.clock.now())
    return await _sent(door, found, fact)


@router.get("/{webhook_id}/deliveries", dependencies=[needs("webhooks:read")])
async def delivery_list(
    webhook_id: str,
    door: InDoor,
    practice: Practice,
    after: Annotated[str | None, Query(alias="cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryPage:
    """List what was sent in the last thirty days, newest first."""
    await _found(door, practice, webhook_id)
    start = place(after, tuple[datetime, str]) if after else None
    rows = await door.read(deliveries.newest, webhook_id, start, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return DeliveryPage(
        items=[delivery(row) for row in rows[:limit]],
        next_cursor=cursor((last.at, last.delivery_id)) if last else None,
    )


@router.post("/{webhook_id}/deliveries/{event_id}", dependencies=[needs("webhooks:write")])
async def redeliver(
    webhook_id: str, event_id: str, door: InDoor, practice: Practice
) -> DeliveryItem:
    """Send an event once more, now, under the same webhook-id; its order is left as it is."""
    found = await _found(door, practice, webhook_id)
    fact = await door.read(feed.one, practice, event_id) if is_id(event_id) else None
    if fact is None:
        raise not_here()
    return await _sent(door, found, fact)


async def _found(door: Door, practice: PracticeId, webhook_id: str) -> Row[Any]:
    if not is_id(webhook_id):
        raise not_here()
    return await webhooks.found(door, practice, webhook_id)


async def _sent(door: Door, row: Row[Any], fact: feed.Fact) -> DeliveryItem:
    outcome, at = await webhooks.sent(door, row, fact)
    return DeliveryItem(event_id=fact.id, type=fact.type, at=at, tries=0, **vars(outcome))


async def _secret(
    door: Door, practice: Practice, webhook_id: str, secret: str, status: int
) -> Response:
    row = await webhooks.found(door, practice, webhook_id)
    body = WebhookSecret(**item(row).model_dump(), secret=secret).model_dump_json()
    headers = {"Location": f"/v1/webhooks/{webhook_id}", "ETag": etag("webhook", row.version)}
    return Response(body, status, headers, media_type="application/json")


def item(row: Row[Any]) -> WebhookItem:
    """Return a webhook as REST shows it."""
    same = ("webhook_id", "url", "description", "active", "disabled", "failing_since")
    known = {name: getattr(row, name) for name in (*same, "next_try_at", "added_at", "version")}
    return WebhookItem(**known, types=webhooks.types_of(row), old_secret_until=row.old_until)


def delivery(row: Row[Any]) -> DeliveryItem:
    """Return a try as REST shows it."""
    return DeliveryItem(**{name: getattr(row, name) for name in DeliveryItem.model_fields})
