"""The list of a practice's invoices: search, chips, more by cursor. The URL holds all of it."""

import base64
import binascii
from datetime import date
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from services.gateway.portal import figures, queries
from services.gateway.portal.frame import Page, SeesInvoices, html

router = APIRouter(route_class=Page, include_in_schema=False)

StateChoice: TypeAlias = Literal[
    "all", "open", "overdue", "reminded", "held", "collection", "paid", "stuck"
]
PayerChoice: TypeAlias = Literal["", "patient", "insurer"]


class Wish(queries.Filter):
    """A filter that knows its own address."""

    def href(self, state: str | None = None, cursor: str = "") -> str:
        """Return the address of this list, with another state or from a cursor on."""
        chosen = self.state if state is None else state
        given = {
            "state": "" if chosen == "all" else chosen,
            "q": self.q,
            "payer": self.payer,
            "cursor": cursor,
        }
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/invoices?{query}" if query else "/invoices"


def cursor_of(after: tuple[date, str] | None) -> str:
    """Return a place in the list as text that nobody needs to read; empty at its end."""
    if after is None:
        return ""
    return base64.urlsafe_b64encode(f"{after[0]}|{after[1]}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[date, str] | None:
    """Return the place that a cursor names; one that was tampered with begins at the top."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        on, _, invoice_id = text.partition("|")
        return (date.fromisoformat(on), invoice_id) if invoice_id else None
    except (ValueError, binascii.Error):
        return None


@router.get("/invoices")
async def invoices(
    visit: SeesInvoices,
    state: StateChoice = "all",
    q: Annotated[str, Query(max_length=80)] = "",
    payer: PayerChoice = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show the invoices, newest first; with a cursor htmx gets the further rows only."""
    wish = Wish(state=state, q=q.strip(), payer=payer)
    place = place_of(cursor) if cursor else None
    rows, after = await visit.read(queries.invoice_page, wish, visit.today, place)
    more = wish.href(cursor=cursor_of(after)) if after else None
    if place and visit.partial:
        return html("invoice_rows.html", t=visit.t, today=visit.today, rows=rows, more_href=more)
    counts = dict(await visit.read(queries.counts, visit.today))
    counts["stuck"] = await visit.read(figures.stuck, visit.today)
    chips = [one for one in queries.STATES if one != "stuck" or counts["stuck"] or state == one]
    return await visit.page(
        "invoices.html",
        "invoices",
        filter=wish,
        states=chips,
        counts=counts,
        rows=rows,
        more_href=more,
    )
