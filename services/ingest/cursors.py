"""Lists that show the newest first, a page at a time (B52)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import Column, Connection, RowMapping, Select, and_, or_

from libs.runtime.cursors import cursor, place
from services.ingest.projections import aware


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page."""

    at: Annotated[datetime, msgspec.Meta(tz=True)]
    key: str


def newest(
    db: Connection,
    wanted: Select[Any],
    order: tuple[Column[Any], Column[Any]],
    after: str,
    limit: int,
) -> tuple[Sequence[RowMapping], str | None]:
    """Return a page in the order of an instant and a key, and the cursor of the page behind it.

    Raises a 400 problem for a cursor that no page gave.
    """
    at, key = order
    if after:
        last = place(after, Place)
        wanted = wanted.where(or_(at < last.at, and_(at == last.at, key < last.key)))
    rows = db.execute(wanted.order_by(at.desc(), key.desc()).limit(limit + 1)).mappings().all()
    if len(rows) <= limit:
        return rows, None
    end = rows[limit - 1]
    return rows[:limit], cursor(Place(aware(end[at.name]), end[key.name]))
