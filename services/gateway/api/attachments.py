"""Documents that came with an invoice: reports, pictures, the scan of a sheet."""

from typing import Annotated

import httpx
from fastapi import APIRouter, Path, Response
from sqlalchemy import Connection, select

from libs.events.values import PracticeId
from libs.runtime.web import Problem
from services.gateway.api.ids import is_id
from services.gateway.api.models import PROBLEMS, AttachmentItem, AttachmentList
from services.gateway.auth import Practice, needs, not_here
from services.gateway.door import Door, InDoor
from services.gateway.tables import invoices

router = APIRouter(
    prefix="/v1/invoices/{invoice_id}/attachments",
    tags=["invoices"],
    responses=PROBLEMS,
    dependencies=[needs("invoices:read")],
)

Number = Annotated[int, Path(ge=1, le=1_000, description="Its place in the message, from 1.")]
ENDINGS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "text/plain": "txt",
}


@router.get("")
async def attachment_list(invoice_id: str, door: InDoor, practice: Practice) -> AttachmentList:
    """List the documents that came with an invoice, in the order of its message."""
    return await listed(door, practice, invoice_id)


async def listed(door: Door, practice: PracticeId, invoice_id: str) -> AttachmentList:
    """Return what came with an invoice; the portal's pages show it too."""
    answer = await _asked(door, practice, invoice_id, "")
    return AttachmentList(items=[AttachmentItem(**one) for one in answer.json()["items"]])


@router.get(
    "/{number}",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "As it came in."},
        410: {"description": "It was erased together with its person's data."},
    },
)
async def attachment(invoice_id: str, number: Number, door: InDoor, practice: Practice) -> Response:
    """Return a document as it came in. Its type is that of its content, whatever was said of it."""
    return await attachment_answer(door, practice, invoice_id, number)


async def attachment_answer(
    door: Door, practice: PracticeId, invoice_id: str, number: int
) -> Response:
    """Return a document to be saved, never shown in place: it came from outside (B28, B29).

    Its name is made by us; what its sender called it may be anything.
    """
    answer = await _asked(door, practice, invoice_id, f"/{number}")
    kind = answer.headers["content-type"].partition(";")[0]
    name = f"attachment-{number}.{ENDINGS.get(kind, 'bin')}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "no-store",
    }
    return Response(answer.content, media_type=kind, headers=headers)


def message_of(db: Connection, practice_id: PracticeId, invoice_id: str) -> str | None:
    """Return the submission that an invoice of a practice was made of."""
    wanted = select(invoices.c.submission_id).where(
        invoices.c.invoice_id == invoice_id, invoices.c.practice_id == practice_id
    )
    return db.execute(wanted).scalar()


async def _asked(door: Door, practice: PracticeId, invoice_id: str, rest: str) -> httpx.Response:
    found = await door.read(message_of, practice, invoice_id) if is_id(invoice_id) else None
    if found is None:
        raise not_here()
    path = f"/submissions/{found}/attachments{rest}"
    answer = await door.ask("ingest", "GET", path, practice=practice)
    if answer.status_code == 410:  # noqa: PLR2004
        raise Problem(410, "gone", "This document was erased together with its person's data.")
    if not answer.is_success:
        raise not_here()
    return answer
