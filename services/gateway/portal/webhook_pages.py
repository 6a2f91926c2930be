"""Webhooks: where what becomes of invoices is said, what was sent, and what to do about it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Row

from libs.events import SAID_BY
from libs.runtime.ids import derived, new_id
from libs.runtime.web import Problem
from services.gateway import deliveries, feed, sessions, webhooks
from services.gateway.api.ids import is_id
from services.gateway.auth import not_here
from services.gateway.feed import SOURCES, TYPES
from services.gateway.portal.forms import Sent, Short
from services.gateway.portal.frame import ChangesWebhooks, Page, SeesWebhooks, Visit
from services.gateway.webhooks import Wanted

router = APIRouter(route_class=Page, include_in_schema=False)

LIST = "/webhooks"
KINDS = ("ingest", "invoicing", "dunning", "factoring")
"""The services that speak, in the order in which an invoice comes to them."""
assert set(KINDS) == set(SOURCES), "a service speaks that the page does not name"
SHOWN_MAX = 100
WebhookIn = Annotated[str, Path(max_length=80)]


def kinds_of(types: Sequence[str]) -> list[str]:
    """Return which kinds of events a webhook wants, by who says them; all where none is named."""
    return [one for one in KINDS if not types or any(SAID_BY.get(t) == one for t in types)]


def types_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return the types of some kinds; of all of them none is named, so that new ones come too."""
    if set(kinds) >= set(KINDS):
        return ()
    return tuple(sorted(name for name in TYPES if SAID_BY[name] in kinds))


@router.get(LIST)
async def webhook_list(visit: SeesWebhooks) -> Response:
    """List the practice's webhooks, and ask for another address."""
    return await list_page(visit)


async def list_page(
    visit: Visit, typed: Mapping[str, Any] | None = None, error: str = "", status: int = 200
) -> Response:
    """Return the list and the form; what was typed stays in it."""
    rows = await visit.read(webhooks.shown)
    empty = {"url": "", "description": "", "kinds": list(KINDS), "once": new_id()}
    return await visit.page(
        "webhooks.html",
        "webhooks",
        status,
        rows=[(row, kinds_of(webhooks.types_of(row))) for row in rows],
        kinds=KINDS,
        typed=typed or empty,
        error=error,
    )


@router.post(LIST)
async def add(request: Request, visit: ChangesWebhooks, sent: Short) -> Response:
    """Add a webhook and show its secret, this once; the same form again adds no second one."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    kinds = [one for one in KINDS if sent.text(f"kind_{one}")]
    typed: dict[str, Any] = {
        "url": sent.text("url").strip(),
        "description": sent.text("description", length_max=200),
        "kinds": kinds,
        "once": sent.text("once", length_max=40),
    }
    if not kinds:
        return await list_page(visit, typed, visit.t("webhooks.no_kind"), 422)
    wanted = Wanted(url=typed["url"], types=types_of(kinds), description=typed["description"])
    command_id = derived("form", visit.practice_id, str(typed["once"]))
    try:
        made = await webhooks.add(
            visit.door, visit.session.practice_id, _who(visit), wanted, command_id
        )
    except Problem as problem:
        return await list_page(visit, typed, refusal(visit, problem), problem.status)
    return await one_page(visit, made[0], secret=made[1])


def refusal(visit: Visit, problem: Problem) -> str:
    """Return why an address was not taken, in the reader's language."""
    reason = problem.members.get("reason", problem.code)
    key = f"webhooks.refused.{reason}"
    return visit.t(key if key in visit.t else "webhooks.refused")


@router.get("/webhooks/{webhook_id}")
async def webhook(visit: SeesWebhooks, webhook_id: WebhookIn) -> Response:
    """Show a webhook and what was sent to it."""
    return await one_page(visit, webhook_id)


