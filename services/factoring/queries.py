"""Questions to factoring's read tables: balances, statement, what may still be advanced."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    bindparam,
    exists,
    func,
    select,
    tuple_,
)

from libs.events.terms import Contract
from libs.events.values import InvoiceId, PracticeId
from services.factoring.availability import available, first_eligible_due_day
from services.factoring.books import Account
from services.factoring.calendar_months import first_after, month_of
from services.factoring.configuration import contracts_of
from services.factoring.tables import claims, closings, flags, journal, locks

BEFORE = journal.c.recorded_us < bindparam("instant")


class Standing(NamedTuple):
    """What may still be advanced to a practice, and why. Source: BR-143."""

    limit_rappen: int
    rate_bp: int
    eligible_rappen: int
    advanced_rappen: int
    available_rappen: int


class Cursor(NamedTuple):
    """The last line of a statement's page."""

    on: date
    recorded_us: int
    event_id: str
    balance_rappen: int


def balances(
    db: Connection, practice: PracticeId, day: date, account: Account | None = None
) -> Mapping[str, int]:
    """Return the balances at the end of a day: the last closing before it, and what moved since.

    The accounts are named although all are wanted: each is a range of days of one index, while
    without them the whole history of the practice would be read.
    """
    tomorrow = day + timedelta(days=1)
    closed = select(func.max(locks.c.month)).where(
        locks.c.practice_id == practice,
        locks.c.closed_on.is_not(None),
        locks.c.month < month_of(tomorrow),
    )
    month = db.execute(closed).scalar()
    moved = (
        select(journal.c.account, func.sum(journal.c.amount_rappen))
        .where(
            journal.c.practice_id == practice,
            journal.c.account.in_(Account if account is None else (account,)),
            journal.c.on <= day,
        )
        .group_by(journal.c.account)
    )
    found: dict[str, int] = {}
    if month is not None:
        moved = moved.where(journal.c.on >= first_after(month))
        kept = select(closings.c.account, closings.c.amount_rappen).where(
            closings.c.practice_id == practice, closings.c.month == month
        )
        found = {row.account: row.amount_rappen for row in db.execute(kept)}
    for name, amount in db.execute(moved):
        found[name] = found.get(name, 0) + int(amount)
    return found


def member_balance(db: Connection, practice: PracticeId, day: date) -> int:
    """Return the member's balance at the end of a day; positive is in the member's favour."""
    return -balances(db, practice, day, Account.MEMBER).get(Account.MEMBER, 0)


def eligible(day: date) -> ColumnElement[bool]:
    """Return the condition of a claim that may be advanced on a day. Source: BR-141."""
    flagged = exists().where(flags.c.invoice_id == claims.c.invoice_id)
    return and_(claims.c.open_rappen > 0, claims.c.due_on >= first_eligible_due_day(day), ~flagged)


def standing(db: Connection, practice: PracticeId, contract: Contract, day: date) -> Standing:
    """Return what may still be advanced to a practice; nothing under a mandate. Source: BR-143."""
    of_practice = claims.c.practice_id == practice
    open_sum = func.coalesce(func.sum(claims.c.open_rappen), 0)
    advanced_sum = func.coalesce(func.sum(claims.c.advanced_rappen), 0)
    eligible_rappen = int(
        db.execute(select(open_sum).where(of_practice, eligible(day))).scalar_one()
    )
    outstanding = select(advanced_sum).where(of_practice, claims.c.advanced_rappen > 0)
    out = int(db.execute(outstanding).scalar_one())
    room = available(contract.limit_rappen, contract.advance_bp, eligible_rappen, out)
    return Standing(
        limit_rappen=contract.limit_rappen,
        rate_bp=contract.advance_bp,
        eligible_rappen=eligible_rappen,
        advanced_rappen=out,
        available_rappen=room if contract.product == "PER_INVOICE" else 0,
    )


