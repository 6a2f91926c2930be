"""Answers that are kept under an Idempotency-Key, so that a request sent again does nothing again.

Kept for a week and longer, sealed, for each practice and route by itself (P9). A request that died
on the way holds its key for a minute; whoever sends it again then does the same work under the same
command id, which finds what was done.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    Table,
    Text,
    delete,
    select,
    update,
)

from libs.runtime.rows import INSERT
from services.gateway.access import aware, metadata

answers = Table(
    "answers",
    metadata,
    Column("key_hash", Text, primary_key=True),  # digest of practice, route and key
    Column("body_hash", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("held_until", DateTime(timezone=True)),  # null once it is answered
    Column("status", Integer),
    Column("answer", LargeBinary),  # sealed: headers and body
)

KEPT: Final = timedelta(days=8)
HELD: Final = timedelta(seconds=60)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it was given."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a key was used for before."""

    was: Literal["new", "answered", "other_body", "in_flight"]
    status: int = 0
    sealed: bytes = b""
    wait_seconds: int = 0


def key_hash(practice: str, route: str, key: str) -> str:
    """Return under what a key is kept: another practice's is another one (B34)."""
    return hashlib.sha256(f"{practice}\x1f{route}\x1f{key}".encode()).hexdigest()


def claim(db: Connection, hashed: str, body_hash: str, now: datetime) -> Claim:
    """Take a key for a request, or say what it was used for."""
    db.execute(delete(answers).where(answers.c.at < now - KEPT))
    first: dict[str, Any] = {
        "key_hash": hashed,
        "body_hash": body_hash,
        "at": now,
        "held_until": now + HELD,
    }
    new = INSERT[db.dialect.name](answers).values(first).on_conflict_do_nothing()
    if db.execute(new.returning(answers.c.key_hash)).first() is not None:
        return Claim(was="new")
    row = db.execute(select(answers).where(answers.c.key_hash == hashed)).one()
    if row.body_hash != body_hash:
        return Claim(was="other_body")
    if row.held_until is None:
        return Claim(was="answered", status=row.status, sealed=row.answer)
    until = aware(row.held_until, now)
    if until > now:
        return Claim(was="in_flight", wait_seconds=max(1, (until - now).seconds))
    here = answers.c.key_hash == hashed
    db.execute(update(answers).where(here).values(held_until=now + HELD))
    return Claim(was="new")


def keep(db: Connection, hashed: str, status: int, sealed: bytes | None) -> None:
    """Keep what was answered."""
    given = {"held_until": None, "status": status, "answer": sealed}
    db.execute(update(answers).where(answers.c.key_hash == hashed).values(given))


def let_go(db: Connection, hashed: str) -> None:
    """Free a key whose request was refused: it may be sent again, mended."""
    here = answers.c.key_hash == hashed
    db.execute(delete(answers).where(here, answers.c.held_until.is_not(None)))
