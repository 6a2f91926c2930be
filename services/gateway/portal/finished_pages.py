"""Handing in a finished invoice: its document, and what must be known to send and to watch it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from libs.runtime.ids import new_id
from libs.runtime.web import Problem
from services.gateway import sessions
from services.gateway.api.finished import handed_on
from services.gateway.portal import record_form as form
from services.gateway.portal.findings import Sentence
from services.gateway.portal.forms import WithManyFields
from services.gateway.portal.frame import HandsIn, Page, Visit
from services.gateway.portal.record_pages import choices
from services.gateway.portal.sheet_pages import sentences_of

router = APIRouter(route_class=Page, include_in_schema=False)

OWN: Final = (
    "document", "amount_rappen", "vat", "treatment.begins_on", "treatment.ends_on",
)  # fmt: skip
"""Fields that only this form has, by the place in the body."""
TYPED: Final = ("amount_rappen", "vat.0.rate", "vat.0.vat_rappen", *OWN[3:])


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A form as it stands, and what is told at its fields."""

    fields: Mapping[str, str]
    told: Mapping[str, Sequence[Sentence]] = field(default_factory=dict)
    error: str = ""

    def any_of(self, group: str) -> bool:
        """Say whether something was typed into, or is told at, a group of fields."""
        return any(name.startswith(group) for name in (*self.fields, *self.told))


@router.get("/finished")
async def finished(
    visit: HandsIn, done: Annotated[str, Query(pattern="^([0-9a-f-]{36})?$")] = ""
) -> Response:
    """Ask for a document and what must be known of it; say what came of the one before."""
    fields = form.fresh(new_id(), visit.today, visit.practice)
    return await finished_page(visit, Shown(fields=fields), done=done)


async def finished_page(visit: Visit, shown: Shown, status: int = 200, done: str = "") -> Response:
    """Return the form; what was typed stays in it, the document must be chosen again."""
    bytes_max = visit.door.parts.settings.paper_bytes_max
    return await visit.page(
        "finished.html",
        "finished",
        status,
        shown=shown,
        done=done,
        bytes_max=bytes_max,
        **choices(visit.t),
    )


@router.post("/finished")
async def hand_in(request: Request, visit: HandsIn, sent: WithManyFields) -> Response:
    """Hand both in; where something is wrong, say what and where."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    texts = {name: text for name, text in sent.texts().items() if text}
    own = {name: texts[name].strip() for name in TYPED if name in texts}
    fields = form.typed(texts) | own
    files = sent.files("document")
    if len(files) != 1:
        error = visit.t("finished.no_document")
        return await finished_page(visit, Shown(fields=fields, error=error), 422)
    try:
        answer = await handed_on(
            visit.door,
            visit.session.practice_id,
            visit.t.language,
            json.dumps(body_of(fields)).encode(),
            await files[0].read(),
        )
    except Problem:
        error = visit.t("verdict.away.text")
        return await finished_page(visit, Shown(fields=fields, error=error), 503)
    said: Mapping[str, Any] = answer.json()
    if answer.is_success:
        return RedirectResponse(f"/finished?done={said['invoice_id']}", 303)
    told = told_at(said)
    shown = Shown(fields=fields, told=told, error=visit.t("finished.refused"))
    return await finished_page(visit, shown, 422)


def body_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata that the fields say; one rate of VAT is on the whole amount."""
    body = form.body_of({name: text for name, text in fields.items() if text})
    body.pop("lines", None)  # they stand on the document
    groups = body.get("vat")
    if groups:
        groups[0]["amount_rappen"] = body.get("amount_rappen")
        groups[0].setdefault("vat_rappen", 0)
    return body


def told_at(said: Mapping[str, Any]) -> dict[str, Sequence[Sentence]]:
    """Return what is said at which field; at "" what belongs to none."""
    placed = list(
        zip([one.get("path", "") for one in said.get("findings", ())], sentences_of(said),
            strict=True)
    )  # fmt: skip
    own: dict[str, list[Sentence]] = {}
    others = []
    for path, sentence in placed:
        name = path.strip("/").replace("/", ".")
        at = next((one for one in OWN if name == one or name.startswith(f"{one}.")), "")
        if at:
            own.setdefault(at, []).append(sentence)
        else:
            others.append((path, sentence))
    return {**form.told_at(others, 0, tried=True), **own}
