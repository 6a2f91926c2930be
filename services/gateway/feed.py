"""What became of a practice's invoices, in order: the feed behind `/v1/events` and the webhooks.

It is read from the timeline, so nothing is stored for it. A place in it is a position in the log of
each service that speaks. Those numbers are gapless and never change: whoever goes on from a place
misses nothing and gets nothing twice, also after these tables were rebuilt. Facts of one service
stand in its order; those of several by the instants at which they were recorded, as far as they
were heard. Retention is the log's: ten years, like the books (OR 958f).
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, select

from libs.events import PUBLIC, SAID_BY, Envelope, Event
from libs.events.values import PracticeId
from libs.runtime.tables import PARKED
from services.gateway.door import NAME
from services.gateway.feed_fields import FACTS, carries_findings, fields
from services.gateway.said import said
from services.gateway.tables import invoices, timeline

Place: TypeAlias = Mapping[str, int]
"""Service to the position of the last of its facts that was seen; none: from the beginning."""

NOT_SHOWN: Final = frozenset(
    ("BankCreditBooked", "BankCreditReversed", "CreditUnmatched", "ReversalUnmatched",
     "ReceiptParked")
)  # fmt: skip
"""Money whose owner is not known: it belongs to no practice."""

TYPES: Final[Mapping[str, type[Event]]] = {
    name: kind for name, kind in PUBLIC.items() if SAID_BY[name] != NAME and name not in NOT_SHOWN
}
"""Every public fact about a practice's invoices, derived, so that no new one is forgotten."""

SOURCES: Final = tuple(sorted({SAID_BY[name] for name in TYPES}))

SCAN_MAX = 500
"""So many facts of a service are looked at for a page: with a filter it may hold fewer, or none."""

POSITION_MAX = 2**62


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact as the feed shows it."""

    source: str
    position: int
    shown: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The event's id, which is also that of its webhook message."""
        return str(self.shown["id"])

    @property
    def type(self) -> str:
        """The event's wire name."""
        return str(self.shown["type"])


@dataclass(frozen=True, kw_only=True)
class Page:
    """Facts behind a place, the place behind them, and whether there is more already."""

    facts: Sequence[Fact]
    place: Place
    more: bool


@dataclass
class _Part:
    """What one service said behind a place."""

    source: str
    at: int
    rows: list[Row[Any]]
    end: int
    """How far was looked, should all rows be taken."""
    more: bool

    def take(self) -> Row[Any]:
        """Return the next row and go on behind it."""
        row = self.rows.pop(0)
        self.at = row.position if self.rows else self.end
        return row


def page(
    db: Connection, practice: PracticeId, place: Place, types: Collection[str], limit: int
) -> Page:
    """Return at most `limit` facts behind a place; no types: all of them.

    Costs the same wherever the place is and however much the practice has.
    """
    wanted = frozenset(types or TYPES)
    barred = _barred(db, practice)
    parts = [
        _part(db, practice, (source, place.get(source, 0)), barred.get(source), wanted, limit)
        for source in SOURCES
        if any(SAID_BY[name] == source for name in wanted)
    ]
    facts: list[Fact] = []
    while len(facts) < limit and (waiting := [part for part in parts if part.rows]):
        part = min(waiting, key=lambda one: (_utc(one.rows[0].recorded_at), one.source))
        facts.append(fact(part.take()))
    return Page(
        facts=facts,
        place={**place, **{part.source: part.at for part in parts}},
        more=any(part.rows or part.more for part in parts),
    )


def _part(
    db: Connection,
    practice: PracticeId,
    begin: tuple[str, int],
    barred: int | None,
    wanted: frozenset[str],
    limit: int,
) -> _Part:
    """Read one service's facts: a range of one index, so long as the page may be at most."""
    source, after = begin
    here = (timeline.c.practice_id == practice) & (timeline.c.source == source)
    behind = here & (timeline.c.position > after)
    if barred is not None:
        behind &= timeline.c.position < barred
    limit_of = select(timeline.c.position).where(behind).order_by(timeline.c.position)
    upto = db.execute(limit_of.offset(SCAN_MAX - 1).limit(1)).scalar()
    if upto is not None:
        behind &= timeline.c.position <= upto
    rows = list(db.execute(_facts(behind & timeline.c.type.in_(wanted)).limit(limit + 1)))
    known = _known(rows)
    held = len(known) < len(rows)
    seen = known[-1].position if known else after
    whole = upto is not None and not held and len(rows) <= limit
    end = upto if upto is not None and whole else seen
    part = _Part(source, after, known, end, more=whole or len(known) > limit)
    if not known:
        part.at = end
    return part


