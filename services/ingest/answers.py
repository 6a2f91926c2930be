"""Insurers' answers in ingest's tables: what came in, and what the refused invoices had in common.

An insurer's numbers are its own. What a practice can mend is what our checks had named when the
invoice came in, so the refusals of a practice are counted by those findings: where they stand on a
new message, its sender is told how often insurers refused that before.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection, RowMapping, func, select

from libs.events import Envelope, InsurerAnswered
from libs.events.handed import Finding
from libs.events.values import InvoiceId, Kind, PracticeId
from libs.runtime.clock import ZURICH
from libs.runtime.rows import Change, put
from services.ingest import cursors
from services.ingest.decider.answer import Answer, AnswerRefused
from services.ingest.findings import CATALOGUE
from services.ingest.projections import ACCEPTED, aware, findings_of
from services.ingest.tables import insurer_answers, refusals, submissions

Heard: TypeAlias = InsurerAnswered | AnswerRefused

LEARNED_DAYS = 365
"""How long a refusal counts as experience."""
BEFORE = "refused_before"
RECORDED, REFUSED = "recorded", "refused"


class Asked(NamedTuple):
    """The message that an answer is about."""

    practice_id: str
    noticed: tuple[str, ...]
    """What our checks had named when it came in."""


def project_answers(event: Heard, envelope: Envelope) -> Iterable[Change]:
    """Keep what an insurer answered, and on what it refused."""
    received_at = event.received_at or envelope.recorded_at
    match event:
        case InsurerAnswered():
            yield put(
                insurer_answers,
                answer_id=event.answer_id,
                practice_id=event.practice_id,
                state=RECORDED,
                received_at=received_at,
                invoice_id=event.invoice_id,
                request_id=event.request_id,
                insurer_gln=event.insurer_gln,
                about=event.about.value,
                decision=event.decision,
                codes=_json(event.codes),
                reasons=_json(event.reasons),
                content=event.content,
                problem="",
            )
            yield from _refusals(event)
        case AnswerRefused():
            yield put(
                insurer_answers,
                answer_id=event.answer_id,
                practice_id=event.practice_id,
                state=REFUSED,
                received_at=received_at,
                invoice_id=None,
                request_id=event.request_id,
                insurer_gln="",
                about="",
                decision="",
                codes="[]",
                reasons="[]",
                content=event.content,
                problem=event.problem,
            )


def _refusals(event: InsurerAnswered) -> Iterable[Change]:
    """Keep what stood on an invoice that was refused; the answer to a storno teaches nothing."""
    if event.decision == "rejected" and event.about is Kind.INVOICE:
        key = {"practice_id": event.practice_id, "invoice_id": event.invoice_id}
        on = event.answered_at.astimezone(ZURICH).date()
        for code in event.noticed:
            yield put(refusals, code=code, on=on, **key)


def answered_by(db: Connection, invoice_id: InvoiceId) -> Asked | None:
    """Return the accepted message of an invoice, whoever handed it in; None if there is none."""
    wanted = select(submissions.c.practice_id, submissions.c.findings).where(
        submissions.c.invoice_id == invoice_id,
        submissions.c.state == ACCEPTED,
        submissions.c.kind == Kind.INVOICE.value,
    )
    row = db.execute(wanted.order_by(submissions.c.received_at).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    codes = {finding.code for finding in findings_of(row)} - {BEFORE}
    return Asked(row["practice_id"], tuple(sorted(codes)))


def refused_since(
    db: Connection, practice_id: PracticeId, codes: Iterable[str], since: date
) -> Mapping[str, int]:
    """Return how many invoices of a practice insurers refused since a day, by finding."""
    wanted = (
        select(refusals.c.code, func.count())
        .where(
            refusals.c.practice_id == practice_id,
            refusals.c.code.in_(sorted(codes)),
            refusals.c.on >= since,
        )
        .group_by(refusals.c.code)
    )
    return {row.code: int(row[1]) for row in db.execute(wanted)}


def learned(
    db: Connection, practice_id: PracticeId, findings: Sequence[Finding], today: date
) -> tuple[Finding, ...]:
    """Return a warning for each finding on which insurers refused this practice's invoices."""
    codes = {finding.code for finding in findings}
    if not codes:
        return ()
    since = today - timedelta(days=LEARNED_DAYS)
    counts = refused_since(db, practice_id, codes, since)
    found: dict[str, Finding] = {}
    for one in findings:
        if one.code in counts and one.code not in found:
            found[one.code] = Finding(
                code=BEFORE,
                severity="warning",
                path=one.path,
                line=one.line,
                column=one.column,
                record_id=one.record_id,
                rule=CATALOGUE[BEFORE].rule,
                params={"count": str(counts[one.code]), "finding": one.code},
            )
    return tuple(found.values())


def newest(
    db: Connection, practice_id: PracticeId, decision: str, after: str, limit: int
) -> tuple[Sequence[RowMapping], str | None]:
    """Return the answers to a practice's invoices, newest first, and where the next page begins.

    `decision` leaves out all others; empty: none.
    """
    wanted = select(insurer_answers).where(
        insurer_answers.c.practice_id == practice_id, insurer_answers.c.state == RECORDED
    )
    if decision:
        wanted = wanted.where(insurer_answers.c.decision == decision)
    order = insurer_answers.c.received_at, insurer_answers.c.answer_id
    return cursors.newest(db, wanted, order, after, limit)


def item(row: RowMapping) -> dict[str, Any]:
    """Return a row as the list shows it."""
    shown = ("answer_id", "invoice_id", "request_id", "insurer_gln", "about", "decision")
    return {
        **{name: row[name] for name in shown},
        "codes": msgspec.json.decode(row["codes"]),
        "reasons": msgspec.json.decode(row["reasons"]),
        "received_at": aware(row["received_at"]).isoformat(),
    }


def receipt(state: Answer, *, repeated: bool) -> dict[str, Any]:
    """Return what the sender of a recorded answer is told; nothing of what it says."""
    recorded = state.recorded
    assert recorded is not None, "a refused one is a problem document"
    return {
        "answer_id": recorded.answer_id,
        "invoice_id": recorded.invoice_id,
        "request_id": recorded.request_id,
        "decision": recorded.decision,
        "received_at": recorded.received_at.isoformat() if recorded.received_at else None,
        "repeated": repeated,
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
