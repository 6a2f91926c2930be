"""Finished invoices: a document that is sent as it is, and what must be known of it (variant A)."""

from typing import Any

import httpx
import msgspec
from fastapi import APIRouter, Request, Response

from libs.events.values import Language, PracticeId
from libs.records import FINISHED_TYPE, Finished, FinishedInvoice
from libs.runtime.web import Problem
from services.gateway.api.bodies import JSON_BYTES_MAX, schema_of
from services.gateway.api.examples import example
from services.gateway.api.models import (
    PROBLEMS,
    Receipt,
    RefusalDocument,
)
from services.gateway.api.multipart import read_parts
from services.gateway.api.refusals import refusal
from services.gateway.api.submissions import RECEIPTS
from services.gateway.auth import Practice, needs
from services.gateway.billers import biller_header
from services.gateway.door import Door, InDoor, Spoken, passed_on

router = APIRouter(prefix="/v1", tags=["submissions"], responses=PROBLEMS)

METADATA, DOCUMENT = "metadata", "document"
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The finished invoice as PDF in A4, without a payment part, and its data.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        METADATA: schema_of(FinishedInvoice),
                        DOCUMENT: {"type": "string", "format": "binary"},
                    },
                    "required": [METADATA, DOCUMENT],
                },
                "encoding": {
                    METADATA: {"contentType": "application/json"},
                    DOCUMENT: {"contentType": "application/pdf"},
                },
                "example": {METADATA: example("finished.json"), DOCUMENT: "%PDF-1.7 …"},
            }
        },
    }
}


@router.post(
    "/finished-invoices",
    status_code=202,
    dependencies=[needs("submissions:write")],
    responses={
        200: {"model": Receipt, "description": "The same invoice again.", "links": RECEIPTS},
        202: {"links": RECEIPTS},
        422: refusal(RefusalDocument, "Why the invoice cannot be used."),
    },
    response_model=Receipt,
    openapi_extra=FORM,
)
async def finished_invoice(
    request: Request, door: InDoor, practice: Practice, language: Spoken
) -> Response:
    """Take an invoice that the practice finished: nothing is priced again (BR-27, BR-28).

    It is sent as it is with one page more, the payment part, and watched like any other. A document
    with scripts, attachments, a password or a payment part of its own is refused.
    """
    settings = door.parts.settings
    limits = {METADATA: JSON_BYTES_MAX, DOCUMENT: settings.paper_bytes_max}
    parts = await read_parts(request, limits)
    if len(parts) < len(limits):
        detail = "Send two parts: metadata (JSON) and document (PDF)."
        raise Problem(422, "part_missing", detail)
    answer = await handed_on(door, practice, language, parts[METADATA], parts[DOCUMENT])
    where = {}
    if answer.is_success:
        where["Location"] = f"/v1/submissions/{answer.json()['submission_id']}"
    return passed_on(answer, where)


async def handed_on(
    door: Door, practice: PracticeId, language: Language, metadata: bytes, document: bytes
) -> httpx.Response:
    """Hand both parts to the service that judges them; the portal's form does it too."""
    return await door.ask(
        "ingest",
        "POST",
        "/finished-invoices",
        practice=practice,
        language=language,
        content=msgspec.msgpack.encode(Finished(metadata=metadata, document=document)),
        content_type=FINISHED_TYPE,
        headers=await biller_header(door, practice),
    )
