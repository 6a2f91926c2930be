"""A day's changes by the invoice numbers of the practice's own software (BR-139)."""

import asyncio
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from libs.records.handed import Day
from libs.runtime.clock import ZURICH
from libs.runtime.host import Host
from libs.runtime.web import Now, Problem, Running
from services.gateway import reconciliation
from services.gateway.api.feed_models import written
from services.gateway.api.models import PROBLEMS, Answer
from services.gateway.auth import Practice, needs
from services.gateway.door import Door, InDoor
from services.gateway.reconciliation import bounds

router = APIRouter(prefix="/v1/reconciliations", tags=["account"], responses=PROBLEMS)

OVER_AFTER = timedelta(minutes=5)
"""So long after midnight a day is over: clocks of several machines differ a little."""
CATCH_UP_SECONDS = 10
FIRST = date(2000, 1, 1)


class Sums(Answer):
    """What a day changed; `GET /v1/reconciliations/{day}` says how the columns add up."""

    open_before_rappen: int
    invoiced_rappen: int
    reminder_fees_rappen: int
    paid_rappen: int
    reversed_rappen: int
    waived_rappen: int
    open_after_rappen: int
    surplus_rappen: int
    credited_rappen: int
    advances_rappen: int
    fees_rappen: int
    account_rappen: int


class Named(Answer):
    """Whose change it was."""

    request_id: Annotated[str, Field(description="The software's own number; empty: no invoice.")]
    number: str
    invoice_id: str


class ReconciliationLine(Sums, Named):
    """What changed of an invoice."""


class ReconciliationTotal(Sums):
    """The sums of all lines, and the account before and after."""

    account_before_rappen: int
    account_after_rappen: int


class Reconciliation(Answer):
    """A day that is over. It is the same whenever it is asked for."""

    day: date
    lines: list[ReconciliationLine]
    total: ReconciliationTotal


ANSWERS: dict[int | str, Any] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "description": "The day, as JSON or with `format=csv` as CSV with a header.",
    },
    409: {"description": "The day is not over."},
    503: {"description": "Not all of the day was heard yet; try again."},
}


@router.get(
    "/{day}",
    dependencies=[needs("account:read")],
    response_model=Reconciliation,
    responses=ANSWERS,
)
async def reconciliation_of(
    day: Annotated[Day, Path(description="A day that is over, Europe/Zurich.")],
    door: InDoor,
    practice: Practice,
    running: Running,
    now: Now,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Return what was recorded on a day, one line for each invoice that it changed.

    open_after = open_before + invoiced + reminder_fees - paid + reversed - waived. What changed on
    the account is credited + advances + fees, and account_after = account_before + all of that.
    """
    begin, end = _over(day, now)
    await _heard(running)
    found = await door.read(reconciliation.of_day, practice, day)
    before, after = await _account(door, practice, begin, end)
    if before + found.total.account_rappen != after:
        detail = "Not all of this day was heard yet; try again in a moment."
        raise Problem(503, "not_complete", detail, {"Retry-After": "10"})
    if form == "csv":
        name = f"reconciliation-{day.isoformat()}.csv"
        data = reconciliation.as_csv(found, before, after)
        shown = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type="text/csv; charset=utf-8", headers=shown)
    return Response(written(_body(found, before, after)), media_type="application/json")


def _over(day: date, now: datetime) -> tuple[datetime, datetime]:
    """Return begin and end of a day; a 409 problem for one that is not over."""
    if day < FIRST:
        raise Problem(422, "invalid", "There was nothing to reconcile that early.")
    if day >= (now - OVER_AFTER).astimezone(ZURICH).date():
        raise Problem(409, "day_not_over", "This day is not over; ask after midnight, Zurich time.")
    return bounds(day)


async def _heard(running: Host) -> None:
    """Wait until all that was said by now was heard; a 503 problem where that takes too long."""
    try:
        async with asyncio.timeout(CATCH_UP_SECONDS):
            await running.catch_up()
    except TimeoutError:
        detail = "What others said is still being heard; try again in a moment."
        raise Problem(503, "not_complete", detail, {"Retry-After": "10"}) from None


async def _account(
    door: Door, practice: Practice, begin: datetime, end: datetime
) -> tuple[int, int]:
    """Return the account as it was recorded when the day began and when it ended."""
    params = {"since": begin.isoformat(), "until": end.isoformat()}
    path = "/account/recorded"
    answer = await door.ask("factoring", "GET", path, practice=practice, params=params)
    told = answer.json()
    return told["before_rappen"], told["after_rappen"]


def _body(found: reconciliation.Day, before: int, after: int) -> dict[str, Any]:
    def amounts(movement: reconciliation.Movement) -> dict[str, int]:
        return {**asdict(movement), "account_rappen": movement.account_rappen}

    ends = {"account_before_rappen": before, "account_after_rappen": after}
    return {
        "day": found.day,
        "lines": [
            {
                "request_id": line.request_id,
                "number": line.number,
                "invoice_id": line.invoice_id,
                **amounts(line.movement),
            }
            for line in found.lines
        ],
        "total": {**amounts(found.total), **ends},
    }
