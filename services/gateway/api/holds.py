"""Holding the reminders of an invoice, and letting them go on."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from libs.events.values import Hold
from libs.records.handed import Day
from services.gateway.api.bodies import Strict, described, json_body
from services.gateway.api.ids import is_id
from services.gateway.api.models import PROBLEMS
from services.gateway.api.once import Once
from services.gateway.auth import Asking, Practice, needs, not_here
from services.gateway.door import InDoor, passed_on
from services.gateway.portal import queries

router = APIRouter(prefix="/v1/invoices", tags=["dunning"], responses=PROBLEMS)


class HoldRequest(Strict):
    """Why reminding shall rest, and when somebody looks at it again (BR-126)."""

    reason: Annotated[Hold, Field(strict=False)]
    review_on: Day


EXAMPLE = {"reason": "dispute", "review_on": "2026-10-23"}
HoldBody = Annotated[HoldRequest, Depends(json_body(HoldRequest))]


@router.post(
    "/{invoice_id}/holds",
    status_code=201,
    dependencies=[needs("cases:write")],
    openapi_extra=described(HoldRequest, EXAMPLE),
)
async def place_hold(
    invoice_id: str, door: InDoor, practice: Practice, who: Asking, once: Once, hold: HoldBody
) -> Response:
    """Let the reminding of an invoice rest until a day."""
    await _known(door, practice, invoice_id)
    wanted = {"reason": hold.reason, "review_on": hold.review_on.isoformat(), "by": who.name}
    path = f"/cases/{invoice_id}/holds"

    async def work(_: str) -> Response:
        # The rule itself takes the same hold once, so that it needs no id of the request.
        return passed_on(await door.ask("dunning", "POST", path, practice=practice, json=wanted))

    return await once(hold, work)


@router.delete("/{invoice_id}/holds", dependencies=[needs("cases:write")])
async def lift_hold(invoice_id: str, door: InDoor, practice: Practice, who: Asking) -> Response:
    """Let the reminding go on; the next step is at least ten days away."""
    await _known(door, practice, invoice_id)
    path = f"/cases/{invoice_id}/holds"
    return passed_on(
        await door.ask("dunning", "DELETE", path, practice=practice, params={"by": who.name})
    )


async def _known(door: InDoor, practice: Practice, invoice_id: str) -> None:
    if not is_id(invoice_id) or await door.read(queries.invoice, practice, invoice_id) is None:
        raise not_here()
