"""Questions that the HTTP interface and the letters ask of dunning's read tables."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, select

from libs.events.values import DocumentId, InvoiceId, PracticeId, Stage
from services.dunning.calls import ATTEMPTS_MAX, UNREACHED
from services.dunning.tables import cases, debtors, holds, steps


def cases_of(
    db: Connection, practice: PracticeId, *, ended: bool, after: str, limit: int
) -> Sequence[RowMapping]:
    """Return a page of a practice's cases in the order of their ids."""
    over = cases.c.ended.is_not(None) if ended else cases.c.ended.is_(None)
    wanted = (
        select(cases)
        .where(cases.c.practice_id == practice, over, cases.c.invoice_id > after)
        .order_by(cases.c.invoice_id)
        .limit(limit)
    )
    return db.execute(wanted).mappings().all()


def case_of(db: Connection, practice: PracticeId, invoice: InvoiceId) -> dict[str, Any] | None:
    """Return one case with its holds and steps; None if the practice has no such case."""
    found = (
        db.execute(
            select(cases).where(cases.c.invoice_id == invoice, cases.c.practice_id == practice)
        )
        .mappings()
        .one_or_none()
    )
    if found is None:
        return None
    held = select(holds).where(holds.c.invoice_id == invoice).order_by(holds.c.on, holds.c.reason)
    taken = (
        select(steps)
        .where(steps.c.invoice_id == invoice)
        .order_by(steps.c.on, steps.c.run, steps.c.stage)
    )
    return {
        **found,
        "holds": [dict(row) for row in db.execute(held).mappings()],
        "steps": [dict(row) for row in db.execute(taken).mappings()],
    }


def calls_of(db: Connection, practice: PracticeId) -> Sequence[RowMapping]:
    """Return the cases of a practice whose debtor is to be called, longest waiting first."""
    held = exists().where(holds.c.invoice_id == cases.c.invoice_id)
    unreached = cases.c.call_outcome.is_(None) | cases.c.call_outcome.in_(sorted(UNREACHED))
    wanted = (
        select(cases)
        .where(
            cases.c.practice_id == practice,
            cases.c.stage == Stage.RPLUS_CALL,
            cases.c.next_stage.is_not(None),
            cases.c.ended.is_(None),
            cases.c.call_attempts < ATTEMPTS_MAX,
            unreached,
            ~held,
        )
        .order_by(cases.c.stage_on, cases.c.invoice_id)
    )
    return db.execute(wanted).mappings().all()


def debtor_of(db: Connection, invoice: InvoiceId) -> RowMapping:
    """Return what a letter on an invoice needs; whom it goes to is still sealed."""
    wanted = select(debtors).where(debtors.c.invoice_id == invoice)
    return db.execute(wanted).mappings().one()


def has_document(db: Connection, practice: PracticeId, document: DocumentId) -> bool:
    """Return whether a document is a letter on a case of the practice."""
    wanted = exists().where(steps.c.document == document, steps.c.practice_id == practice)
    return bool(db.execute(select(wanted)).scalar())
