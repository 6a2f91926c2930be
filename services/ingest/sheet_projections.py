"""What the events of a sheet mean for the read tables, and what is asked of them."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, assert_never

import msgspec
from sqlalchemy import Connection, RowMapping, func, select

from libs.events import Envelope
from libs.events.values import PracticeId
from libs.runtime.rows import Change, change, put
from services.ingest import cursors
from services.ingest.decider.sheet_words import (
    SheetClaimed,
    SheetId,
    SheetKeyed,
    SheetReceived,
    SheetReleased,
    SheetReopened,
    SheetResolved,
    SheetSentBack,
    SheetTakenIn,
)
from services.ingest.decider.template import Printed, SheetTemplateChosen
from services.ingest.tables import sheet_templates, sheets

WAITING, SECOND, DIFFERING = "waiting", "second", "differing"
KEYED, TAKEN, SENT_BACK = "keyed", "taken", "sent_back"
OPEN = (WAITING, SECOND, DIFFERING)
QUEUE_MAX = 200

Shown: TypeAlias = (
    SheetReceived
    | SheetClaimed
    | SheetReleased
    | SheetKeyed
    | SheetResolved
    | SheetReopened
    | SheetTakenIn
    | SheetSentBack
)
NOBODY: dict[str, Any] = {"claimed_by": "", "claimed_until": None}


def project_sheets(event: Shown, envelope: Envelope) -> Iterable[Change]:  # noqa: ARG001
    """Keep where each sheet is."""
    match event:
        case SheetReceived():
            yield _received(event)
        case SheetClaimed():
            yield _now(event, claimed_by=event.by, claimed_until=event.until)
        case SheetReleased():
            yield _now(event, **NOBODY)
        case SheetKeyed(second=False):
            state = KEYED if event.final else SECOND
            yield _now(event, state=state, first_by=event.by, first=event.keyed, **NOBODY)
        case SheetKeyed():
            state = KEYED if event.final else DIFFERING
            yield _now(event, state=state, second_by=event.by, second=event.keyed, **NOBODY)
        case SheetResolved():
            yield _now(event, state=KEYED, **NOBODY)
        case SheetReopened():
            nobody = {"first_by": "", "first": "", "second_by": "", "second": ""}
            yield _now(event, state=WAITING, problem=event.problem, **nobody, **NOBODY)
        case SheetTakenIn():
            ids = {"submission_id": event.submission_id, "invoice_id": event.invoice_id}
            yield _now(event, state=TAKEN, **ids, **NOBODY)
        case SheetSentBack():
            yield _now(event, state=SENT_BACK, reason=event.reason, **NOBODY)
        case _:
            assert_never(event)


def _now(event: Shown, **columns: Any) -> Change:
    return change(sheets, sheet_id=event.sheet_id, **columns)


def _received(event: SheetReceived) -> Change:
    return put(
        sheets,
        sheet_id=event.sheet_id,
        practice_id=event.practice_id,
        received_at=event.received_at,
        document=event.document,
        media_type=event.media_type,
        pages=event.pages,
        size_bytes=event.size_bytes,
        kind=event.kind,
        template_version=event.template_version,
        biller=msgspec.json.encode(event.biller).decode(),
        state=WAITING,
        first_by="",
        first="",
        second_by="",
        second="",
        reason="",
        problem="",
        submission_id=None,
        invoice_id=None,
        **NOBODY,
    )


def project_templates(event: SheetTemplateChosen, envelope: Envelope) -> Iterable[Change]:  # noqa: ARG001
    """Keep every version: a sheet on paper may be an old one."""
    yield put(
        sheet_templates,
        practice_id=event.practice_id,
        version=event.version,
        positions=msgspec.json.encode(event.positions).decode(),
    )


def sheet(db: Connection, sheet_id: SheetId) -> RowMapping | None:
    """Return a sheet, whosever it is."""
    wanted = select(sheets).where(sheets.c.sheet_id == sheet_id)
    return db.execute(wanted).mappings().one_or_none()


def newest_sheets(
    db: Connection, practice_id: PracticeId, after: str, limit: int
) -> tuple[Sequence[RowMapping], str | None]:
    """Return sheets of a practice, newest first, and where the next page begins."""
    wanted = select(sheets).where(sheets.c.practice_id == practice_id)
    order = sheets.c.received_at, sheets.c.sheet_id
    return cursors.newest(db, wanted, order, after, limit)


def queue(db: Connection) -> tuple[int, Sequence[RowMapping]]:
    """Return how many sheets wait for a clerk, and the oldest of them."""
    waiting = select(sheets).where(sheets.c.state.in_(OPEN))
    count = db.execute(
        select(func.count()).select_from(sheets).where(sheets.c.state.in_(OPEN))
    ).scalar_one()
    ordered = waiting.order_by(sheets.c.received_at, sheets.c.sheet_id).limit(QUEUE_MAX)
    return count, db.execute(ordered).mappings().all()


def template(
    db: Connection, practice_id: PracticeId, version: int | None
) -> tuple[int, tuple[Printed, ...]] | None:
    """Return a version of a practice's sheet, by default the newest; None if there is none."""
    wanted = select(sheet_templates).where(sheet_templates.c.practice_id == practice_id)
    if version is not None:
        wanted = wanted.where(sheet_templates.c.version == version)
    newest = wanted.order_by(sheet_templates.c.version.desc()).limit(1)
    row = db.execute(newest).one_or_none()
    if row is None:
        return None
    return row.version, msgspec.json.decode(row.positions, type=tuple[Printed, ...])