def account(db: Connection, practice: PracticeId, day: date) -> Mapping[str, Any]:
    """Return where a member's account stands on a day."""
    contract = contracts_of(db, [practice]).on(practice, day)
    books = balances(db, practice, day)
    return {
        "on": day,
        "product": contract.product,
        "balance_rappen": -books.get(Account.MEMBER, 0),
        "held_rappen": books.get(Account.HELD, 0),
        **standing(db, practice, contract, day)._asdict(),
    }


def recorded(
    db: Connection, practice: PracticeId, since_us: int, until_us: int
) -> Mapping[str, int]:
    """Return the member's balance by what was recorded before two instants, in microseconds.

    Other than a balance of a day it never changes: money that comes late counts when it comes.
    """
    amount = func.coalesce(func.sum(journal.c.amount_rappen).filter(BEFORE), 0)
    of_member = (journal.c.practice_id == practice) & (journal.c.account == Account.MEMBER)
    wanted = select(amount).where(of_member)
    before, after = (
        -int(db.execute(wanted, {"instant": instant}).scalar_one())
        for instant in (since_us, until_us)
    )
    return {"before_rappen": before, "after_rappen": after}


def statement(
    db: Connection, practice: PracticeId, first: date, last: date, after: Cursor | None, limit: int
) -> Mapping[str, Any]:
    """Return a page of the movements between two balances, one line for each act, by day."""
    opening = member_balance(db, practice, first - timedelta(days=1))
    balance = opening if after is None else after.balance_rappen
    lines = []
    for row in movements(db, practice, first, last, after, limit):
        amount = -int(row["amount"])
        balance += amount
        lines.append(
            {
                "on": row["on"],
                "value_on": row["value_on"],
                "kind": row["kind"],
                "invoice_id": row["invoice_id"],
                "event_id": row["event_id"],
                "recorded_us": row["recorded_us"],
                "repaid_rappen": int(row["repaid"]),
                "amount_rappen": amount,
                "balance_rappen": balance,
            }
        )
    return {
        "from_on": first,
        "to_on": last,
        "opening_rappen": opening,
        "closing_rappen": member_balance(db, practice, last),
        "lines": lines,
    }


def movements(
    db: Connection, practice: PracticeId, first: date, last: date, after: Cursor | None, limit: int
) -> Sequence[RowMapping]:
    """Return what moved the member's account, an act's lines in one, in the order of days."""
    order = (journal.c.on, journal.c.recorded_us, journal.c.event_id)
    debits = func.sum(journal.c.amount_rappen).filter(journal.c.amount_rappen > 0)
    wanted = (
        select(
            *order,
            func.min(journal.c.value_on).label("value_on"),
            func.min(journal.c.kind).label("kind"),
            func.min(journal.c.invoice_id).label("invoice_id"),
            func.sum(journal.c.amount_rappen).label("amount"),
            func.coalesce(debits, 0).label("repaid"),
        )
        .where(
            journal.c.practice_id == practice,
            journal.c.account == Account.MEMBER,
            journal.c.on.between(first, last),
        )
        .group_by(*order)
        .order_by(*order)
        .limit(limit)
    )
    if after is not None:
        wanted = wanted.where(tuple_(*order) > (after.on, after.recorded_us, after.event_id))
    return db.execute(wanted).mappings().all()


def claim(db: Connection, practice: PracticeId, invoice: InvoiceId) -> Mapping[str, Any] | None:
    """Return one claim with the entries booked on it; None if the practice has no such claim."""
    found = (
        db.execute(
            select(claims).where(claims.c.invoice_id == invoice, claims.c.practice_id == practice)
        )
        .mappings()
        .one_or_none()
    )
    if found is None:
        return None
    lines = (
        select(journal)
        .where(journal.c.invoice_id == invoice)
        .order_by(journal.c.recorded_us, journal.c.event_id, journal.c.line)
    )
    return {**found, "entries": [dict(row) for row in db.execute(lines).mappings()]}
