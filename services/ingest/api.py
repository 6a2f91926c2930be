"""The internal HTTP interface, called by the gateway: messages, bank files, the catalogue."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

from libs.events.values import COOPERATIVE, DocumentId, Language, PracticeId, SubmissionId
from libs.runtime.documents import Documents
from libs.runtime.service import Parts
from libs.runtime.web import Handle, Now, Problem, Read, Today
from services.ingest import (
    answer_api,
    enclosed,
    job_api,
    paper_api,
    projections,
    receipts,
    record_api,
    response_api,
)
from services.ingest.bank_intake import BankIntake, Delivery
from services.ingest.enclosed import Opened
from services.ingest.headers import Languages, Limit, Practice
from services.ingest.intake import Arrival, Intake
from services.ingest.message.attachments import type_of


def routes(parts: Parts) -> APIRouter:
    """Return the endpoints. What belongs to another practice is not found (B54)."""
    router = APIRouter()
    router.include_router(_submissions(parts))
    router.include_router(_catalogue())
    router.include_router(_messages(parts.documents))
    router.include_router(_attachments(parts))
    router.include_router(_bank_files(parts))
    router.include_router(answer_api.routes(parts))
    router.include_router(job_api.routes(parts))
    router.include_router(paper_api.routes(parts))
    router.include_router(record_api.routes(parts))
    router.include_router(response_api.routes(parts))
    return router


def _submissions(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.post("/submissions", status_code=receipts.TAKEN)
    async def submit(
        request: Request,
        practice: Practice,
        handle: Handle,
        read: Read,
        today: Today,
        now: Now,
        languages: Languages = "",
    ) -> Response:
        """Take one invoice message. The same bytes again get the same receipt (P10, B22)."""
        arrival = Arrival(
            practice_id=PracticeId(practice),
            data=await request.body(),
            content_type=request.headers.get("content-type", ""),
            today=today,
            at=now,
        )
        state, repeated = await Intake(parts, handle, read).take(arrival)
        return receipts.answer(state, receipts.language_of(languages), repeated=repeated)

    return router


def _catalogue() -> APIRouter:
    router = APIRouter()

    @router.get("/findings")
    async def findings() -> Mapping[str, Any]:
        """Return the catalogue: every code with message and remedy in all languages."""
        return receipts.catalogue()

    return router


def _messages(documents: Documents) -> APIRouter:
    router = APIRouter()

    @router.get("/submissions/{submission_id}")
    async def submission(
        submission_id: str, practice: Practice, read: Read, languages: Languages = ""
    ) -> Response:
        """Return the receipt of a message."""
        key = PracticeId(practice), SubmissionId(submission_id)
        row = await read(projections.submission, *key)
        if row is None:
            raise Problem(404, "not_found", "There is no such message.")
        language = receipts.language_of(languages)
        return _json(receipts.row_receipt(row, language), language, 200)

    @router.get("/submissions/{submission_id}/content")
    async def content(submission_id: str, practice: Practice, read: Read) -> Response:
        """Return a message byte for byte as it came in; one whose case was erased is gone."""
        key = PracticeId(practice), SubmissionId(submission_id)
        row = await read(projections.submission, *key)
        if row is None:
            raise Problem(404, "not_found", "There is no such message.")
        data = await documents.get(DocumentId(row["content"]))
        if data is None:
            raise Problem(410, "erased", "The message was erased with its subject's data.")
        headers = {"Cache-Control": "no-store", "Content-Disposition": "attachment"}
        return Response(data, media_type="application/octet-stream", headers=headers)

    return router


def _attachments(parts: Parts) -> APIRouter:
    router = APIRouter()

    async def opened(submission_id: str, practice: str, read: Read) -> Opened:
        key = PracticeId(practice), SubmissionId(submission_id)
        found = await read(enclosed.of_submission, parts.vault, *key)
        if found is None:
            raise Problem(404, "not_found", "There is no such message.")
        return found

    @router.get("/submissions/{submission_id}/attachments")
    async def attachments(submission_id: str, practice: Practice, read: Read) -> dict[str, Any]:
        """List the documents that came with a message, in their order."""
        found = await opened(submission_id, practice, read)
        return {"items": enclosed.items(found)}

    @router.get("/submissions/{submission_id}/attachments/{number}")
    async def attachment(
        submission_id: str,
        number: Annotated[int, Path(ge=1, le=1_000)],
        practice: Practice,
        read: Read,
    ) -> Response:
        """Return one of them as it came; its type is that of its content."""
        found = await opened(submission_id, practice, read)
        if number > len(found.documents):
            raise Problem(404, "not_found", "There is no such attachment.")
        data = await parts.documents.get(found.documents[number - 1], found.subject)
        if data is None:
            raise Problem(410, "erased", "The attachment was erased with its subject's data.")
        headers = {"Cache-Control": "no-store", "Content-Disposition": "attachment"}
        return Response(data, media_type=type_of(data), headers=headers)

    return router


def _bank_files(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.post("/bank-files")
    async def bank_file(
        request: Request, handle: Handle, read: Read, now: Now, languages: Languages = ""
    ) -> Response:
        """Book what the bank reports. The same file again books nothing again."""
        data = await request.body()
        delivery = Delivery(
            data=data,
            content_type=request.headers.get("content-type", ""),
            at=now,
            file=DocumentId(hashlib.sha256(data).hexdigest()),
        )
        state, repeated = await BankIntake(parts, handle, read).take(delivery)
        language = receipts.language_of(languages)
        if state.imported is not None:
            body = receipts.file_receipt(state.imported, language, repeated=repeated)
            return _json(body, language, 200)
        refused = state.refused
        assert refused is not None, "imported or refused"
        raise receipts.file_refusal(refused.status, refused.problem, refused.findings, language)

    @router.get("/bank-files")
    async def bank_files(practice: Practice, read: Read, limit: Limit = 50) -> dict[str, Any]:
        """Return the bank's files, newest first; they are the cooperative's alone."""
        if practice != COOPERATIVE:
            raise Problem(404, "not_found", "There is nothing here.")
        rows = await read(projections.newest_bank_files, limit)
        return {"items": [receipts.file_item(row) for row in rows]}

    return router


def _json(body: dict[str, Any], language: Language, status: int) -> Response:
    return JSONResponse(body, status, headers={"Content-Language": language})