async def one_page(
    visit: Visit, webhook_id: str, secret: str = "", tried: str = "", *, leaving: bool = False
) -> Response:
    """Return a webhook's page; with a secret that was just made, or the outcome of a try."""
    row = await found(visit, webhook_id)
    sent = await visit.door.read(deliveries.newest, webhook_id, None, SHOWN_MAX)
    return await visit.page(
        "webhook.html",
        "webhooks",
        row=row,
        kinds=kinds_of(webhooks.types_of(row)),
        sent=sent,
        secret=secret,
        tried=tried,
        leaving=leaving,
        outcome=lambda word: outcome_of(visit, word),
    )


def outcome_of(visit: Visit, word: str) -> str:
    """Return what came of a try, in the reader's language."""
    key = f"webhook.outcome.{'forbidden' if word.startswith('forbidden') else word}"
    return visit.t(key if key in visit.t else "webhook.outcome.not_reached")


async def found(visit: Visit, webhook_id: str) -> Row[Any]:
    """Return a webhook of the practice that is shown; 404 if it has no such one."""
    if not is_id(webhook_id):
        raise not_here()
    return await webhooks.found(visit.door, visit.session.practice_id, webhook_id)


@router.post("/webhooks/{webhook_id}/test")
async def test(
    request: Request, visit: ChangesWebhooks, webhook_id: WebhookIn, sent: Short
) -> Response:
    """Send a message that says nothing and show what came of it."""
    row = await _checked(request, visit, webhook_id, sent)
    fact = webhooks.example_fact(row, new_id(), visit.now)
    outcome, _ = await webhooks.sent(visit.door, row, fact)
    return await one_page(visit, webhook_id, tried=outcome.outcome)


@router.post("/webhooks/{webhook_id}/active")
async def set_active(
    request: Request, visit: ChangesWebhooks, webhook_id: WebhookIn, sent: Short
) -> Response:
    """Pause a webhook, or let it go on where it stopped."""
    await _checked(request, visit, webhook_id, sent)
    wanted = Wanted(active=sent.text("active") == "yes")
    await webhooks.change(visit.door, visit.session.practice_id, _who(visit), webhook_id, wanted)
    return RedirectResponse(f"{LIST}/{webhook_id}", 303)


@router.post("/webhooks/{webhook_id}/secret")
async def rotate(
    request: Request, visit: ChangesWebhooks, webhook_id: WebhookIn, sent: Short
) -> Response:
    """Give a webhook a new secret and show it, this once."""
    row = await _checked(request, visit, webhook_id, sent)
    secret = await webhooks.rotate(visit.door, row, _who(visit), new_id())
    return await one_page(visit, webhook_id, secret=secret)


@router.post("/webhooks/{webhook_id}/deliveries/{event_id}")
async def redeliver(
    request: Request,
    visit: ChangesWebhooks,
    webhook_id: WebhookIn,
    event_id: Annotated[str, Path(max_length=80)],
    sent: Short,
) -> Response:
    """Send an event once more."""
    row = await _checked(request, visit, webhook_id, sent)
    fact = await visit.read(feed.one, event_id) if is_id(event_id) else None
    if fact is None:
        raise not_here()
    outcome, _ = await webhooks.sent(visit.door, row, fact)
    return await one_page(visit, webhook_id, tried=outcome.outcome)


@router.get("/webhooks/{webhook_id}/remove")
async def remove_form(visit: ChangesWebhooks, webhook_id: WebhookIn) -> Response:
    """Say what removing does before it is done."""
    return await one_page(visit, webhook_id, leaving=True)


@router.post("/webhooks/{webhook_id}/remove")
async def remove(
    request: Request, visit: ChangesWebhooks, webhook_id: WebhookIn, sent: Short
) -> Response:
    """Send nothing more to an address."""
    await _checked(request, visit, webhook_id, sent)
    await webhooks.remove(visit.door, visit.session.practice_id, _who(visit), webhook_id)
    return RedirectResponse(LIST, 303)


async def _checked(request: Request, visit: Visit, webhook_id: str, sent: Sent) -> Row[Any]:
    """Return the webhook that a form is about, the form being ours."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    return await found(visit, webhook_id)


def _who(visit: Visit) -> str:
    return f"user:{visit.session.user_id}"
