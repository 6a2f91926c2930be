"""A practice, and the dated versions of what it wants (BR-159)."""

import json
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field
from sqlalchemy import Connection, Row, func, select

from libs.events.terms import Contract, Deliveries, Reminding, Settings, Terms
from libs.events.values import PracticeId
from libs.records.handed import Day
from libs.runtime.web import Handle, Problem, Today
from services.gateway.api.bodies import Strict, described, json_body
from services.gateway.api.models import PROBLEMS, PracticeItem, SettingsItem
from services.gateway.api.versions import IfMatch, etag, expected
from services.gateway.auth import Asking, Practice, needs, not_here
from services.gateway.decider.practice import ConfigurePractice, Registered
from services.gateway.door import InDoor
from services.gateway.tables import practices, settings

router = APIRouter(prefix="/v1/practice", tags=["practice"], responses=PROBLEMS)

Section = Literal["terms", "reminding", "contract", "deliveries"]
SECTIONS: dict[str, type[Terms | Reminding | Contract | Deliveries]] = {
    "terms": Terms,
    "reminding": Reminding,
    "contract": Contract,
    "deliveries": Deliveries,
}
OWN_SECTIONS = ("terms", "reminding", "deliveries")
"""What a practice changes itself; the contract is the cooperative's to change."""


class SettingsRequest(Strict):
    """A new version of a section; without a day it takes effect today."""

    valid_from: Annotated[Day | None, Field(strict=False)] = None
    settings: dict[str, Any]


EXAMPLE = {
    "valid_from": "2026-10-01",
    "settings": {"rappel_plus": True, "wait_days": [45, 30, 10, 10, 25]},
}
SettingsBody = Annotated[SettingsRequest, Depends(json_body(SettingsRequest))]


@router.get("", dependencies=[needs("account:read")])
async def practice(door: InDoor, practice_id: Practice) -> PracticeItem:
    """Return the member that the token is for, with its settings."""
    found = await door.read(particulars, practice_id)
    if found is None:
        raise not_here()
    row, versions = found
    known = {name: getattr(row, name) for name in PracticeItem.model_fields if name in row._fields}
    known |= {"glns": json.loads(row.glns), "zsrs": json.loads(row.zsrs)}
    items = [setting(section, versions.get(section)) for section in SECTIONS]
    return PracticeItem(**known, settings=items)


@router.get("/settings/{section}", dependencies=[needs("account:read")])
async def section_settings(
    section: Section, door: InDoor, practice_id: Practice, response: Response
) -> SettingsItem:
    """Return the newest version of a section; its ETag goes into If-Match of a change."""
    found = setting(section, (await door.read(newest, practice_id)).get(section))
    response.headers["ETag"] = etag(section, found.version)
    return found


@router.put(
    "/settings/{section}",
    dependencies=[needs("settings:write")],
    openapi_extra=described(SettingsRequest, EXAMPLE),
)
async def change_settings(
    section: Annotated[Section, Path(examples=["reminding"])],
    practice_id: Practice,
    who: Asking,
    today: Today,
    handle: Handle,
    wanted: SettingsBody,
    response: Response,
    if_match: IfMatch = None,
) -> SettingsItem:
    """Add a version of a section. It takes effect from the next step on, never backwards."""
    if section not in OWN_SECTIONS and "admin" not in who.scopes:
        raise Problem(403, "forbidden", "The cooperative agrees this section with you.")
    state = await handle(
        ConfigurePractice(
            practice_id=practice_id,
            settings=typed(section, wanted.settings),
            valid_from=wanted.valid_from or today,
            today=today,
            by=who.name,
            expected_version=expected(section, if_match),
        )
    )
    assert isinstance(state, Registered), "what was configured is registered"
    last = state.sections[section]
    response.headers["ETag"] = etag(section, last.version)
    return SettingsItem(
        section=section,
        version=last.version,
        valid_from=last.valid_from,
        settings=msgspec.to_builtins(last.settings),
    )


def typed(section: Section, given: dict[str, Any]) -> Settings:
    """Return settings as their service reads them; 422 with the place of what is wrong."""
    kind = SECTIONS[section]
    unknown = set(given) - set(kind.__struct_fields__)
    if unknown:
        raise Problem(422, "invalid", "There is no such setting.", path=f"settings/{min(unknown)}")
    try:
        return msgspec.convert({**given, "type": kind.__name__}, kind)
    except msgspec.ValidationError as error:
        # What a value says of itself is ours; what msgspec says may repeat what was sent (P21).
        own = error.__cause__
        why = str(own) if isinstance(own, ValueError) else "A setting is not as it must be."
        raise Problem(422, "invalid", why, path="settings") from None


def setting(section: Any, row: Row[Any] | None) -> SettingsItem:
    """Return a version of a section, or its defaults."""
    if row is None:
        defaults = msgspec.to_builtins(SECTIONS[section]())
        return SettingsItem(section=section, version=0, valid_from=None, settings=defaults)
    return SettingsItem(
        section=section,
        version=row.version,
        valid_from=row.valid_from,
        settings=json.loads(row.data),
    )


def particulars(
    db: Connection, practice_id: PracticeId
) -> tuple[Row[Any], dict[str, Row[Any]]] | None:
    """Return a practice and the newest version of each section."""
    row = db.execute(select(practices).where(practices.c.practice_id == practice_id)).one_or_none()
    return None if row is None else (row, newest(db, practice_id))


def newest(db: Connection, practice_id: PracticeId) -> dict[str, Row[Any]]:
    """Return the newest version of each section that was ever changed."""
    last = (
        select(settings.c.section, func.max(settings.c.version).label("version"))
        .where(settings.c.practice_id == practice_id)
        .group_by(settings.c.section)
        .subquery()
    )
    wanted = (
        select(settings)
        .join(last, (settings.c.section == last.c.section) & (settings.c.version == last.c.version))
        .where(settings.c.practice_id == practice_id)
    )
    return {row.section: row for row in db.execute(wanted)}
