"""When a practice hands in, so that we miss a batch that does not come (BR-169)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from libs.events.terms import Deliveries, UnfitSetting
from libs.events.values import PracticeId
from libs.runtime.ids import new_id
from services.gateway import sessions
from services.gateway.api.practice import newest, setting
from services.gateway.decider.practice import ChangedMeanwhile, ConfigurePractice
from services.gateway.portal.forms import Short
from services.gateway.portal.frame import ChangesSettings, Page, Visit

router = APIRouter(route_class=Page, include_in_schema=False)

PATH: Final = "/submissions/calendar"
RHYTHMS: Final = ("none", "daily", "weekly", "fortnightly", "monthly", "other")
FIELDS: Final = Deliveries.__struct_fields__
WRONG: Final = "deliveries.wrong"
FIELD_MAX: Final = 20


@router.get(PATH)
async def calendar(visit: ChangesSettings, done: str = "") -> Response:
    """Show the calendar as it is, to be changed."""
    found = setting("deliveries", (await visit.read(newest)).get("deliveries"))
    typed = {name: _typed(found.settings.get(name)) for name in FIELDS}
    return await _page(visit, typed, found.version, done=bool(done))


@router.post(PATH)
async def change(request: Request, visit: ChangesSettings, sent: Short) -> Response:
    """Keep the calendar from today on."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    typed = {name: sent.text(name, length_max=FIELD_MAX).strip() for name in FIELDS}
    version = sent.text("version", length_max=9)
    seen = int(version) if version.isascii() and version.isdigit() else 0
    wanted = deliveries_of(typed)
    if not isinstance(wanted, Deliveries):
        return await _page(visit, typed, seen, error=wanted, status=422)
    command = ConfigurePractice(
        practice_id=PracticeId(visit.practice_id),
        settings=wanted,
        valid_from=visit.today,
        today=visit.today,
        by=f"user:{visit.session.user_id}",
        expected_version=seen,
    )
    try:
        await visit.door.parts.handle("gateway", command, new_id())
    except ChangedMeanwhile:
        return await _page(visit, typed, seen, error="deliveries.changed", status=409)
    return RedirectResponse(f"{PATH}?done=1", 303)


def deliveries_of(typed: Mapping[str, str]) -> Deliveries | str:
    """Return the calendar that was typed, or the key of the sentence that says what is wrong."""
    given: dict[str, Any] = {name: value for name, value in typed.items() if value}
    if typed["cut_off"].count(":") == 1:  # browsers leave the seconds out
        given["cut_off"] += ":00"
    try:
        return msgspec.convert({**given, "type": "Deliveries"}, Deliveries, strict=False)
    except msgspec.ValidationError as error:
        why = error.__cause__
        return f"deliveries.wrong.{why.setting}" if isinstance(why, UnfitSetting) else WRONG


async def _page(
    visit: Visit,
    typed: Mapping[str, str],
    version: int,
    *,
    error: str = "",
    status: int = 200,
    done: bool = False,
) -> Response:
    shown = {"typed": typed, "version": version, "error": error, "rhythms": RHYTHMS}
    notice = {"tone": "good", "text": visit.t("deliveries.kept")} if done else None
    return await visit.page("calendar.html", "submissions", status, **shown, notice=notice)


def _typed(value: Any) -> str:
    """Return a setting as its field shows it; a time without seconds."""
    text = "" if value in {None, 0} else str(value)
    return text.removesuffix(":00") if text.count(":") > 1 else text
