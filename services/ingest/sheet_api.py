"""The internal HTTP interface for sheets: a practice's own, and the desk where clerks key them."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import RowMapping

from libs.events.values import COOPERATIVE, DocumentId, Language, PracticeId
from libs.records.biller import HEADER, heard
from libs.runtime.service import Parts
from libs.runtime.web import Handle, Now, Problem, Read, Today
from services.ingest import projections, receipts, sheet_projections
from services.ingest.decider.sheet_words import SheetId
from services.ingest.decider.template import ChooseTemplate, Printed
from services.ingest.headers import Languages, Limit, Practice
from services.ingest.scanned.desk import Desk
from services.ingest.scanned.looking import Limits, Show, Unfit
from services.ingest.sheet_intake import Scan, SheetIntake, Taken

Billers = Annotated[str, Header(alias=HEADER)]
SHOWN = (
    "sheet_id", "state", "kind", "pages", "media_type", "size_bytes", "template_version", "reason",
    "problem", "submission_id", "invoice_id",
)  # fmt: skip


def routes(parts: Parts, desk: Desk) -> APIRouter:
    """Return the endpoints. What belongs to another practice is not found (B54)."""
    router = APIRouter()
    router.include_router(_taking(parts, desk))
    router.include_router(_looking())
    router.include_router(_pages(parts, desk))
    router.include_router(_templates())
    return router


def _taking(parts: Parts, desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.post("/sheets", status_code=receipts.TAKEN)
    async def receive(
        request: Request,
        practice: Practice,
        biller: Billers,
        handle: Handle,
        read: Read,
        today: Today,
        now: Now,
        languages: Languages = "",
    ) -> Response:
        """Take one scan; the same bytes again are the same sheet."""
        scan = Scan(
            practice_id=PracticeId(practice),
            biller=heard(biller),
            data=await request.body(),
            today=today,
            at=now,
        )
        known = await read(sheet_projections.sheet, scan.sheet_id)
        taken = await SheetIntake(parts, handle, read, desk).take(scan)
        language = receipts.language_of(languages)
        row = await read(sheet_projections.sheet, scan.sheet_id)
        repeated = known is not None and known["state"] != sheet_projections.SENT_BACK
        return _answer(taken, row, language, repeated=repeated)

    return router


def _answer(
    taken: Taken, row: RowMapping | None, language: Language, *, repeated: bool
) -> Response:
    """Return what became of a scan; one whose codes were read has a receipt inside."""
    receipt = None
    if taken.verdict is not None:
        state, before = taken.verdict
        made = receipts.answer(state, language, repeated=before)  # raises what is refused
        receipt = msgspec.json.decode(bytes(made.body))
    assert row is not None, "what is not refused is kept"
    body = sheet_of(row) | {"repeated": repeated, "receipt": receipt}
    status = receipts.TAKEN_BEFORE if repeated else receipts.TAKEN
    return JSONResponse(body, status, headers={"Content-Language": language})


def _looking() -> APIRouter:
    router = APIRouter()

    @router.get("/sheets")
    async def sheets(
        practice: Practice, read: Read, cursor: str = "", limit: Limit = 50
    ) -> dict[str, Any]:
        """Return the sheets of a practice, newest first; `next` leads to the page after."""
        rows, more = await read(
            sheet_projections.newest_sheets, PracticeId(practice), cursor, limit
        )
        return {"items": [sheet_of(row) for row in rows], "next": more}

    @router.get("/sheets/{sheet_id}")
    async def sheet(sheet_id: str, practice: Practice, read: Read) -> dict[str, Any]:
        """Return where a sheet is."""
        return sheet_of(await owned(read, sheet_id, practice))

    return router


def _pages(parts: Parts, desk: Desk) -> APIRouter:
    router = APIRouter()
    settings = parts.settings
    limits = Limits(pages=settings.paper_pages_max, pixels=settings.paper_pixels_max)

    @router.get("/sheets/{sheet_id}/pages/{page}")
    async def page(
        sheet_id: str,
        page: Annotated[int, Path(ge=1, le=1_000)],
        practice: Practice,
        read: Read,
        width: Annotated[int, Query(ge=200, le=3_000)] = 1_000,
        turn: Annotated[int, Query(ge=0, le=3)] = 0,
    ) -> Response:
        """Return a page as PNG, turned by so many quarters; made anew, without what else is in it.

        The cooperative's clerks see all sheets.
        """
        row = await owned(read, sheet_id, practice)
        data = await parts.documents.get(DocumentId(row["document"]))
        if data is None:
            raise Problem(410, "erased", "The sheet was erased with its subject's data.")
        angle = (0, 90, 180, 270)
        asked = Show(data=data, limits=limits, page=page - 1, width=width, turn=angle[turn])  # type: ignore[arg-type]  # a quarter of a tuple is still one of its angles
        shown = await desk.show(asked)
        if isinstance(shown, Unfit):
            raise Problem(404, "not_found", "There is no such page.")
        return Response(shown.png, media_type="image/png", headers={"Cache-Control": "no-store"})

    return router


def _templates() -> APIRouter:
    router = APIRouter()

    @router.get("/sheet-template")
    async def template(
        practice: Practice, read: Read, version: Annotated[int | None, Query(ge=0)] = None
    ) -> dict[str, Any]:
        """Return what is printed on a practice's sheet."""
        found = await read(sheet_projections.template, PracticeId(practice), version)
        return template_of(found)

    @router.put("/sheet-template")
    async def choose(
        request: Request, practice: Practice, handle: Handle, by: str = ""
    ) -> dict[str, Any]:
        """Choose what is printed; the same again is the same version."""
        positions = msgspec.json.decode(await request.body(), type=tuple[Printed, ...])
        state = await handle(
            ChooseTemplate(practice_id=PracticeId(practice), positions=positions, by=by)
        )
        return template_of((state.version, state.positions))

    return router


def template_of(found: tuple[int, tuple[Printed, ...]] | None) -> dict[str, Any]:
    """Return a sheet's positions as they are shown; version 0 has none."""
    version, positions = found or (0, ())
    return {
        "version": version,
        "positions": [
            {"tariff": one.tariff, "code": one.code, "name": one.name} for one in positions
        ],
    }


async def owned(read: Any, sheet_id: str, practice: str) -> RowMapping:
    """Return a sheet of a practice; the cooperative's clerks see every one."""
    row: RowMapping | None = await read(sheet_projections.sheet, SheetId(sheet_id))
    if row is None or practice not in {row["practice_id"], COOPERATIVE}:
        raise Problem(404, "not_found", "There is no such sheet.")
    return row


def sheet_of(row: RowMapping) -> dict[str, Any]:
    """Return a sheet as its practice sees it."""
    received_at = projections.aware(row["received_at"]).isoformat()
    return {name: row[name] for name in SHOWN} | {"received_at": received_at}
