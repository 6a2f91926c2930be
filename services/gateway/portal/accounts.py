"""The member's account and its statement as the service that keeps them tells them."""

from collections.abc import Sequence
from datetime import date

import msgspec

from services.gateway.portal.frame import Visit

PAGES_MAX = 20
"""A statement of one month is read in pages; more than this belongs into an export."""


class Account(msgspec.Struct, frozen=True):
    """Where the account stands today."""

    balance_rappen: int
    advanced_rappen: int
    available_rappen: int


class Line(msgspec.Struct, frozen=True):
    """One movement; positive is in the member's favour."""

    on: date
    kind: str
    amount_rappen: int
    balance_rappen: int
    invoice_id: str | None = None
    repaid_rappen: int = 0
    """What of a payment repaid an advance first."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The movements of some days between two balances."""

    from_on: date
    to_on: date
    opening_rappen: int
    closing_rappen: int
    lines: Sequence[Line]
    next_cursor: str | None = None


async def account_of(visit: Visit) -> Account:
    """Return the account of the practice that is shown; raises a problem when nobody answers."""
    answer = await visit.ask("factoring", "GET", "/account")
    return msgspec.json.decode(answer.content, type=Account)


async def statement_of(visit: Visit, first: date, last: date) -> Statement:
    """Return the statement of some days, all its pages in one."""
    params = {"from": first.isoformat(), "to": last.isoformat(), "limit": "200"}
    statement = await statement_page(visit, params)
    lines = [*statement.lines]
    cursor = statement.next_cursor
    for _ in range(PAGES_MAX - 1):
        if not cursor:
            break
        more = await statement_page(visit, params | {"cursor": cursor})
        lines += more.lines
        cursor = more.next_cursor
    return msgspec.structs.replace(statement, lines=lines)


async def statement_page(visit: Visit, params: dict[str, str]) -> Statement:
    """Return one page of a statement."""
    answer = await visit.ask("factoring", "GET", "/account/statement", params=params)
    return msgspec.json.decode(answer.content, type=Statement)
