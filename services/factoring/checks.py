"""Factoring's invariants, proved from its log and tables. Source: BR-155."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, Text, and_, case, cast, func, or_, select

from services.factoring.books import Account
from services.factoring.tables import claims, closings, journal, locks

NAMED_MAX = 20
AMOUNT = func.sum(journal.c.amount_rappen)


def entries_sum_to_zero(db: Connection) -> Mapping[str, Any]:
    """Find acts whose entry does not sum to zero; then the books do not either."""
    crooked = select(journal.c.event_id).group_by(journal.c.event_id).having(AMOUNT != 0)
    total = {name: int(amount) for name, amount in db.execute(totals())}
    return {
        "accounts": total,
        "journal_lines": db.execute(select(func.count()).select_from(journal)).scalar_one(),
        "failed": [f"the entry of event {one} does not sum to zero" for one in few(db, crooked)],
    }


def totals() -> Select[Any]:
    """Return the query for the balance of each account over all members."""
    return select(journal.c.account, AMOUNT).group_by(journal.c.account).order_by(journal.c.account)


def money_stands_where_invoicing_says(db: Connection) -> Mapping[str, Any]:
    """Return the sums of the bank's money by place; invoicing must come to the same."""
    total = {name: int(amount) for name, amount in db.execute(totals())}
    credited = select(func.coalesce(func.sum(claims.c.credited_rappen), 0))
    return {
        "served_rappen": int(db.execute(credited).scalar_one()),
        "surplus_rappen": -total.get(Account.DEBTOR_CREDITS, 0),
        "unmatched_rappen": -total.get(Account.UNIDENTIFIED, 0),
        "charges_rappen": total.get(Account.CHARGES, 0),
        "failed": [],
    }


def memo_accounts_agree(db: Connection) -> Mapping[str, Any]:
    """Compare 9100 with 9200, and both with what the claims say is open."""
    total = {name: int(amount) for name, amount in db.execute(totals())}
    held, owned = total.get(Account.HELD, 0), total.get(Account.OWNED, 0)
    open_rappen = int(
        db.execute(select(func.coalesce(func.sum(claims.c.open_rappen), 0))).scalar_one()
    )
    failed = []
    if held + owned:
        failed.append(f"accounts 9100 and 9200 differ: {held} and {-owned}")
    if held != open_rappen:
        failed.append(f"account 9100 holds {held}, the claims say {open_rappen}")
    return {"open_rappen": open_rappen, "failed": failed}


def claims_fit_the_journal(db: Connection) -> Mapping[str, Any]:
    """Compare each claim with its postings; an advance is never negative, nor more than given."""

    def booked_on(account: Account) -> Any:
        chosen = case((journal.c.account == account, journal.c.amount_rappen), else_=0)
        return func.coalesce(func.sum(chosen), 0)

    given = case(
        (
            and_(journal.c.account == Account.ADVANCES, journal.c.amount_rappen > 0),
            journal.c.amount_rappen,
        ),
        else_=0,
    )
    advanced, held = booked_on(Account.ADVANCES), booked_on(Account.HELD)
    astray = (
        select(claims.c.invoice_id)
        .outerjoin(journal, journal.c.invoice_id == claims.c.invoice_id)
        .group_by(claims.c.invoice_id, claims.c.advanced_rappen, claims.c.open_rappen)
        .having(
            or_(
                advanced < 0,
                advanced > func.coalesce(func.sum(given), 0),
                advanced != claims.c.advanced_rappen,
                held != claims.c.open_rappen,
            )
        )
    )
    return {"failed": [f"claim {one} does not fit its postings" for one in few(db, astray)]}


def closings_fit_the_journal(db: Connection) -> Mapping[str, Any]:
    """Compare each member's last closing with the fold of all that was booked up to it."""
    last = (
        select(locks.c.practice_id, func.max(locks.c.month).label("month"))
        .where(locks.c.closed_on.is_not(None))
        .group_by(locks.c.practice_id)
        .subquery()
    )
    kept = select(closings.c.practice_id, closings.c.account, closings.c.amount_rappen).join(
        last,
        and_(last.c.practice_id == closings.c.practice_id, last.c.month == closings.c.month),
    )
    month = func.substr(cast(journal.c.on, Text), 1, 7)
    booked = (
        select(journal.c.practice_id, journal.c.account, AMOUNT)
        .join(last, last.c.practice_id == journal.c.practice_id)
        .where(month <= last.c.month)
        .group_by(journal.c.practice_id, journal.c.account)
        .having(AMOUNT != 0)
    )
    stated = {(row[0], row[1]): int(row[2]) for row in db.execute(kept)}
    folded = {(row[0], row[1]): int(row[2]) for row in db.execute(booked)}
    wrong = sorted(key for key in {*stated, *folded} if stated.get(key) != folded.get(key))
    failed = [f"the closing of {practice}, account {name}, differs" for practice, name in wrong]
    return {"failed": failed[:NAMED_MAX]}


def few(db: Connection, wanted: Select[Any]) -> Iterable[Any]:
    """Return the first of what does not hold."""
    return db.execute(wanted.limit(NAMED_MAX)).scalars().all()
