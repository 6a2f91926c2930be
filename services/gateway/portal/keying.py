"""What the clerks' desk works with: the view of a picture, fields of a sheet, choices. Pure."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, select
from typing_extensions import override

from services.gateway.portal import record_form as form
from services.gateway.tables import practices, users

ROWS_MIN, ROWS_FREE = 8, 3
ZOOMS: Final = (50, 75, 100, 150, 200, 300)
SECOND: Final = "second"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A sheet as the desk shows it."""

    sheet_id: str
    practice_id: str
    state: str
    kind: str
    pages: int
    problem: str
    claimed_by: str
    received_at: datetime

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Waiting":
        """Return a sheet from the answer of the service that keeps it."""
        names = ("sheet_id", "practice_id", "state", "kind", "pages", "problem", "claimed_by")
        at = datetime.fromisoformat(said["received_at"])
        return cls(**{name: said[name] for name in names}, received_at=at)


@dataclass(frozen=True, kw_only=True)
class View:
    """How a picture is looked at: which page, how it is turned, how large."""

    page: int = 1
    pages: int = 1
    turn: int = 0
    zoom: int = 100

    @classmethod
    def of(cls, said: str, pages: int) -> "View":
        """Return the view that a form says; anything else is the first page as it is."""
        parts = said.split(",")
        numbers = [int(part) for part in parts if part.isascii() and part.isdigit()]
        if len(numbers) != 3 or numbers[2] not in ZOOMS:  # noqa: PLR2004
            return cls(pages=pages)
        page, turn, zoom = numbers
        return cls(page=min(max(page, 1), pages), pages=pages, turn=turn % 4, zoom=zoom)

    def after(self, what: str) -> "View":
        """Return the view after a step."""
        place = ZOOMS.index(self.zoom)
        match what:
            case "next":
                return replace(self, page=min(self.page + 1, self.pages))
            case "back":
                return replace(self, page=max(self.page - 1, 1))
            case "turn":
                return replace(self, turn=(self.turn + 1) % 4)
            case "larger":
                return replace(self, zoom=ZOOMS[min(place + 1, len(ZOOMS) - 1)])
            case "smaller":
                return replace(self, zoom=ZOOMS[max(place - 1, 0)])
            case _:
                return self

    @override
    def __str__(self) -> str:
        """Return the view as a form says it."""
        return f"{self.page},{self.turn},{self.zoom}"


def fresh(found: Mapping[str, Any], practice: Any, today: date) -> dict[str, str]:
    """Return what an empty form holds: a number, days, and what is printed on the sheet."""
    fields = form.fresh(found["sheet_id"], today, practice)
    fields["request_id"] = f"E-{found['sheet_id'][:8].upper()}"
    for place, one in enumerate(found["template"]["positions"]):
        fields[f"lines.{place}.tariff"] = one["tariff"]
        fields[f"lines.{place}.code"] = one["code"]
    return fields


def typed(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that were keyed; a printed position without a quantity was not done.

    A line without a day is of the day above it, as people write.
    """
    done: dict[str, str] = {}
    for name, value in texts.items():
        place = name.split(".")[1] if name.startswith(form.LINE) else ""
        if not place or texts.get(f"{form.LINE}{place}.quantity", "").strip():
            done[name] = value
    fields = form.typed(done)
    on = ""
    for line in form.lines_of(fields):
        name = f"{form.LINE}{line.place}.on"
        on = fields.get(name, on)
        if on:
            fields[name] = on
    return fields


def rows_of(fields: Mapping[str, str]) -> int:
    """Return how many rows the table of services has."""
    return max(ROWS_MIN, len(form.lines_of(fields)) + ROWS_FREE)


def applied(
    body: Mapping[str, Any], differences: Sequence[Mapping[str, Any]], chosen: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the second clerk keyed with the first one's values where those were chosen.

    What is left out goes last and from the end, so that it moves nothing that is still to change.
    """
    made: dict[str, Any] = copy.deepcopy(dict(body))
    wanted = [
        one
        for place, one in enumerate(differences)
        if chosen.get(f"choose.{place}", SECOND) != SECOND
    ]
    for one in wanted:
        if one["first"] is not None:
            _put(made, one["path"].strip("/").split("/"), one["first"])
    for one in reversed(wanted):
        if one["first"] is None:
            _put(made, one["path"].strip("/").split("/"), None)
    return made


def _put(inside: Any, steps: Sequence[str], value: Any) -> None:
    for step in steps[:-1]:
        inside = inside[int(step)] if isinstance(inside, list) else inside.setdefault(step, {})
    last = steps[-1]
    if isinstance(inside, list):
        place = int(last)
        if value is None:
            del inside[place]
        elif place < len(inside):
            inside[place] = value
        else:
            inside.append(value)
    elif value is None:
        inside.pop(last, None)
    else:
        inside[last] = value


def names_of(db: Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Return the names of practices."""
    wanted = select(practices.c.practice_id, practices.c.name)
    found = db.execute(wanted.where(practices.c.practice_id.in_(set(ids))))
    return {row.practice_id: row.name for row in found}


def users_of(db: Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Return the names of clerks, to each other."""
    wanted = select(users.c.user_id, users.c.name).where(users.c.user_id.in_(set(ids)))
    return {row.user_id: row.name for row in db.execute(wanted)}