def _facts(where: ColumnElement[bool]) -> Any:
    joined = timeline.outerjoin(invoices, invoices.c.invoice_id == timeline.c.invoice_id)
    return (
        select(timeline, invoices.c.request_id, invoices.c.number)
        .select_from(joined)
        .where(where)
        .order_by(timeline.c.position)
    )


def _known(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return rows up to the first whose invoice was not heard of yet: another service is ahead."""
    for index, row in enumerate(rows):
        if row.invoice_id is not None and row.request_id is None and not _own_number(row):
            return list(rows[:index])
    return list(rows)


def _own_number(row: Row[Any]) -> str:
    """Return the practice's own number of an invoice as the fact itself says it."""
    data = json.loads(row.data)
    facts = data.get("facts") or {}
    number: str = facts.get("request_id") or data.get("request_id") or ""
    return number


def fact(row: Row[Any]) -> Fact:
    """Return a row as the feed shows it: ids, codes, amounts and days, and nothing of a person."""
    data = said(row.type, row.data)
    stated = data.get("facts") or {}
    own = _own_number(row)
    shown = {name: stated[name] for name in FACTS if name in stated}
    shown |= {name: data[name] for name in fields(row.type) if name in data}
    if carries_findings(row.type):
        shown["findings"] = [_finding(one) for one in data["findings"]]
    return Fact(
        source=row.source,
        position=row.position,
        shown={
            "id": row.event_id,
            "type": row.type,
            "source": row.source,
            "recorded_at": _utc(row.recorded_at).isoformat().replace("+00:00", "Z"),
            "on": row.on.isoformat() if row.on else None,
            "submission_id": row.submission_id,
            "invoice_id": row.invoice_id,
            "request_id": own or row.request_id or "",
            # Of what was said before there was an invoice, the same whenever it is asked.
            "number": data.get("number") or (None if own else row.number),
            "data": shown,
        },
    )


def _finding(found: Mapping[str, Any]) -> Mapping[str, Any]:
    names = {"path": "", "line": 0, "column": 0, "record_id": 0, "rule": ""}
    told = {name: found.get(name, other) for name, other in names.items()}
    return {"code": found["code"], "severity": found["severity"], **told}


def one(db: Connection, practice: PracticeId, event_id: str) -> Fact | None:
    """Return a fact by its id; None if the practice has none such in its feed."""
    here = (timeline.c.event_id == event_id) & (timeline.c.practice_id == practice)
    row = db.execute(_facts(here)).first()
    return fact(row) if row is not None and row.type in TYPES else None


def end(db: Connection, practice: PracticeId) -> Place:
    """Return the place behind everything that was heard of a practice so far."""
    barred = _barred(db, practice)
    return {source: _last(db, practice, source, barred.get(source)) for source in SOURCES}


def _last(db: Connection, practice: PracticeId, source: str, barred: int | None) -> int:
    here = (timeline.c.practice_id == practice) & (timeline.c.source == source)
    if barred is not None:
        here &= timeline.c.position < barred
    last = select(timeline.c.position).where(here).order_by(timeline.c.position.desc()).limit(1)
    return db.execute(last).scalar() or 0


def _barred(db: Connection, practice: PracticeId) -> Mapping[str, int]:
    """Return where each service's facts end for now: before what was heard and is parked.

    What is parked comes into the timeline late, at its own place. Nobody may be past it by then.
    """
    kept = (PARKED.c.consumer == NAME) & PARKED.c.discarded_at.is_(None)
    found: dict[str, int] = defaultdict(lambda: POSITION_MAX)
    for row in db.execute(select(PARKED.c.source, PARKED.c.envelope).where(kept)):
        envelope = msgspec.msgpack.decode(row.envelope, type=Envelope)
        if envelope.tenant == practice:
            found[row.source] = min(found[row.source], envelope.position)
    return dict(found)


def _utc(at: datetime) -> datetime:
    """Return an instant in UTC; SQLite gives back naive ones."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
