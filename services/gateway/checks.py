"""What `quittance verify` asks of the gateway: sums of what all others said, and no lost names."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from services.gateway.tables import cases, invoices, payments, submissions

NAMED_MAX = 20


def sums(db: Connection) -> Mapping[str, Any]:
    """Each open sum is what was asked less what was paid and waived; ends and sums agree."""
    received = (
        select(payments.c.invoice_id, func.sum(payments.c.amount_rappen).label("rappen"))
        .group_by(payments.c.invoice_id)
        .subquery()
    )
    paid = func.coalesce(received.c.rappen, 0)
    wrong_paid = (
        select(invoices.c.invoice_id)
        .join_from(invoices, received, received.c.invoice_id == invoices.c.invoice_id, isouter=True)
        .where(invoices.c.end.is_distinct_from("CANCELLED"), invoices.c.paid_rappen != paid)
    )
    wrong_end = select(invoices.c.invoice_id).where(
        or_(
            and_(invoices.c.end.is_not(None), invoices.c.open_rappen != 0),
            and_(invoices.c.end.is_(None), invoices.c.open_rappen <= 0),
        )
    )
    totals = db.execute(
        select(
            func.count(),
            func.coalesce(func.sum(invoices.c.open_rappen), 0),
            func.coalesce(func.sum(invoices.c.paid_rappen), 0),
        )
    ).one()
    return {
        "invoices_shown": totals[0],
        "open_rappen": int(totals[1]),
        "paid_shown_rappen": int(totals[2]),
        "failed": [
            *_named(db, wrong_paid, "what is paid differs from the payments of"),
            *_named(db, wrong_end, "end and open sum contradict each other in"),
        ],
    }


def names(db: Connection) -> Mapping[str, Any]:
    """Every invoice came from an accepted submission, and every case belongs to an invoice."""
    handed_in = select(submissions.c.submission_id).where(submissions.c.state == "accepted")
    orphans = select(invoices.c.invoice_id).where(invoices.c.submission_id.not_in(handed_in))
    known = select(invoices.c.invoice_id)
    lost = select(cases.c.invoice_id).where(cases.c.invoice_id.not_in(known))
    shown = db.execute(select(func.count()).select_from(submissions)).scalar_one()
    return {
        "submissions_shown": shown,
        "failed": [
            *_named(db, orphans, "no accepted submission behind invoice"),
            *_named(db, lost, "no invoice behind case"),
        ],
    }


def _named(db: Connection, wrong: Select[tuple[str]], what: str) -> list[str]:
    return [f"{what} {one}" for one in db.execute(wrong.limit(NAMED_MAX)).scalars()]
