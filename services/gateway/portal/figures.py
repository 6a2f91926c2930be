"""What the start page and the list of submissions read. Like `queries`, always of one practice."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select

from libs.events.values import Hold
from services.gateway.portal import queries
from services.gateway.portal.charts import WEEKS, monday
from services.gateway.tables import cases, invoices, payments, submissions

PAGE = 50


def open_sums(db: Connection, practice_id: str, today: date) -> Mapping[str, int]:
    """Return count and sum of what is open, overdue, and by age; one walk along one index."""
    due, rappen = invoices.c.due_on, invoices.c.open_rappen
    ages = {
        "not_due": due >= today,
        "month": and_(due < today, due >= today - timedelta(days=30)),
        "quarter": and_(due < today - timedelta(days=30), due >= today - timedelta(days=90)),
        "older": due < today - timedelta(days=90),
    }
    columns = [
        func.coalesce(func.sum(case((condition, value), else_=0)), 0).label(f"{age}_{unit}")
        for age, condition in {"overdue": due < today, **ages}.items()
        for unit, value in (("count", 1), ("rappen", rappen))
    ]
    row = db.execute(
        select(
            func.count().label("open_count"),
            func.coalesce(func.sum(rappen), 0).label("open_rappen"),
            *columns,
        ).where(invoices.c.practice_id == practice_id, invoices.c.end.is_(None))
    ).one()
    return {name: int(value) for name, value in row._mapping.items()}  # noqa: SLF001 - its public name


def paid_by_day(db: Connection, practice_id: str, today: date) -> Mapping[date, int]:
    """Return what came in, less what was taken back, per day of the weeks that the chart shows."""
    first = monday(today) - timedelta(weeks=WEEKS - 1)
    query = (
        select(payments.c.booked_on, func.sum(payments.c.amount_rappen))
        .where(payments.c.practice_id == practice_id, payments.c.booked_on >= first)
        .group_by(payments.c.booked_on)
    )
    return {on: int(rappen) for on, rappen in db.execute(query)}


def case_tasks(db: Connection, practice_id: str, today: date) -> Row[int, int]:
    """Return how many held cases wait for the practice: for a review, or for a ground."""
    held = select(func.count()).where(
        cases.c.practice_id == practice_id, cases.c.ended.is_(None), cases.c.hold.is_not(None)
    )
    consent = cases.c.hold == Hold.SECRECY_BASIS_MISSING
    reviews = held.where(~consent, cases.c.hold_review_on <= today)
    return db.execute(
        select(
            reviews.scalar_subquery().label("reviews"),
            held.where(consent).scalar_subquery().label("consents"),
        )
    ).one()


def stuck(db: Connection, practice_id: str, today: date) -> int:
    """Return how many invoices have no next step: an error that shows itself (BR-136)."""
    ids = queries.stuck(practice_id, today)
    query = select(func.count()).where(
        invoices.c.practice_id == practice_id,
        invoices.c.end.is_(None),
        invoices.c.invoice_id.in_(ids),
    )
    return db.execute(query).scalar_one()


def ever_handed_in(db: Connection, practice_id: str) -> bool:
    """Say whether the practice has handed in anything yet."""
    query = select(submissions.c.submission_id).where(submissions.c.practice_id == practice_id)
    return db.execute(query.limit(1)).first() is not None


def rejected_since(db: Connection, practice_id: str, since: datetime) -> int:
    """Return how many messages were refused since an instant."""
    query = select(func.count()).where(
        submissions.c.practice_id == practice_id,
        submissions.c.state == "rejected",
        submissions.c.received_at >= since,
    )
    return db.execute(query).scalar_one()


def submission_counts(db: Connection, practice_id: str) -> Mapping[str, int]:
    """Return how many messages were handed in, accepted and rejected."""
    query = (
        select(submissions.c.state, func.count().label("messages"))
        .where(submissions.c.practice_id == practice_id)
        .group_by(submissions.c.state)
    )
    by_state = {row.state: int(row.messages) for row in db.execute(query)}
    accepted, rejected = by_state.get("accepted", 0), by_state.get("rejected", 0)
    return {"all": sum(by_state.values()), "accepted": accepted, "rejected": rejected}


def submission_page(
    db: Connection, practice_id: str, state: str, before: int | None
) -> tuple[Sequence[Row[Any]], int | None]:
    """Return a page of what was handed in, newest first, and where the next one begins."""
    query = select(submissions).where(submissions.c.practice_id == practice_id)
    if state != "all":
        query = query.where(submissions.c.state == state)
    if before is not None:
        query = query.where(submissions.c.position < before)
    rows = db.execute(query.order_by(submissions.c.position.desc()).limit(PAGE + 1)).all()
    return rows[:PAGE], rows[PAGE - 1].position if len(rows) > PAGE else None
