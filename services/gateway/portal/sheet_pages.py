"""Sheets on paper as their practice sees them: handing in, where each is, its own sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from libs.paper.blank import POSITIONS_MAX
from libs.runtime.web import Problem
from services.gateway import sessions
from services.gateway.api.ids import is_id
from services.gateway.api.sheet_models import TemplatePositions
from services.gateway.api.sheets import chosen, handed_on, template_answer, template_of
from services.gateway.portal.findings import Sentence
from services.gateway.portal.forms import Short, WithFiles
from services.gateway.portal.frame import HandsIn, Page, Visit

router = APIRouter(route_class=Page, include_in_schema=False)

FILES_MAX = 20
TONES: Mapping[str, str] = {
    "waiting": "info",
    "second": "info",
    "differing": "info",
    "keyed": "info",
    "taken": "good",
    "sent_back": "warn",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet as the list shows it."""

    sheet_id: str
    state: str
    kind: str
    pages: int
    reason: str
    invoice_id: str | None
    received_at: datetime

    @property
    def tone(self) -> str:
        """Return the colour and shape of its tag."""
        return TONES[self.state]


class Listed(msgspec.Struct, frozen=True):
    """A page of the list."""

    items: list[Shown]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of one file of the form."""

    file: str
    word: Literal["waiting", "read", "repeated", "rejected", "away"]
    invoice_id: str = ""
    findings: Sequence[Sentence] = ()

    @property
    def tone(self) -> str:
        """Return the colour and shape of its tag."""
        return {"rejected": "bad", "away": "warn", "repeated": "info"}.get(self.word, "good")


@router.get("/sheets")
async def sheets(visit: HandsIn, cursor: Annotated[str, Query(max_length=200)] = "") -> Response:
    """List the practice's sheets, with the form to hand in others."""
    return await sheets_page(visit, cursor=cursor)


async def sheets_page(
    visit: Visit,
    verdicts: Sequence[Verdict] = (),
    error: str = "",
    cursor: str = "",
    status: int = 200,
) -> Response:
    """Return the list, above it what became of what was just handed in."""
    params = {"cursor": cursor} if cursor else {}
    answer = await visit.ask("ingest", "GET", "/sheets", params=params)
    if not answer.is_success:
        raise Problem(400, "invalid_cursor", "Use next_cursor of the page before.")
    found = msgspec.json.decode(answer.content, type=Listed)
    return await visit.page(
        "sheets.html",
        "sheets",
        status,
        rows=found.items,
        more_href=f"/sheets?cursor={found.next}" if found.next else None,
        verdicts=verdicts,
        error=error,
        files_max=FILES_MAX,
        bytes_max=visit.door.parts.settings.paper_bytes_max,
    )


@router.post("/sheets")
async def hand_in(request: Request, visit: HandsIn, sent: WithFiles) -> Response:
    """Hand scans in. Sent again, a scan changes nothing."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    files = sent.files("files")
    if not files:
        return await sheets_page(visit, error=visit.t("hand_in.no_files"), status=422)
    if len(files) > FILES_MAX:
        megabytes = visit.door.parts.settings.paper_bytes_max // 1_000_000
        error = visit.t("hand_in.too_much", files=FILES_MAX, mb=megabytes)
        return await sheets_page(visit, error=error, status=422)
    verdicts = [await _verdict(visit, one.filename or "", await one.read()) for one in files]
    return await sheets_page(visit, verdicts)


async def _verdict(visit: Visit, filename: str, data: bytes) -> Verdict:
    name = filename.replace("\\", "/").rpartition("/")[2][:120]
    try:
        answer = await handed_on(visit.door, visit.session.practice_id, visit.t.language, data)
        said: Mapping[str, Any] = answer.json()
    except (Problem, ValueError):
        return Verdict(file=name, word="away")
    if not answer.is_success:
        return Verdict(file=name, word="rejected", findings=sentences_of(said))
    if said["repeated"]:
        return Verdict(file=name, word="repeated", invoice_id=said["invoice_id"] or "")
    word: Literal["waiting", "read"] = "read" if said["invoice_id"] else "waiting"
    receipt = said["receipt"] or {}
    return Verdict(
        file=name,
        word=word,
        invoice_id=said["invoice_id"] or "",
        findings=sentences_of(receipt),
    )


def sentences_of(said: Mapping[str, Any]) -> list[Sentence]:
    """Return the findings of an answer as sentences."""
    return [
        Sentence(
            one["severity"], one.get("message", ""), one.get("remedy", ""), one.get("line", 0),
            one["code"],
        )
        for one in said.get("findings", ())
    ]  # fmt: skip


@router.get("/sheets/{sheet_id}/picture")
async def picture(
    visit: HandsIn,
    sheet_id: str,
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
    turn: Annotated[int, Query(ge=0, le=3)] = 0,
) -> Response:
    """Return a page of one of the practice's sheets."""
    return await picture_of(visit, visit.practice_id, sheet_id, page=page, turn=turn, width=1_200)


