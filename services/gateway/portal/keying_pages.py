"""The clerks' desk for sheets on paper: the queue, the picture beside the form, differences."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from libs.events.values import COOPERATIVE, PracticeId
from libs.runtime.web import Problem
from services.gateway import sessions
from services.gateway.api.ids import is_id
from services.gateway.api.records import previewed
from services.gateway.portal import keying, queries
from services.gateway.portal import record_form as form
from services.gateway.portal.findings import Sentence
from services.gateway.portal.forms import Long, Short
from services.gateway.portal.frame import Page, Visit, visit_of
from services.gateway.portal.record_pages import choices
from services.gateway.portal.sheet_pages import picture_of, sentences_of
from services.gateway.scopes import KEYS_SHEETS

router = APIRouter(route_class=Page, include_in_schema=False)

REASONS = (
    "unreadable", "incomplete", "not_a_sheet", "person_unclear", "services_unclear", "duplicate",
)  # fmt: skip
REFUSALS = frozenset(("claimed_by_other", "not_waiting", "second_clerk_needed"))


async def _at_the_desk(request: Request) -> Visit:
    """Let clerks of all practices in; for everybody else there is nothing here."""
    session = await sessions.require(request)
    if KEYS_SHEETS not in session.scopes or session.practice_ids:
        raise Problem(404, "not_found", "There is nothing here.")
    return await visit_of(request, session)


Desk = Annotated[Visit, Depends(_at_the_desk)]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A form as it stands, and what is told at its fields."""

    fields: Mapping[str, str]
    told: Mapping[str, Sequence[Sentence]] = field(default_factory=dict)
    total_rappen: int | None = None
    error: str = ""

    @property
    def rows(self) -> list[form.Line]:
        """The lines as typed, and some empty ones behind them."""
        count = keying.rows_of(self.fields)
        return [form.Line(place, self.fields) for place in range(count)]


async def _ask(visit: Visit, method: str, path: str, **more: Any) -> Any:
    """Ask for the cooperative: sheets of all practices are keyed here."""
    more.setdefault("language", visit.t.language)
    return await visit.door.ask("ingest", method, path, practice=COOPERATIVE, **more)


async def _sheet(visit: Visit, sheet_id: str) -> Mapping[str, Any]:
    answer = await _ask(visit, "GET", f"/keying/{sheet_id}") if is_id(sheet_id) else None
    if answer is None or not answer.is_success:
        raise Problem(404, "not_found", "There is no such sheet.")
    found: Mapping[str, Any] = answer.json()
    return found


@router.get("/keying")
async def queue(visit: Desk, why: Annotated[str, Query(pattern="^[a-z_]{0,30}$")] = "") -> Response:
    """Show what waits, the oldest first."""
    found = (await _ask(visit, "GET", "/keying")).json()
    names = await visit.door.read(keying.names_of, [one["practice_id"] for one in found["items"]])
    users = await visit.door.read(
        keying.users_of, [one["claimed_by"] for one in found["items"] if one["claimed_by"]]
    )
    notice = {"tone": "warn", "text": visit.t(f"keying.why.{why}")} if why in REFUSALS else None
    return await visit.page(
        "keying_queue.html",
        "keying",
        rows=[keying.Waiting.of(one) for one in found["items"]],
        waiting=found["waiting"],
        names=names,
        users=users,
        me=visit.session.user_id,
        notice=notice,
    )


