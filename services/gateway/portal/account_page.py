"""The member's account: where it stands, and its statement month by month."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from libs.runtime.web import Problem
from services.gateway.portal import queries
from services.gateway.portal.accounts import Line, account_of, statement_of
from services.gateway.portal.frame import Page, SeesAccount, Visit, html
from services.gateway.portal.sentences import worded

router = APIRouter(route_class=Page, include_in_schema=False)

MONTHS = 13


@router.get("/account")
async def account(
    visit: SeesAccount,
    month: Annotated[str, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] = "",
    cursor: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """Show the account and one month of its statement, this one if none is chosen.

    With a cursor htmx gets the further lines only.
    """
    chosen = month or f"{visit.today:%Y-%m}"
    first, last = month_days(chosen)
    try:
        holds = await account_of(visit)
        statement = await statement_of(visit, first, min(last, max(visit.today, first)), cursor)
    except Problem:
        return await visit.page("account.html", "account", account=None)
    values: dict[str, Any] = {
        "statement": statement,
        "numbers": await numbers(visit, statement.lines),
        "entry": lambda kind: worded("entry", kind, visit.t),
        "more_href": more_href(chosen, statement.next_cursor),
    }
    if cursor and visit.partial:
        return html("account_lines.html", t=visit.t, **values)
    return await visit.page(
        "account.html",
        "account",
        account=holds,
        month=chosen,
        months=months(visit.today),
        begun=bool(cursor),
        **values,
    )


def more_href(month: str, cursor: str | None) -> str | None:
    """Return where the statement goes on; None at its end."""
    return f"/account?{urlencode({'month': month, 'cursor': cursor})}" if cursor else None


async def numbers(visit: Visit, lines: Sequence[Line]) -> Mapping[str, str]:
    """Return the numbers of the invoices that the lines name, as printed."""
    ids = sorted({line.invoice_id for line in lines if line.invoice_id})
    found: Mapping[str, str] = await visit.read(queries.numbers_of, ids)
    return found


def month_days(month: str) -> tuple[date, date]:
    """Return the first and the last day of a month written 2026-09."""
    first = date.fromisoformat(f"{month}-01")
    following = (first + timedelta(days=31)).replace(day=1)
    return first, following - timedelta(days=1)


def months(today: date) -> Sequence[str]:
    """Return the months that may be chosen, this one first."""
    count = today.year * 12 + today.month - 1
    return [f"{one // 12}-{one % 12 + 1:02}" for one in range(count, count - MONTHS, -1)]