async def picture_of(
    visit: Visit, practice: str, sheet_id: str, *, page: int, turn: int, width: int
) -> Response:
    """Return a page as PNG, made anew."""
    if not is_id(sheet_id):
        raise Problem(404, "not_found", "There is no such sheet.")
    params = {"turn": str(turn), "width": str(width)}
    path = f"/sheets/{sheet_id}/pages/{page}"
    answer = await visit.door.ask("ingest", "GET", path, practice=practice, params=params)
    if not answer.is_success:
        raise Problem(404, "not_found", "There is no such page.")
    headers = {"Cache-Control": "no-store"}
    return Response(answer.content, media_type="image/png", headers=headers)


@router.get("/sheets/template")
async def template(visit: HandsIn, done: Annotated[str, Query(pattern="^1?$")] = "") -> Response:
    """Show which positions are printed on the practice's own sheet."""
    found = await template_of(visit.door, visit.session.practice_id)
    rows = [(one.tariff, one.code, one.name) for one in found.positions]
    notice = {"tone": "good", "text": visit.t("template.done", version=found.version)}
    return await template_page(visit, rows, notice=notice if done else None)


async def template_page(
    visit: Visit,
    rows: Sequence[tuple[str, str, str]],
    error: str = "",
    status: int = 200,
    notice: Mapping[str, str] | None = None,
) -> Response:
    """Return the form; what was typed stays in it, and empty rows wait for more."""
    filled = [*rows, *([("", "", "")] * (POSITIONS_MAX - len(rows)))]
    values = {"rows": filled, "error": error, "notice": notice, "count": POSITIONS_MAX}
    return await visit.page("sheet_template.html", "sheets", status, **values)


@router.post("/sheets/template")
async def choose(request: Request, visit: HandsIn, sent: Short) -> Response:
    """Choose the positions; the sheets that lie about with older ones stay good."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    rows = []
    for place in range(POSITIONS_MAX):
        names = ("tariff", "code", "name")
        row = tuple(sent.text(f"{name}.{place}").strip() for name in names)
        if any(row):
            rows.append((row[0].upper(), row[1], row[2]))
    said = [{"tariff": one[0], "code": one[1], "name": one[2]} for one in rows]
    try:
        body = TemplatePositions.model_validate({"positions": said})
    except ValidationError:
        return await template_page(visit, rows, visit.t("template.wrong"), 422)
    by = f"user:{visit.session.user_id}"
    await chosen(visit.door, visit.session.practice_id, body, by)
    return RedirectResponse("/sheets/template?done=1", 303)


@router.get("/sheets/template.pdf")
async def template_pdf(visit: HandsIn) -> Response:
    """Return the practice's own sheet to be printed."""
    return await template_answer(visit.door, visit.session.practice_id, visit.today)
