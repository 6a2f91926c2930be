"""The internal HTTP interface of the clerks' desk: the cooperative alone has it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import RowMapping

from libs.events.values import COOPERATIVE, PracticeId
from libs.runtime.service import Parts
from libs.runtime.web import Handle, Now, Problem, Read
from services.ingest import projections, receipts, sheet_projections
from services.ingest.decider.sheet_words import (
    ClaimSheet,
    ReleaseSheet,
    SendSheetBack,
    SheetId,
    Why,
)
from services.ingest.findings import Unreadable
from services.ingest.headers import Languages, Practice
from services.ingest.sheet_api import owned, sheet_of, template_of
from services.ingest.sheet_keying import Keying, SheetDesk

By = Annotated[str, Query(min_length=1, max_length=100)]


def routes(parts: Parts) -> APIRouter:
    """Return the endpoints; for anybody but the cooperative there is nothing here."""
    router = APIRouter()
    router.include_router(_queue(parts))
    router.include_router(_acts())
    router.include_router(_bodies(parts))
    return router


def _queue(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.get("/keying")
    async def queue(practice: Practice, read: Read, now: Now) -> dict[str, Any]:
        """Return what waits for a clerk, the oldest first."""
        _cooperative(practice)
        count, rows = await read(sheet_projections.queue)
        return {"waiting": count, "items": [_item(row, now) for row in rows]}

    @router.get("/keying/{sheet_id}")
    async def sheet(
        sheet_id: str, practice: Practice, handle: Handle, read: Read, now: Now
    ) -> dict[str, Any]:
        """Return a sheet with what is printed on it and, where two clerks differ, in what."""
        row = await _sheet(read, sheet_id, practice)
        desk = SheetDesk(parts, handle, read)
        version = row["template_version"]
        key = PracticeId(row["practice_id"]), version
        template = await read(sheet_projections.template, *key) if version is not None else None
        return _item(row, now) | {
            "template": template_of(template),
            "differences": await desk.differences(row),
            "body": await desk.body_to_correct(row),
        }

    return router


def _acts() -> APIRouter:
    router = APIRouter()

    @router.post("/keying/{sheet_id}/claim")
    async def claim(
        sheet_id: str, practice: Practice, by: By, handle: Handle, read: Read, now: Now
    ) -> dict[str, Any]:
        """Take a sheet in hand for a while."""
        row = await _sheet(read, sheet_id, practice)
        await handle(ClaimSheet(**_ids(row), by=by, now=now))
        return _item(await _sheet(read, sheet_id, practice), now)

    @router.post("/keying/{sheet_id}/release")
    async def release(
        sheet_id: str, practice: Practice, by: By, handle: Handle, read: Read, now: Now
    ) -> dict[str, Any]:
        """Lay a sheet back."""
        row = await _sheet(read, sheet_id, practice)
        await handle(ReleaseSheet(**_ids(row), by=by))
        return _item(await _sheet(read, sheet_id, practice), now)

    @router.post("/keying/{sheet_id}/send-back")
    async def send_back(
        sheet_id: str, practice: Practice, by: By, reason: Why, handle: Handle, read: Read, now: Now
    ) -> dict[str, Any]:
        """Tell the practice why its sheet cannot be keyed."""
        row = await _sheet(read, sheet_id, practice)
        await handle(SendSheetBack(**_ids(row), by=by, reason=reason, now=now))
        return _item(await _sheet(read, sheet_id, practice), now)

    return router


def _bodies(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.post("/keying/{sheet_id}/body")
    async def key(
        sheet_id: str,
        request: Request,
        practice: Practice,
        by: By,
        handle: Handle,
        read: Read,
        now: Now,
        languages: Languages = "",
    ) -> Response:
        """Keep what a clerk keyed, or say what is wrong with it; then nothing is kept."""
        row = await _sheet(read, sheet_id, practice)
        keying = Keying(row=row, by=by, body=await request.body(), at=now)
        found = await SheetDesk(parts, handle, read).key(keying)
        if isinstance(found, Unreadable):
            raise receipts.refusal_of(found, receipts.language_of(languages))
        return JSONResponse(_item(await _sheet(read, sheet_id, practice), now))

    return router


def _cooperative(practice: str) -> None:
    if practice != COOPERATIVE:
        raise Problem(404, "not_found", "There is nothing here.")


async def _sheet(read: Any, sheet_id: str, practice: str) -> RowMapping:
    _cooperative(practice)
    return await owned(read, sheet_id, practice)


def _ids(row: RowMapping) -> dict[str, Any]:
    return {"practice_id": PracticeId(row["practice_id"]), "sheet_id": SheetId(row["sheet_id"])}


def _item(row: RowMapping, now: datetime) -> dict[str, Any]:
    """Return a sheet as a clerk sees it; a claim that has ended is none."""
    until = row["claimed_until"]
    held = until is not None and projections.aware(until) > now
    return sheet_of(row) | {
        "practice_id": row["practice_id"],
        "claimed_by": row["claimed_by"] if held else "",
        "first_by": row["first_by"],
        "second_by": row["second_by"],
    }