@router.post("/keying/next")
async def take_next(request: Request, visit: Desk, sent: Short) -> Response:
    """Take the oldest sheet in hand that this clerk may key."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    found = (await _ask(visit, "GET", "/keying")).json()
    for one in found["items"]:
        if one["claimed_by"] not in {"", visit.session.user_id}:
            continue
        answer = await _act(visit, one["sheet_id"], "claim")
        if answer.is_success:
            return RedirectResponse(f"/keying/{one['sheet_id']}", 303)
    return RedirectResponse("/keying", 303)


async def _act(visit: Visit, sheet_id: str, act: str, **more: str) -> Any:
    params = {"by": visit.session.user_id, **more}
    return await _ask(visit, "POST", f"/keying/{sheet_id}/{act}", params=params)


@router.get("/keying/{sheet_id}")
async def sheet(visit: Desk, sheet_id: str) -> Response:
    """Show a sheet beside its form; whoever has not taken it in hand may do so."""
    found = await _sheet(visit, sheet_id)
    fields = keying.fresh(found, await _practice(visit, found), visit.today)
    return await _page(visit, found, Shown(fields=fields))


@router.get("/keying/{sheet_id}/picture")
async def picture(
    visit: Desk,
    sheet_id: str,
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
    turn: Annotated[int, Query(ge=0, le=3)] = 0,
) -> Response:
    """Return a page of a sheet."""
    return await picture_of(visit, COOPERATIVE, sheet_id, page=page, turn=turn, width=1_600)


async def _practice(visit: Visit, found: Mapping[str, Any]) -> Any:
    return await visit.door.read(queries.practice, found["practice_id"])


async def _page(
    visit: Visit, found: Mapping[str, Any], shown: Shown, status: int = 200, view: str = ""
) -> Response:
    template = "keying_differences.html" if found["differences"] else "keying.html"
    return await visit.page(
        template,
        "keying",
        status,
        sheet=keying.Waiting.of(found),
        view=keying.View.of(view, found["pages"]),
        mine=found["claimed_by"] == visit.session.user_id,
        shown=shown,
        differences=found["differences"],
        of=(await _practice(visit, found)),
        reasons=REASONS,
        **_choices(visit),
    )


def _choices(visit: Visit) -> dict[str, Any]:
    found = choices(visit.t)
    return {"reasons_of": found.pop("reasons"), **found}


@router.post("/keying/{sheet_id}")
async def work(request: Request, visit: Desk, sheet_id: str, sent: Long) -> Response:
    """Do what was asked: take in hand, turn the picture, check, keep, send back, lay back."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    found = await _sheet(visit, sheet_id)
    texts = sent.texts()
    act, _, what = texts.get("act", "").partition(":")
    if act in {"claim", "release"}:
        answer = await _act(visit, sheet_id, act)
        to = f"/keying/{sheet_id}" if act == "claim" else "/keying"
        return RedirectResponse(to if answer.is_success else _why(answer), 303)
    if act == "send_back" and texts.get("reason") in REASONS:
        answer = await _act(visit, sheet_id, "send-back", reason=texts["reason"])
        return RedirectResponse("/keying" if answer.is_success else _why(answer), 303)
    view = keying.View.of(texts.get("view", ""), found["pages"])
    if act == "view":
        shown = Shown(fields=keying.typed(texts))
        return await _page(visit, found, shown, view=str(view.after(what)))
    if found["differences"]:
        body = keying.applied(found["body"], found["differences"], texts)
        return await _keep(visit, found, Shown(fields={}), body, str(view))
    fields = keying.typed(texts)
    body = form.body_of(fields)
    if act == "check":
        return await _checked(visit, found, fields, body, str(view))
    return await _keep(visit, found, Shown(fields=fields), body, str(view))


def _why(answer: Any) -> str:
    code = answer.json().get("code", "")
    return f"/keying?why={code}" if code in REFUSALS else "/keying"


async def _checked(
    visit: Visit, found: Mapping[str, Any], fields: Mapping[str, str], body: Any, view: str
) -> Response:
    """Show what was keyed comes to, and what is noticed at which field; nothing is kept."""
    practice = PracticeId(found["practice_id"])
    data = json.dumps(body).encode()
    answer = await previewed(visit.door, practice, visit.t.language, data, "application/json")
    said = answer.json()
    told = form.told_at(_placed(said), len(form.lines_of(fields)), tried=True)
    total = said.get("due_rappen") if said.get("lines") else None
    shown = Shown(fields=fields, told=told, total_rappen=total)
    return await _page(visit, found, shown, view=view)


async def _keep(
    visit: Visit, found: Mapping[str, Any], shown: Shown, body: Any, view: str
) -> Response:
    """Keep what was keyed and go on to the next sheet, or say what is wrong with it."""
    sheet_id = found["sheet_id"]
    path, params = f"/keying/{sheet_id}/body", {"by": visit.session.user_id}
    answer = await _ask(visit, "POST", path, params=params, json=body)
    if answer.is_success:
        return RedirectResponse("/keying", 303)
    said = answer.json()
    if said["code"] in REFUSALS:
        return RedirectResponse(_why(answer), 303)
    told = form.told_at(_placed(said), len(form.lines_of(shown.fields)), tried=True)
    refused = Shown(fields=shown.fields, told=told, error=visit.t("keying.refused"))
    return await _page(visit, found, refused, 422, view)


def _placed(said: Mapping[str, Any]) -> list[tuple[str, Sentence]]:
    paths = [one.get("path", "") for one in said.get("findings", ())]
    return list(zip(paths, sentences_of(said), strict=True))
