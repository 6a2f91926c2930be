"""Handing in many messages at once, and following what becomes of them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from libs.runtime.cursors import cursor, place
from libs.runtime.web import Problem
from services.gateway.api.ids import is_id
from services.gateway.api.job_models import Job, JobItemPage, JobPage, JobRefusal
from services.gateway.api.models import (
    PROBLEMS,
)
from services.gateway.api.multipart import is_multipart
from services.gateway.api.packing import FORM, as_archive
from services.gateway.api.refusals import refusal
from services.gateway.auth import Practice, needs, not_here
from services.gateway.door import Door, InDoor, Spoken, passed_on

JOBS = "/v1/submission-jobs"
ARCHIVE = "application/octet-stream"
"""What the OpenAPI document names; generators of clients know no better of archives."""
ALSO = (
    "application/zip",
    "application/gzip",
    "application/x-zip-compressed",
    "application/x-gzip",
)

router = APIRouter(prefix=JOBS, tags=["submissions"], responses=PROBLEMS)

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A ZIP of messages, a gzip of one, under its own type or this; or files.",
        "content": {
            ARCHIVE: {"schema": {"type": "string", "format": "binary"}, "example": "2026-03.zip"},
            **FORM,
        },
    }
}
FOLLOW = {
    "job": {
        "operationId": "job_v1_submission_jobs__job_id__get",
        "parameters": {"job_id": "$response.body#/job_id"},
        "description": "How far the job is.",
    },
    "items": {
        "operationId": "items_v1_submission_jobs__job_id__items_get",
        "parameters": {"job_id": "$response.body#/job_id"},
        "description": "The receipt of each message that was taken so far.",
    },
}


@router.post(
    "",
    status_code=202,
    dependencies=[needs("submissions:write")],
    response_model=Job,
    responses={
        200: {"model": Job, "description": "The same archive again.", "links": FOLLOW},
        202: {"links": FOLLOW},
        413: refusal(JobRefusal, "Too large, packed or unpacked."),
        415: refusal(JobRefusal, "No archive that can be read."),
        422: refusal(JobRefusal, "Why nothing of the archive is taken."),
    },
    openapi_extra=BODY,
)
async def hand_in(request: Request, door: InDoor, practice: Practice, language: Spoken) -> Response:
    """Take many messages at once. The same archive again is the same job (P10)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if is_multipart(request):
        body = as_archive(request, door.parts.settings.archive_bytes_max)
    elif kind in (ARCHIVE, *ALSO):
        body = request.stream()
    else:
        detail = "Send a ZIP or a gzip as it is, or files as multipart/form-data."
        raise Problem(415, "unsupported_media_type", detail)
    return await began(door, practice, language, body)


@router.get("", dependencies=[needs("submissions:read")])
async def job_list(
    door: InDoor,
    practice: Practice,
    language: Spoken,
    after: Annotated[str | None, Query(alias="cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobPage:
    """List the jobs of a practice, newest first."""
    params = {"limit": str(limit)} | ({"cursor": after} if after else {})
    answer = await door.ask(
        "ingest", "GET", "/jobs", practice=practice, language=language, params=params
    )
    if not answer.is_success:
        raise Problem(400, "invalid_cursor", "Use next_cursor of the page before.")
    found = answer.json()
    return JobPage(items=found["items"], next_cursor=found["next"])


@router.get("/{job_id}", dependencies=[needs("submissions:read")])
async def job(job_id: str, door: InDoor, practice: Practice, language: Spoken) -> Job:
    """Return how far a job is: `done` of `count`, and what became of those."""
    return Job(**await _found(door, practice, job_id, "", language=language))


@router.get("/{job_id}/items", dependencies=[needs("submissions:read")])
async def items(
    job_id: str,
    door: InDoor,
    practice: Practice,
    language: Spoken,
    state: Annotated[Literal["accepted", "rejected"] | None, Query()] = None,
    after: Annotated[str | None, Query(alias="cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobItemPage:
    """List the receipts of a job's messages by their place in the archive, as far as it is."""
    number = place(after, int) if after else 0
    if not 0 <= number < 2**31:
        raise Problem(400, "invalid_cursor", "Use next_cursor of the page before.")
    params = {"after": str(number), "limit": str(limit), "state": state or ""}
    found = await _found(door, practice, job_id, "/items", language=language, params=params)
    more = found["next"]
    return JobItemPage(items=found["items"], next_cursor=cursor(more) if more else None)


async def began(
    door: Door,
    practice: str,
    language: Any,
    body: bytes | AsyncIterator[bytes],
    status: int | None = None,
) -> Response:
    """Hand an archive on as it comes; return the job that it is, under a status of one's own."""
    answer = await door.ask(
        "ingest", "POST", "/jobs", practice=practice, language=language, content=body
    )
    if not answer.is_success:
        return passed_on(answer)
    found = passed_on(answer, {"Location": f"{JOBS}/{answer.json()['job_id']}"})
    found.status_code = status or found.status_code
    return found


async def _found(door: Door, practice: str, job_id: str, path: str, **more: Any) -> dict[str, Any]:
    if not is_id(job_id):
        raise not_here()
    answer = await door.ask("ingest", "GET", f"/jobs/{job_id}{path}", practice=practice, **more)
    if not answer.is_success:
        raise not_here()
    found: dict[str, Any] = answer.json()
    return found
