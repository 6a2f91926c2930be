"""The internal HTTP interface for archives of many messages, called by the gateway."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import RowMapping

from libs.events.handed import Finding
from libs.events.values import Language, PracticeId
from libs.runtime.service import Parts
from libs.runtime.web import Handle, Now, Problem, Read
from services.ingest import findings, job_projections, projections, receipts
from services.ingest.decider.job import JobId
from services.ingest.headers import Languages, Limit, Practice
from services.ingest.job_intake import JobIntake

JOBS = "/jobs"
TAKEN, TAKEN_BEFORE = 202, 200


def routes(parts: Parts) -> APIRouter:
    """Return the endpoints. What belongs to another practice is not found (B54)."""
    router = APIRouter()
    router.include_router(_taking(parts))
    router.include_router(_looking())
    router.include_router(_receipts())
    return router


def _taking(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.post(JOBS, status_code=TAKEN)
    async def receive(
        request: Request,
        practice: Practice,
        handle: Handle,
        read: Read,
        now: Now,
        languages: Languages = "",
    ) -> Response:
        """Take an archive. The same bytes again are the same job (P10)."""
        intake = JobIntake(parts, handle, read)
        row, repeated = await intake.take(PracticeId(practice), request.stream(), now)
        language = receipts.language_of(languages)
        if row["state"] == job_projections.REFUSED:
            raise _refusal(row, language, repeated=repeated)
        return _json(job_of(row, language), language, TAKEN_BEFORE if repeated else TAKEN)

    return router


def _looking() -> APIRouter:
    router = APIRouter()

    @router.get(JOBS)
    async def jobs(
        practice: Practice,
        read: Read,
        cursor: str = "",
        limit: Limit = 50,
        languages: Languages = "",
    ) -> dict[str, Any]:
        """Return the archives of a practice, newest first; `next` leads to the page after."""
        rows, more = await read(job_projections.newest_jobs, PracticeId(practice), cursor, limit)
        language = receipts.language_of(languages)
        return {"items": [job_of(row, language) for row in rows], "next": more}

    @router.get(JOBS + "/{job_id}")
    async def job(
        job_id: str, practice: Practice, read: Read, languages: Languages = ""
    ) -> Response:
        """Return how far an archive is."""
        row = await read(job_projections.job, PracticeId(practice), JobId(job_id))
        if row is None:
            raise _unknown()
        language = receipts.language_of(languages)
        return _json(job_of(row, language), language, 200)

    return router


def _receipts() -> APIRouter:
    router = APIRouter()

    @router.get(JOBS + "/{job_id}/items")
    async def items(
        job_id: str,
        practice: Practice,
        read: Read,
        state: Literal["", "accepted", "rejected"] = "",
        after: Annotated[int, Query(ge=0, le=2**31)] = 0,
        limit: Limit = 50,
        languages: Languages = "",
    ) -> Response:
        """Return what became of the messages behind a number; `next` is where to go on."""
        key = PracticeId(practice), JobId(job_id)
        rows = await read(job_projections.items, *key, state, after, limit + 1)
        if rows is None:
            raise _unknown()
        language = receipts.language_of(languages)
        found = [item_of(row, language) for row in rows[:limit]]
        more = found[-1]["number"] if len(rows) > limit else None
        return _json({"items": found, "next": more}, language, 200)

    return router


def job_of(row: RowMapping, language: Language) -> dict[str, Any]:
    """Return an archive as it is shown; of one that was refused, why, in a language."""
    names = ("job_id", "state", "kind", "archive", "size_bytes")
    counts = ("count", "done", "accepted", "rejected", "repeated")
    return {name: row[name] for name in (*names, *counts)} | {
        "received_at": projections.aware(row["received_at"]).isoformat(),
        "findings": receipts.said(projections.findings_of(row), language),
    }


def item_of(row: RowMapping, language: Language) -> dict[str, Any]:
    """Return what became of one message of an archive, findings in a language."""
    found = projections.findings_of(row)
    if row["submission_id"] is not None and row["own_findings"] is not None:
        found = projections.findings_in(row["own_findings"])
    return {
        "number": row["number"],
        "state": row["state"],
        "repeated": row["repeated"],
        "submission_id": row["submission_id"],
        "request_id": row["request_id"] or "",
        "invoice_id": row["invoice_id"],
        "status": row["status"],
        "problem": row["problem"],
        "findings": receipts.said(found, language),
    }


def _refusal(row: RowMapping, language: Language, *, repeated: bool) -> Problem:
    """Return why nothing of an archive is taken."""
    found: tuple[Finding, ...] = projections.findings_of(row)
    return Problem(
        row["status"],
        row["problem"],
        findings.message(found[0], language),
        job_id=row["job_id"],
        repeated=repeated,
        findings=receipts.said(found, language),
    )


def _unknown() -> Problem:
    return Problem(404, "not_found", "There is no such archive.")


def _json(body: dict[str, Any], language: Language, status: int) -> Response:
    return JSONResponse(body, status, headers={"Content-Language": language})
