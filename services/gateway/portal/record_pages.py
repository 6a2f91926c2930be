"""Entering services: drafts, the form with its live total, handing in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from libs.events.values import Language, Law, PracticeId, Scheme, Variant
from libs.runtime.ids import new_id
from libs.runtime.web import Problem
from services.gateway import sessions
from services.gateway.api.ids import is_id
from services.gateway.api.records import handed_on, previewed, searched
from services.gateway.drafts import DRAFTS_MAX, KEPT, Draft, Drafts
from services.gateway.portal import record_form as form
from services.gateway.portal.catalogue import Words
from services.gateway.portal.findings import Sentence
from services.gateway.portal.forms import Long, Short
from services.gateway.portal.frame import HandsIn, Page, Visit, html

router = APIRouter(route_class=Page, include_in_schema=False)

Tariff = Annotated[str, Query(pattern="^([0-9A-Z]{3})?$")]
"""Empty where no list of prices was imported yet: nothing is found then."""
FOUND_MAX = 8


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a form comes to, and what is told at its fields."""

    fields: Mapping[str, str]
    tried: bool = False
    total: Mapping[str, Any] | None = None
    told: Mapping[str, Sequence[Sentence]] = field(default_factory=dict)
    errors: int = 0

    @property
    def lines(self) -> list[form.Line]:
        """The lines as typed."""
        return form.lines_of(self.fields)

    @property
    def prepaid_rappen(self) -> int:
        """What was paid before, where it is an amount."""
        found = form.body_of(self.fields).get("prepaid_rappen", 0)
        return found if isinstance(found, int) else 0

    @property
    def rounding_rappen(self) -> int:
        """What rounding to 5 rappen adds or takes (BR-43)."""
        if not self.total or not self.total["lines"]:
            return 0
        due, amount = self.total["due_rappen"], self.total["amount_rappen"]
        return int(due - amount + self.prepaid_rappen)

    def detailed(self, place: int) -> bool:
        """Say whether a line says more than a row shows, or is told something about it."""
        names = {f"{form.LINE}{place}.{name}" for name in form.DETAILS}
        return bool(names & {*self.fields, *self.told})

    def any_of(self, group: str) -> bool:
        """Say whether something was typed into, or is told at, a group of fields."""
        return any(name.startswith(group) for name in (*self.fields, *self.told))

    def priced(self, place: int) -> Mapping[str, Any]:
        """Return what a line was priced as; empty where it has no price yet."""
        lines = self.total["lines"] if self.total else []
        found: Mapping[str, Any] = lines[place] if place < len(lines) else {}
        return found


@router.get("/records")
async def records(visit: HandsIn, done: Annotated[str, Query(max_length=36)] = "") -> Response:
    """List the drafts, and say what came of the record that was just handed in."""
    found = await _drafts(visit).newest()
    receipt = await _receipt(visit, done) if done else None
    return await visit.page(
        "records.html", "records", drafts=found, receipt=receipt, days=KEPT.days, form=form
    )


@router.post("/records")
async def begin(request: Request, visit: HandsIn, sent: Short) -> Response:
    """Begin a draft with what can be guessed."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    draft_id = new_id()
    fields = form.fresh(draft_id, visit.today, visit.practice)
    if not await _drafts(visit).keep(draft_id, fields, new=True):
        drafts = await _drafts(visit).newest()
        notice = {"tone": "bad", "text": visit.t("record.too_many", count=DRAFTS_MAX)}
        values = {"drafts": drafts, "receipt": None, "days": KEPT.days, "notice": notice}
        return await visit.page("records.html", "records", 409, **values, form=form)
    return RedirectResponse(f"/records/{draft_id}", 303)


@router.get("/records/positions")
async def positions(
    visit: HandsIn,
    tariff: Tariff = "",
    q: Annotated[str, Query(max_length=100)] = "",
    day: str = "",
) -> Response:
    """Return positions that begin like what is being typed; each is a button of the form."""
    found = await _search(visit, tariff, q, day) if tariff else ()
    return html("record_found.html", t=visit.t, found=found, q=q, tariff=tariff)


@router.get("/records/{draft_id}")
async def record(
    visit: HandsIn, draft_id: str, tariff: str = "", q: str = "", day: str = ""
) -> Response:
    """Show a draft; without JavaScript the search is a part of its address."""
    draft = await _draft(visit, draft_id)
    shown = await _shown(visit, draft.fields, tried=False)
    found = await _search(visit, tariff, q, day) if tariff and q else None
    search = {"tariff": tariff, "q": q, "day": day, "found": found}
    return await _form_page(visit, draft_id, shown, search)


@router.post("/records/{draft_id}/delete")
async def throw_away(request: Request, visit: HandsIn, draft_id: str, sent: Short) -> Response:
    """Throw a draft away."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    await _draft(visit, draft_id)
    await _drafts(visit).drop(draft_id)
    return RedirectResponse("/records", 303)


