"""What dunning's read tables find due on a day: holds to be looked at, steps to be taken."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, Select, and_, case, exists, func, or_, select, tuple_

from libs.days.holidays_ch import calendar_around
from libs.events.values import Hold, Stage
from libs.runtime.clock import Clock
from libs.runtime.service import DUE_PAGE
from services.dunning.configuration import policies
from services.dunning.decider import EscalateCase
from services.dunning.holds import ENDS_BY_DAY, ReviewHolds
from services.dunning.tables import cases, holds

Proposal: TypeAlias = EscalateCase | ReviewHolds


def escalations_due(
    clock: Clock,
) -> Callable[[Connection, date, EscalateCase | None], Iterator[EscalateCase]]:
    """Return the query for cases whose next step's day has come and that nothing holds.

    A day that a stopped service missed proposes nothing any more: what was due then is due today,
    once, and is dated today, so that no letter grants a term that has half gone (F36, BR-122).
    """
    blocked = exists().where(
        holds.c.invoice_id == cases.c.invoice_id,
        or_(holds.c.reason != Hold.SECRECY_BASIS_MISSING, cases.c.next_stage == Stage.COLLECTION),
    )

    def due(db: Connection, day: date, last: EscalateCase | None) -> Iterator[EscalateCase]:
        if day < clock.today():
            return
        calendar = calendar_around(day)
        wanted = select(cases.c.practice_id, cases.c.invoice_id).where(
            cases.c.next_on <= day, ~blocked
        )
        for page in pages(db, wanted, last):
            wishes = policies(db, {row.practice_id for row in page})
            for row in page:
                yield EscalateCase(
                    practice_id=row.practice_id,
                    invoice_id=row.invoice_id,
                    today=day,
                    policy=wishes.on(row.practice_id, day),
                    calendar=calendar,
                )

    return due


def reviews_due(db: Connection, day: date, last: ReviewHolds | None) -> Iterator[ReviewHolds]:
    """Find the holds that end by the calendar, or by what their practice has settled since."""
    calendar = calendar_around(day)
    by_day = and_(holds.c.reason.in_(sorted(ENDS_BY_DAY)), holds.c.review_on <= day)
    for_basis = holds.c.reason == Hold.SECRECY_BASIS_MISSING
    ends_by_day = func.max(case((by_day, 1), else_=0)).label("ends_by_day")
    wanted = (
        select(cases.c.practice_id, cases.c.invoice_id, ends_by_day)
        .join(holds, cases.c.invoice_id == holds.c.invoice_id)
        .where(or_(by_day, for_basis), cases.c.ended.is_(None))
        .group_by(cases.c.practice_id, cases.c.invoice_id)
    )
    for page in pages(db, wanted, last):
        wishes = policies(db, {row.practice_id for row in page})
        for row in page:
            policy = wishes.on(row.practice_id, day)
            if row.ends_by_day or policy.handover is not None:
                yield ReviewHolds(
                    practice_id=row.practice_id,
                    invoice_id=row.invoice_id,
                    today=day,
                    policy=policy,
                    calendar=calendar,
                )


def pages(
    db: Connection, wanted: Select[Any], last: Proposal | None
) -> Iterator[Sequence[Row[Any]]]:
    """Yield what a question finds, in the order of practices and their cases, behind the last.

    The order is that of an index, so that each page goes on where the one before it ended.
    """
    order = (cases.c.practice_id, cases.c.invoice_id)
    after = None if last is None else (last.practice_id, last.invoice_id)
    page = wanted.order_by(*order).limit(DUE_PAGE)
    while found := db.execute(page if after is None else page.where(tuple_(*order) > after)).all():
        yield found
        after = (found[-1].practice_id, found[-1].invoice_id)
