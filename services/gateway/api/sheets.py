"""Sheets on paper: handing in a scan, what became of it, and the practice's own sheet."""

import asyncio
from datetime import date
from typing import Annotated, Any

import httpx
import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from libs.events.values import Language, PracticeId
from libs.paper.blank import Blank, Position, blank_pdf
from libs.runtime.web import Problem, Today
from services.gateway.api.bodies import described, json_body, read
from services.gateway.api.ids import is_id
from services.gateway.api.models import (
    PROBLEMS,
    RefusalDocument,
)
from services.gateway.api.refusals import refusal
from services.gateway.api.sheet_models import (
    SheetItem,
    SheetPage,
    SheetReceipt,
    TemplateItem,
    TemplatePositions,
)
from services.gateway.auth import Asking, Practice, needs, not_here
from services.gateway.billers import biller_header
from services.gateway.door import Door, InDoor, Spoken, passed_on
from services.gateway.portal import queries

router = APIRouter(prefix="/v1", tags=["sheets"], responses=PROBLEMS)

TYPES = frozenset(
    ("application/pdf", "image/png", "image/jpeg", "image/tiff", "application/octet-stream")
)
SCAN = {
    "requestBody": {
        "required": True,
        "description": "A scan as PDF, PNG, JPEG or TIFF; what it is, is told by its content.",
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "%PDF-1.7 …",
            }
        },
    }
}
POSITIONS = described(
    TemplatePositions,
    {"positions": [{"tariff": "007", "code": "AA.00.0010", "name": "Konsultation"}]},
)
PositionsBody = Annotated[TemplatePositions, Depends(json_body(TemplatePositions))]
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "One page of A4 to be printed."}
}


@router.post(
    "/sheets",
    status_code=202,
    dependencies=[needs("submissions:write")],
    responses={
        200: {"model": SheetReceipt, "description": "The same scan again."},
        422: refusal(RefusalDocument, "Why the scan cannot be used."),
    },
    response_model=SheetReceipt,
    openapi_extra=SCAN,
)
async def sheet(request: Request, door: InDoor, practice: Practice, language: Spoken) -> Response:
    """Take one scanned sheet. A clerk keys it, and it is priced and sent like any other invoice.

    The practice's own sheet is known by its code. A form of 5.0 whose codes hold the whole message
    is read by itself, and the receipt of that message stands inside.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        detail = "Send PDF, PNG, JPEG or TIFF under its own type or application/octet-stream."
        raise Problem(415, "unsupported_media_type", detail)
    data = await read(request, door.parts.settings.paper_bytes_max)
    answer = await handed_on(door, practice, language, data)
    where = {}
    if answer.is_success:
        where["Location"] = f"/v1/sheets/{answer.json()['sheet_id']}"
    return passed_on(answer, where)


async def handed_on(
    door: Door, practice: PracticeId, language: Language, data: bytes
) -> httpx.Response:
    """Hand a scan to the service that keeps sheets; the portal's form does it too."""
    return await door.ask(
        "ingest",
        "POST",
        "/sheets",
        practice=practice,
        language=language,
        content=data,
        content_type="application/octet-stream",
        headers=await biller_header(door, practice),
    )


@router.get("/sheets", dependencies=[needs("submissions:read")])
async def sheet_list(
    door: InDoor,
    practice: Practice,
    after: Annotated[str | None, Query(alias="cursor", max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SheetPage:
    """List a practice's sheets, newest first."""
    params = {"limit": str(limit)} | ({"cursor": after} if after else {})
    answer = await door.ask("ingest", "GET", "/sheets", practice=practice, params=params)
    if not answer.is_success:
        raise Problem(400, "invalid_cursor", "Use next_cursor of the page before.")
    found = answer.json()
    items = [SheetItem.model_validate(one) for one in found["items"]]
    return SheetPage(items=items, next_cursor=found["next"])


@router.get("/sheets/{sheet_id}", dependencies=[needs("submissions:read")])
async def sheet_item(sheet_id: str, door: InDoor, practice: Practice) -> SheetItem:
    """Return where a sheet is."""
    if not is_id(sheet_id):
        raise not_here()
    answer = await door.ask("ingest", "GET", f"/sheets/{sheet_id}", practice=practice)
    if not answer.is_success:
        raise not_here()
    return SheetItem.model_validate(answer.json())


@router.get(
    "/sheet-template",
    dependencies=[needs("submissions:read")],
    response_class=Response,
    responses=PDF,
)
async def sheet_template(door: InDoor, practice: Practice, today: Today) -> Response:
    """Return the practice's own sheet to be printed: name, account, code, usual positions."""
    return await template_answer(door, practice, today)


async def template_answer(door: Door, practice: PracticeId, today: date) -> Response:
    """Return the sheet as PDF; the portal's page answers with it too."""
    row = await door.read(queries.practice, practice)
    assert row is not None, "whoever was admitted for a practice has one"
    template = await template_of(door, practice)
    blank = Blank(
        language=row.language,
        practice=row.name,
        account_no=row.account_no,
        version=template.version,
        positions=tuple(Position(one.tariff, one.code, one.name) for one in template.positions),
    )
    headers = {"Content-Disposition": 'inline; filename="sheet.pdf"', "Cache-Control": "no-store"}
    printed = await asyncio.to_thread(blank_pdf, blank, today)
    return Response(printed.pdf, media_type="application/pdf", headers=headers)


async def template_of(door: Door, practice: PracticeId) -> TemplateItem:
    """Return what is printed on a practice's sheet now."""
    answer = await door.ask("ingest", "GET", "/sheet-template", practice=practice)
    return TemplateItem.model_validate(answer.json())


@router.get("/sheet-template/positions", dependencies=[needs("submissions:read")])
async def template_positions(door: InDoor, practice: Practice) -> TemplateItem:
    """Return which positions are printed on the practice's own sheet."""
    return await template_of(door, practice)


@router.put(
    "/sheet-template/positions",
    dependencies=[needs("submissions:write")],
    openapi_extra=POSITIONS,
)
async def choose_positions(
    door: InDoor, practice: Practice, who: Asking, body: PositionsBody
) -> TemplateItem:
    """Choose which positions are printed; the same again is the same version."""
    return await chosen(door, practice, body, who.name)


async def chosen(
    door: Door, practice: PracticeId, body: TemplatePositions, by: str
) -> TemplateItem:
    """Hand a choice to the service that keeps it; the portal's page does it too."""
    answer = await door.ask(
        "ingest",
        "PUT",
        "/sheet-template",
        practice=practice,
        content=msgspec.json.encode([one.model_dump() for one in body.positions]),
        content_type="application/json",
        params={"by": by},
    )
    return TemplateItem.model_validate(answer.json())
