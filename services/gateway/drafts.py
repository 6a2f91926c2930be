"""Drafts of service records: what somebody has typed and not handed in yet.

No facts of the business, so they stand beside the log: sealed, for each practice by itself, deleted
when they are handed in or thrown away, and forgotten a month after the last change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    LargeBinary,
    Table,
    Text,
    delete,
    func,
    select,
)

from libs.events.values import PracticeId
from libs.runtime.rows import INSERT
from services.gateway.access import aware, metadata
from services.gateway.door import Door

KEPT: Final = timedelta(days=31)
DRAFTS_MAX: Final = 200
"""Of one practice at a time."""

drafts = Table(
    "drafts",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("draft_id", Text, primary_key=True),
    Column("changed_at", DateTime(timezone=True), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What stands in the fields of a form, as it was typed."""

    draft_id: str
    changed_at: datetime
    fields: Mapping[str, str]


class Drafts:
    """The drafts of one practice."""

    def __init__(self, door: Door, practice_id: PracticeId) -> None:
        self._door = door
        self._practice_id = practice_id
        self._vault = door.parts.vault
        self._subject = door.parts.vault.pseudonym("drafts", practice_id)

    async def get(self, draft_id: str) -> Draft | None:
        """Return a draft; None where there is none of this id."""
        row = await self._door.read(find, self._practice_id, draft_id)
        return None if row is None else self._opened(row)

    async def newest(self) -> Sequence[Draft]:
        """Return all drafts, the last changed first."""
        rows = await self._door.read(newest, self._practice_id)
        return [self._opened(row) for row in rows]

    async def keep(self, draft_id: str, fields: Mapping[str, str], *, new: bool = False) -> bool:
        """Keep what was typed; False where it is gone, or where there are too many for a new one.

        A draft that was handed in meanwhile, in another window, does not come back.
        """
        data = msgspec.json.encode(dict(fields))
        sealed = self._vault.seal_bytes(data, self._subject, draft_id)
        row = {
            "practice_id": self._practice_id,
            "draft_id": draft_id,
            "changed_at": self._door.parts.clock.now(),
            "sealed": sealed,
        }
        return await self._door.write(add if new else change, row)

    async def drop(self, draft_id: str) -> None:
        """Throw a draft away; nothing if it is gone."""
        await self._door.write(drop, self._practice_id, draft_id)

    def _opened(self, row: Any) -> Draft:
        data = self._vault.open_bytes(row.sealed, self._subject, row.draft_id)
        assert data is not None, "the key of drafts is no person's and is never destroyed"
        return Draft(
            draft_id=row.draft_id,
            changed_at=aware(row.changed_at, self._door.parts.clock.now()),
            fields=msgspec.json.decode(data, type=dict[str, str]),
        )


def find(db: Connection, practice_id: str, draft_id: str) -> Any:
    """Return the row of a draft."""
    return db.execute(select(drafts).where(*_here(practice_id, draft_id))).one_or_none()


def newest(db: Connection, practice_id: str) -> Sequence[Any]:
    """Return the rows of a practice."""
    mine = select(drafts).where(drafts.c.practice_id == practice_id)
    return db.execute(mine.order_by(drafts.c.changed_at.desc(), drafts.c.draft_id)).all()


def add(db: Connection, row: Mapping[str, Any]) -> bool:
    """Keep a new draft, unless there are too many; forget what nobody has touched for long."""
    db.execute(delete(drafts).where(drafts.c.changed_at < row["changed_at"] - KEPT))
    mine = select(func.count()).where(drafts.c.practice_id == row["practice_id"])
    if db.execute(mine).scalar_one() >= DRAFTS_MAX:
        return False
    db.execute(INSERT[db.dialect.name](drafts).values(row).on_conflict_do_nothing())
    return True


def change(db: Connection, row: Mapping[str, Any]) -> bool:
    """Keep what a draft holds now; False where it is gone."""
    here = drafts.update().where(*_here(row["practice_id"], row["draft_id"]))
    done = db.execute(here.values(changed_at=row["changed_at"], sealed=row["sealed"]))
    return done.rowcount > 0


def drop(db: Connection, practice_id: str, draft_id: str) -> None:
    """Delete a draft."""
    db.execute(delete(drafts).where(*_here(practice_id, draft_id)))


def _here(practice_id: str, draft_id: str) -> tuple[Any, Any]:
    return drafts.c.practice_id == practice_id, drafts.c.draft_id == draft_id
