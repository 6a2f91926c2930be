"""Insurers' answers: clearing houses hand them in, practices see those to their invoices."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from libs.events.values import COOPERATIVE
from libs.runtime.web import Problem
from services.gateway.api.bodies import XML_BYTES_MAX, read
from services.gateway.api.examples import example
from services.gateway.api.models import PROBLEMS, Answer, Instant
from services.gateway.auth import Practice, needs
from services.gateway.door import InDoor, Spoken, passed_on

router = APIRouter(prefix="/v1/insurer-answers", tags=["insurers"], responses=PROBLEMS)

Decision = Literal["accepted", "pending", "rejected", "notified"]

RESPONSE = {
    "requestBody": {
        "required": True,
        "description": "A generalInvoiceResponse 4.4, 4.5 or 5.0, as the insurer wrote it.",
        "content": {
            "application/xml": {
                "schema": {"type": "string", "format": "binary"},
                "example": example("answer.xml"),
            }
        },
    }
}


class AnswerReceipt(Answer):
    """An answer was recorded on its invoice; what it says is the practice's to read."""

    answer_id: str
    invoice_id: str
    request_id: Annotated[str, Field(examples=["R-2026-000431"])]
    decision: Decision
    received_at: Instant | None
    repeated: bool


class AnswerItem(Answer):
    """What an insurer answered to an invoice."""

    answer_id: str
    invoice_id: str
    request_id: str
    insurer_gln: str
    about: Annotated[str, Field(description="What is answered.", examples=["invoice"])]
    decision: Decision
    codes: Annotated[list[str], Field(description="The insurer's own numbers.")]
    reasons: Annotated[list[str], Field(description="R01 to R13; R99: unknown.")]
    received_at: Instant


class AnswerPage(Answer):
    items: list[AnswerItem]
    next_cursor: str | None


@router.post(
    "",
    status_code=202,
    dependencies=[needs("answers:write")],
    response_model=AnswerReceipt,
    responses={200: {"model": AnswerReceipt, "description": "The same answer again."}},
    openapi_extra=RESPONSE,
)
async def answer(request: Request, door: InDoor, language: Spoken) -> Response:
    """Record an insurer's answer on its invoice. The same answer again is recorded once."""
    said = await door.ask(
        "ingest",
        "POST",
        "/insurer-answers",
        practice=COOPERATIVE,
        language=language,
        content=await read(request, XML_BYTES_MAX),
        content_type=request.headers.get("content-type", ""),
    )
    return passed_on(said)


@router.get("", dependencies=[needs("invoices:read")])
async def answer_list(
    door: InDoor,
    practice: Practice,
    decision: Annotated[Decision | None, Query(description="Only those that say this.")] = None,
    after: Annotated[str | None, Query(alias="cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AnswerPage:
    """List what insurers answered to a practice's invoices, newest first."""
    params = {"limit": str(limit), "decision": decision or "", "cursor": after or ""}
    said = await door.ask("ingest", "GET", "/insurer-answers", practice=practice, params=params)
    if not said.is_success:
        raise Problem(400, "invalid_cursor", "Use next_cursor of the page before.")
    page = said.json()
    return AnswerPage(items=page["items"], next_cursor=page["next"])
