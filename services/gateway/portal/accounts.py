"""The member's account and its statement as the service that keeps them tells them."""

from collections.abc import Sequence
from datetime import date

import msgspec

from services.gateway.portal.frame import Visit

PAGE = 100
"""Lines that are shown at once; a large practice has thousands in a month."""


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


async def statement_of(visit: Visit, first: date, last: date, cursor: str = "") -> Statement:
    """Return a page of the statement of some days, the first or the one at a cursor."""
    params = {"from": first.isoformat(), "to": last.isoformat(), "limit": str(PAGE)}
    if cursor:
        params["cursor"] = cursor
    answer = await visit.ask("factoring", "GET", "/account/statement", params=params)
    if cursor and answer.is_client_error:  # a cursor that somebody made up begins at the top
        return await statement_of(visit, first, last)
    return msgspec.json.decode(answer.content, type=Statement)
