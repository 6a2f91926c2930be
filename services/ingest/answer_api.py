"""The internal HTTP interface for insurers' answers, called by the gateway."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from libs.events.values import PracticeId
from libs.runtime.service import Parts
from libs.runtime.web import Handle, Now, Read
from services.ingest import answers, receipts
from services.ingest.answer_intake import AnswerIntake, Sent
from services.ingest.headers import Languages, Limit, Practice

PATH = "/insurer-answers"


def routes(parts: Parts) -> APIRouter:
    """Return the endpoints. What belongs to another practice is not found (B54)."""
    router = APIRouter()

    @router.post(PATH)
    async def take(
        request: Request, handle: Handle, read: Read, now: Now, languages: Languages = ""
    ) -> Response:
        """Record what an insurer answered. The same answer again is recorded once."""
        sent = Sent(
            data=await request.body(),
            content_type=request.headers.get("content-type", ""),
            at=now,
        )
        state, repeated = await AnswerIntake(parts, handle, read).take(sent)
        language = receipts.language_of(languages)
        refused = state.refused
        if refused is not None:
            raise receipts.file_refusal(refused.status, refused.problem, refused.findings, language)
        status = 200 if repeated else 202
        return JSONResponse(answers.receipt(state, repeated=repeated), status)

    @router.get(PATH)
    async def listed(
        practice: Practice, read: Read, decision: str = "", cursor: str = "", limit: Limit = 50
    ) -> dict[str, Any]:
        """List the answers to a practice's invoices, newest first."""
        rows, more = await read(answers.newest, PracticeId(practice), decision, cursor, limit)
        return {"items": [answers.item(row) for row in rows], "next": more}

    return router
