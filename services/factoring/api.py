"""Factoring's internal HTTP interface; only the gateway calls it, and names the practice."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query

from libs.events.values import InvoiceId, PracticeId
from libs.runtime.web import Problem, Read, Today
from services.factoring import queries
from services.factoring.projections import microseconds
from services.factoring.queries import Cursor

Practice = Annotated[PracticeId, Header(alias="X-Practice-Id")]

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
INSTANT_MAX = 2**62
"""No instant is recorded later, and no database is asked for a larger number."""

router = APIRouter()


@router.get("/account")
async def account(practice: Practice, read: Read, today: Today) -> Mapping[str, Any]:
    """Return where the account stands and what may still be advanced; positive is the member's."""
    return await read(queries.account, practice, today)


@router.get("/account/recorded")
async def recorded(
    practice: Practice, read: Read, since: datetime, until: datetime
) -> Mapping[str, int]:
    """Return the member's balance by what was recorded before two instants."""
    instants = microseconds(since.astimezone(UTC)), microseconds(until.astimezone(UTC))
    return await read(queries.recorded, practice, *instants)


@router.get("/account/statement")
async def statement(
    practice: Practice,
    read: Read,
    today: Today,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    cursor: Annotated[str, Query(max_length=120)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Mapping[str, Any]:
    """Return what moved the account on these days, by default in this month until today."""
    until = last or today
    since = first or until.replace(day=1)
    if not FIRST_DAY <= since <= until <= LAST_DAY:
        raise Problem(422, "invalid", "A statement runs from a day to the same or a later one.")
    after = cursor_of(cursor) if cursor else None
    found = await read(queries.statement, practice, since, until, after, limit)
    lines = found["lines"]
    following = None
    if len(lines) == limit:
        end = lines[-1]
        place = (end["on"].isoformat(), end["recorded_us"], end["event_id"], end["balance_rappen"])
        following = ".".join(map(str, place))
    return {**found, "next_cursor": following}


def cursor_of(text: str) -> Cursor:
    """Return where a page ended; raises a 422 problem for what no page said."""
    try:
        on, recorded_us, event_id, balance = text.split(".")
        instant = min(int(recorded_us), INSTANT_MAX)
        return Cursor(date.fromisoformat(on), instant, event_id, int(balance))
    except ValueError:
        raise Problem(422, "invalid", "This cursor was not given by a statement.") from None


@router.get("/claims/{invoice_id}")
async def claim(invoice_id: InvoiceId, practice: Practice, read: Read) -> Mapping[str, Any]:
    """Return a claim with its bookings."""
    found = await read(queries.claim, practice, invoice_id)
    if found is None:
        raise Problem(404, "not_found", "There is no such claim.")
    return found
