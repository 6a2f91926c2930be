"""Handing in invoice messages, and what became of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection, Row, select

from libs.events.values import PracticeId
from libs.runtime.cursors import cursor, place
from libs.runtime.web import Problem
from services.gateway.api.bodies import XML_BYTES_MAX, read
from services.gateway.api.examples import example
from services.gateway.api.ids import is_id
from services.gateway.api.job_models import Job
from services.gateway.api.jobs import FOLLOW, began
from services.gateway.api.models import (
    PROBLEMS,
    FindingEntry,
    Receipt,
    RefusalDocument,
    SubmissionItem,
    SubmissionPage,
)
from services.gateway.api.multipart import is_multipart, read_files
from services.gateway.api.packing import FILES_MAX, FORM, packed
from services.gateway.api.refusals import refusal
from services.gateway.auth import Practice, needs, not_here
from services.gateway.door import InDoor, Spoken, passed_on
from services.gateway.tables import submissions

CREATED = 201
"""Instead of a receipt: a reader of receipts must not take a job for one."""

router = APIRouter(prefix="/v1", tags=["submissions"], responses=PROBLEMS)

XML = {
    "requestBody": {
        "required": True,
        "description": "A generalInvoiceRequest 4.4, 4.5 or 5.0, as written by the software.",
        "content": {
            "application/xml": {
                "schema": {"type": "string", "format": "binary"},
                "example": example("invoice.xml"),
            },
            **FORM,
        },
    }
}


RECEIPTS = {
    "receipt": {
        "operationId": "submission_v1_submissions__submission_id__get",
        "parameters": {"submission_id": "$response.body#/submission_id"},
        "description": "The same receipt again, in another language if asked for.",
    },
    "invoice": {
        "operationId": "invoice_v1_invoices__invoice_id__get",
        "parameters": {"invoice_id": "$response.body#/invoice_id"},
        "description": "The invoice that the message became, a moment later.",
    },
}


@router.post(
    "/submissions",
    status_code=202,
    dependencies=[needs("submissions:write")],
    responses={
        200: {"model": Receipt, "description": "The same message again.", "links": RECEIPTS},
        201: {"model": Job, "description": "Several files became a job.", "links": FOLLOW},
        202: {"links": RECEIPTS},
        422: refusal(RefusalDocument, "Why the message cannot be used."),
    },
    response_model=Receipt,
    openapi_extra=XML,
)
async def submit(request: Request, door: InDoor, practice: Practice, language: Spoken) -> Response:
    """Take one invoice message. The same bytes again get the same receipt (P10, B22).

    A form with one file is that message; one with several becomes a job, and 201 says so.
    """
    content_type = request.headers.get("content-type", "")
    if is_multipart(request):
        files = await read_files(request, "", XML_BYTES_MAX, FILES_MAX)
        if not files:
            raise Problem(422, "no_file", "Send at least one part with a file name.")
        if len(files) > 1:
            several = packed([bytes(one.data) for one in files])
            return await began(door, practice, language, several, CREATED)
        data, content_type = bytes(files[0].data), "application/xml"
    else:
        data = await read(request, XML_BYTES_MAX)
    answer = await door.ask(
        "ingest",
        "POST",
        "/submissions",
        practice=practice,
        language=language,
        content=data,
        content_type=content_type,
    )
    where = {}
    if answer.is_success:
        where["Location"] = f"/v1/submissions/{answer.json()['submission_id']}"
    return passed_on(answer, where)


@router.get("/submissions", dependencies=[needs("submissions:read")])
async def submission_list(
    door: InDoor,
    practice: Practice,
    state: Annotated[str | None, Query(pattern="^(accepted|rejected)$")] = None,
    after: Annotated[str | None, Query(alias="cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SubmissionPage:
    """List what was handed in, newest first."""
    before = place(after, int) if after else None
    rows = await door.read(page, practice, state, before, limit + 1)
    more = cursor(rows[limit - 1].position) if len(rows) > limit else None
    return SubmissionPage(items=[item(row) for row in rows[:limit]], next_cursor=more)


@router.get(
    "/submissions/{submission_id}",
    dependencies=[needs("submissions:read")],
    response_model=Receipt,
)
async def submission(
    submission_id: str, door: InDoor, practice: Practice, language: Spoken
) -> Response:
    """Return the receipt of a message with its findings in the language asked for."""
    if not is_id(submission_id):
        raise not_here()
    answer = await door.ask(
        "ingest", "GET", f"/submissions/{submission_id}", practice=practice, language=language
    )
    if answer.status_code == 404:  # noqa: PLR2004
        raise not_here()
    return passed_on(answer)


@router.get(
    "/findings",
    dependencies=[needs("submissions:read")],
    response_model=dict[str, FindingEntry],
)
async def findings(door: InDoor, practice: Practice, language: Spoken) -> Response:
    """Return every code that a finding can have: what it means, what to do, what it stops."""
    return passed_on(
        await door.ask("ingest", "GET", "/findings", practice=practice, language=language)
    )


def page(
    db: Connection, practice_id: PracticeId, state: str | None, before: int | None, count: int
) -> list[Row[Any]]:
    """Return messages of a practice in the order in which they were recorded, newest first."""
    wanted = select(submissions).where(submissions.c.practice_id == practice_id)
    if state is not None:
        wanted = wanted.where(submissions.c.state == state)
    if before is not None:
        wanted = wanted.where(submissions.c.position < before)
    return list(db.execute(wanted.order_by(submissions.c.position.desc()).limit(count)))


def item(row: Row[Any]) -> SubmissionItem:
    """Return a row as REST shows it."""
    known = {name: getattr(row, name) for name in SubmissionItem.model_fields}
    return SubmissionItem(**known)
