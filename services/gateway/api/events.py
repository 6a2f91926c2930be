"""The feed of a practice: everything that became of its invoices, from a cursor on."""

import asyncio
from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from libs.events.values import PracticeId
from libs.runtime.admission import away
from libs.runtime.cursors import cursor, place
from libs.runtime.host import Host
from libs.runtime.web import Problem, Running
from services.gateway import feed
from services.gateway.api import feed_models
from services.gateway.api.feed_models import FeedPage, TypeName
from services.gateway.api.models import PROBLEMS
from services.gateway.auth import Practice, needs
from services.gateway.door import Door, InDoor

router = APIRouter(prefix="/v1/events", tags=["events"], responses=PROBLEMS)

WAIT_SECONDS_MAX = 25
"""Proxies give up connections that are silent for half a minute."""
LOOK_SECONDS = 2
"""How often one who waits looks by itself: another instance may have heard what it waits for."""

ANSWER: dict[int | str, Any] = {
    200: {"content": {"application/json": {"example": feed_models.EXAMPLE}}}
}


@router.get("", dependencies=[needs("events:read")], response_model=FeedPage, responses=ANSWER)
async def events(
    request: Request,
    door: InDoor,
    practice: Practice,
    running: Running,
    after: Annotated[
        str,
        Query(alias="cursor", description="next_cursor of the page before; none: the beginning."),
    ] = "",
    types: Annotated[
        list[TypeName],
        Query(alias="type", max_length=50, description="Only these; may be several."),
    ] = [],  # noqa: B006 - FastAPI copies it
    wait: Annotated[
        int, Query(ge=0, le=WAIT_SECONDS_MAX, description="Seconds to wait if there is nothing.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    """Return what became of the practice's invoices, oldest first, without gaps.

    Cursors never end: events are kept for ten years, and a cursor leads on from where it stands
    however old it is. With `wait` an empty answer is put off until something happens.
    """
    start = place_of(after)
    asked = practice, start, frozenset(types), limit
    found = await door.read(feed.page, *asked)
    if wait and not found.facts and not found.more:
        found = await _waited(request, door, running, asked, wait)
    body = {
        "items": [one.shown for one in found.facts],
        "next_cursor": cursor(dict(sorted(found.place.items()))),
        "more": found.more,
    }
    return Response(feed_models.written(body), media_type="application/json")


async def _waited(
    request: Request,
    door: Door,
    running: Host,
    asked: tuple[PracticeId, feed.Place, Collection[str], int],
    seconds: int,
) -> feed.Page:
    """Return the first page with something in it, or an empty one when the time is over.

    Waiting holds no thread and no place among the requests that are worked on.
    """
    practice, place, types, limit = asked
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    with running.news.listen(practice) as ear:
        while True:
            found = await door.read(feed.page, practice, place, types, limit)
            left = until - clock()
            if found.facts or found.more or left <= 0 or running.stopping:
                return found
            place = found.place
            with away(request):
                await ear.wait(min(left, LOOK_SECONDS))


def place_of(given: str) -> feed.Place:
    """Return the place that a cursor names; a 400 problem for what is none."""
    found = place(given, dict[str, int]) if given else {}
    good = all(0 <= position <= feed.POSITION_MAX for position in found.values())
    if not good or not set(found) <= set(feed.SOURCES):
        raise Problem(400, "invalid_cursor", "Use next_cursor of the page before.")
    return found
