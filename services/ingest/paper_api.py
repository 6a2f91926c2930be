"""The internal HTTP interface for what comes as documents, called by the gateway."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from libs.events.values import PracticeId
from libs.records import Finished
from libs.records.biller import HEADER, heard
from libs.runtime.service import Parts
from libs.runtime.web import Handle, Now, Read, Today
from services.ingest import keying_api, receipts, sheet_api
from services.ingest.bodies.finished import FinishedIntake
from services.ingest.headers import Languages, Practice
from services.ingest.intake import Arrival, Intake
from services.ingest.scanned.desk import Desk
from services.ingest.scanned.looking import Limits

Billers = Annotated[str, Header(alias=HEADER)]


def limits_of(parts: Parts) -> Limits:
    """Return what a document may have, as the settings say."""
    settings = parts.settings
    return Limits(pages=settings.paper_pages_max, pixels=settings.paper_pixels_max)


def routes(parts: Parts) -> APIRouter:
    """Return the endpoints. What belongs to another practice is not found (B54)."""
    router = APIRouter()
    desk = Desk()
    router.include_router(sheet_api.routes(parts, desk))
    router.include_router(keying_api.routes(parts))
    judge = FinishedIntake(
        desk=desk, limits=limits_of(parts), bytes_max=parts.settings.paper_bytes_max
    )

    @router.post("/finished-invoices", status_code=202)
    async def finished(
        request: Request,
        practice: Practice,
        biller: Billers,
        handle: Handle,
        read: Read,
        today: Today,
        now: Now,
        languages: Languages = "",
    ) -> Response:
        """Take an invoice that its practice finished. The same again gets the same receipt."""
        sent = msgspec.msgpack.decode(await request.body(), type=Finished)
        arrival = Arrival(
            practice_id=PracticeId(practice),
            data=sent.metadata,
            content_type="application/json",
            today=today,
            at=now,
            finished=sent.document,
        )
        judged = await judge.judge(arrival, heard(biller))
        state, repeated = await Intake(parts, handle, read).settle(arrival, judged)
        return receipts.answer(state, receipts.language_of(languages), repeated=repeated)

    return router
