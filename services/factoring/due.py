"""What factoring finds due on a day: advances, chargebacks, and the cutting of the books."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, tuple_

from libs.events.values import PracticeId
from libs.runtime.service import DUE_PAGE
from services.factoring.availability import WEDNESDAY, Waiting, granted
from services.factoring.calendar_months import first_after, lockable_before
from services.factoring.configuration import contracts_of
from services.factoring.decider.account import CloseMonth, LockMonth
from services.factoring.decider.claim import (
    DISPUTE_DAYS_MAX,
    OVERDUE_DAYS_MAX,
    AdvanceClaim,
    ReviewAdvance,
)
from services.factoring.queries import balances, eligible, standing
from services.factoring.tables import booked, claims, contracts, flags, locks


def advances_due(db: Connection, day: date, last: AdvanceClaim | None) -> Iterator[AdvanceClaim]:
    """Propose the weekly run's advances, in the order of transmission. Source: BR-143, BR-151.

    What was transmitted up to the evening before takes part; a missed Wednesday is made up.
    """
    if day.weekday() != WEDNESDAY:
        return
    for_advances = select(contracts.c.practice_id).where(contracts.c.product == "PER_INVOICE")
    if last is not None:
        for_advances = for_advances.where(contracts.c.practice_id >= last.practice_id)
    practices = db.execute(for_advances.distinct().order_by(contracts.c.practice_id)).scalars()
    for practice in practices.all():
        contract = contracts_of(db, [practice]).on(practice, day)
        room = standing(db, practice, contract, day).available_rappen
        if room == 0:
            continue
        waiting = (
            select(claims.c.invoice_id, claims.c.open_rappen)
            .where(
                claims.c.practice_id == practice,
                claims.c.was_advanced.is_(False),
                claims.c.transmitted_on < day,
                eligible(day),
            )
            .order_by(claims.c.recorded_us, claims.c.invoice_id)
        )
        if last is not None and practice == last.practice_id:
            waiting = waiting.where(behind(last))
        found = [Waiting(row.invoice_id, row.open_rappen) for row in db.execute(waiting)]
        for grant in granted(found, contract.advance_bp, room):
            yield AdvanceClaim(
                practice_id=practice,
                invoice_id=grant.invoice_id,
                rate_bp=contract.advance_bp,
                room_rappen=grant.room_rappen,
                on=day,
            )


def behind(last: AdvanceClaim | ReviewAdvance) -> ColumnElement[bool]:
    """Return the condition of a practice's claims that were transmitted after another one."""
    that = claims.alias()
    transmitted = select(that.c.recorded_us).where(that.c.invoice_id == last.invoice_id)
    order = tuple_(claims.c.recorded_us, claims.c.invoice_id)
    return order > tuple_(transmitted.scalar_subquery(), last.invoice_id)


def chargebacks_due(
    db: Connection, day: date, last: ReviewAdvance | None
) -> Iterator[ReviewAdvance]:
    """Find the advances that have been out too long. Source: BR-145."""
    late = claims.c.due_on <= day - timedelta(days=OVERDUE_DAYS_MAX)
    contested = exists().where(
        flags.c.invoice_id == claims.c.invoice_id,
        flags.c.flag == "dispute",
        flags.c.on < day - timedelta(days=DISPUTE_DAYS_MAX),
    )
    wanted = (
        select(claims.c.practice_id, claims.c.invoice_id)
        .where(claims.c.advanced_rappen > 0, or_(late, contested))
        .order_by(claims.c.practice_id, claims.c.recorded_us, claims.c.invoice_id)
        .limit(DUE_PAGE)
    )
    if last is not None:
        same = and_(claims.c.practice_id == last.practice_id, behind(last))
        wanted = wanted.where(or_(claims.c.practice_id > last.practice_id, same))
    for row in db.execute(wanted).all():
        yield ReviewAdvance(practice_id=row.practice_id, invoice_id=row.invoice_id, on=day)


def months_due(
    db: Connection, day: date, last: LockMonth | CloseMonth | None
) -> Iterator[LockMonth | CloseMonth]:
    """Lock what is over, and close, oldest first, what was locked on an earlier day.

    One month per practice and day, so that each opens with the closing that is stored.
    """
    if not isinstance(last, LockMonth):
        oldest = (
            select(locks.c.practice_id, func.min(locks.c.month).label("month"))
            .where(locks.c.closed_on.is_(None), locks.c.locked_on < day)
            .group_by(locks.c.practice_id)
            .order_by(locks.c.practice_id)
            .limit(DUE_PAGE)
        )
        if last is not None:
            oldest = oldest.where(locks.c.practice_id > last.practice_id)
        for row in db.execute(oldest).all():
            yield closing(db, row.practice_id, row.month, day)
    same = and_(locks.c.practice_id == booked.c.practice_id, locks.c.month == booked.c.month)
    over = (
        select(booked.c.practice_id, booked.c.month)
        .where(booked.c.month < lockable_before(day), ~exists().where(same))
        .order_by(booked.c.month, booked.c.practice_id)
        .limit(DUE_PAGE)
    )
    if isinstance(last, LockMonth):
        order = tuple_(booked.c.month, booked.c.practice_id)
        over = over.where(order > (last.month, last.practice_id))
    for row in db.execute(over).all():
        yield LockMonth(practice_id=row.practice_id, month=row.month, on=day)


def closing(db: Connection, practice: PracticeId, month: str, day: date) -> CloseMonth:
    """Return the command that carries a month's balances forward."""
    opening = balances(db, practice, date.fromisoformat(f"{month}-01") - timedelta(days=1))
    after = balances(db, practice, first_after(month) - timedelta(days=1))
    moved = {account: amount - opening.get(account, 0) for account, amount in after.items()}
    return CloseMonth(practice_id=practice, month=month, opening=opening, moved=moved, on=day)