@router.post("/records/{draft_id}")
async def work(request: Request, visit: HandsIn, draft_id: str, sent: Long) -> Response:
    """Keep what was typed, then do what was asked: add or remove a line, search, hand in."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    await _draft(visit, draft_id)
    texts = sent.texts()
    act, _, what = texts.get("act", "").partition(":")
    fields = form.typed(texts)
    if act == "add":
        tariff, _, code = what.partition("|")
        fields = form.with_line(fields, tariff, code, texts.get("day") or visit.today.isoformat())
    elif act == "remove" and what.isascii() and what.isdigit():
        fields = form.without_line(fields, int(what))
    if not await _drafts(visit).keep(draft_id, fields):
        raise Problem(404, "not_found", "There is no such draft any more.")
    if act == "hand_in":
        return await _hand_in(visit, draft_id, fields)
    shown = await _shown(visit, fields, tried=bool(texts.get("tried")))
    if visit.partial:
        values: dict[str, Any] = {"lines_too": act in {"add", "remove"}, "added": act == "add"}
        values |= {"t": visit.t, "now": visit.now}
        return html("record_part.html", **_values(draft_id, shown), **values)
    if act == "search":
        asked = {name: texts.get(name, "") for name in ("tariff", "q", "day")}
        query = "&".join(f"{name}={quote(value)}" for name, value in asked.items())
        return RedirectResponse(f"/records/{draft_id}?{query}#q", 303)
    return RedirectResponse(f"/records/{draft_id}#lines", 303)


async def _hand_in(visit: Visit, draft_id: str, fields: Mapping[str, str]) -> Response:
    """Hand a draft in once nothing stands in its way; until then it is no refusal of anybody's."""
    shown = await _shown(visit, fields, tried=True)
    if shown.errors or shown.total is None:
        return await _form_page(visit, draft_id, shown, {}, 422)
    answer = await handed_on(
        visit.door, PracticeId(visit.practice_id), _language(visit), _json(fields),
        variant=Variant.WEB,
    )  # fmt: skip
    receipt = msgspec.json.decode(answer.content)
    if answer.is_success:
        await _drafts(visit).drop(draft_id)
        return RedirectResponse(f"/records?done={receipt['submission_id']}", 303)
    refused = _told(fields, shown.total, receipt.get("findings", ()), tried=True)
    return await _form_page(visit, draft_id, refused, {}, 422)


async def _shown(visit: Visit, fields: Mapping[str, str], *, tried: bool) -> Shown:
    """Return what a form comes to; where prices cannot be asked for, the form stays usable."""
    try:
        answer = await previewed(
            visit.door, PracticeId(visit.practice_id), _language(visit), _json(fields),
            "application/json",
        )  # fmt: skip
    except Problem:
        return Shown(fields=fields, tried=tried)
    total = msgspec.json.decode(answer.content)
    return _told(fields, total, total["findings"], tried=tried)


def _told(
    fields: Mapping[str, str], total: Any, found: Sequence[Mapping[str, Any]], *, tried: bool
) -> Shown:
    said = [
        (
            one["path"],
            Sentence(one["severity"], one["message"], one["remedy"], 0, one["code"]),
        )
        for one in found
    ]
    count = len(form.lines_of(fields))
    return Shown(
        fields=fields,
        tried=tried,
        total=total,
        told=form.told_at(said, count, tried=tried),
        errors=sum(one["severity"] == "error" for one in found),
    )


async def _form_page(
    visit: Visit, draft_id: str, shown: Shown, search: Mapping[str, Any], status: int = 200
) -> Response:
    names = await _tariffs(visit)
    first = form.FIRST_TARIFF.get(visit.practice.kind, "007")
    given = {"tariff": first, "q": "", "day": visit.today.isoformat(), "found": None}
    chosen = given | {name: value for name, value in search.items() if value}
    values = _values(draft_id, shown) | {"tariffs": names, "search": chosen}
    values |= {"lines_too": True, "added": False} | choices(visit.t)
    return await visit.page("record.html", "records", status, **values)


def choices(t: Words) -> dict[str, Sequence[tuple[str, str]]]:
    """Return what can be chosen in fields that are lists: values and their words."""
    return {
        "laws": [(law, t(f"law.{law}")) for law in Law],
        "schemes": [(scheme, t(f"scheme.{scheme}")) for scheme in Scheme],
        "reasons": [(one, t(f"record.reason.{one}")) for one in form.REASONS],
        "diagnoses": [(one, t(f"record.diagnosis.{one}")) for one in form.DIAGNOSES],
        "sexes": [(one, t(f"record.sex.{one or 'none'}")) for one in form.SEXES],
    }


def _values(draft_id: str, shown: Shown) -> dict[str, Any]:
    return {"draft_id": draft_id, "shown": shown, "form": form}


async def _tariffs(visit: Visit) -> Sequence[str]:
    try:
        answer = await visit.ask("ingest", "GET", "/tariffs")
    except Problem:
        return ()
    return [one["tariff"] for one in msgspec.json.decode(answer.content)["items"]]


async def _search(visit: Visit, tariff: str, q: str, day: str) -> Sequence[Mapping[str, Any]]:
    answer = await searched(
        visit.door, PracticeId(visit.practice_id), _language(visit), tariff, q=q, on=day,
        limit=str(FOUND_MAX),
    )  # fmt: skip
    if not answer.is_success:
        return ()
    items: Sequence[Mapping[str, Any]] = msgspec.json.decode(answer.content)["items"]
    return items


async def _receipt(visit: Visit, submission_id: str) -> Mapping[str, Any] | None:
    answer = await visit.ask("ingest", "GET", f"/submissions/{quote(submission_id)}")
    found: Mapping[str, Any] = msgspec.json.decode(answer.content)
    return found if answer.is_success else None


async def _draft(visit: Visit, draft_id: str) -> Draft:
    found = await _drafts(visit).get(draft_id) if is_id(draft_id) else None
    if found is None:
        raise Problem(404, "not_found", "There is no such draft.")
    return found


def _drafts(visit: Visit) -> Drafts:
    return Drafts(visit.door, PracticeId(visit.practice_id))


def _language(visit: Visit) -> Language:
    return visit.t.language


def _json(fields: Mapping[str, str]) -> bytes:
    return json.dumps(form.body_of(fields), ensure_ascii=False).encode()
