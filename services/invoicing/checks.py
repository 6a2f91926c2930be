"""What `quittance verify` proves about invoicing (architecture section 10); its alerts."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from libs.events.values import COOPERATIVE, InvoiceId, Kind, PracticeId, Scheme
from services.invoicing.projections import CREDIT, REVERSAL
from services.invoicing.tables import accepted, bank_lines, invoices, receipts

TP_COPY_DAYS_MAX = 5
"""After so many days without its copy, an invoice in tiers payant is an alert. Source: BR-6."""
NAMED_MAX = 20


def every_submission_is_one_invoice(db: Connection) -> Mapping[str, Any]:
    """Every accepted message that asks for an invoice has one, and every invoice its message."""
    asked = and_(accepted.c.kind == Kind.INVOICE.value, accepted.c.test.is_(False))
    missing = (
        select(accepted.c.submission_id)
        .outerjoin(invoices, invoices.c.invoice_id == accepted.c.invoice_id)
        .where(asked, invoices.c.invoice_id.is_(None))
    )
    unasked = (
        select(invoices.c.invoice_id)
        .outerjoin(accepted, accepted.c.submission_id == invoices.c.submission_id)
        .where(accepted.c.submission_id.is_(None))
    )
    failed = [f"no invoice of {each}" for each in _first(db, missing)]
    failed += [f"no message of invoice {each}" for each in _first(db, unasked)]
    return {"failed": failed}


def every_bank_line_stands_in_one_place(db: Connection) -> Mapping[str, Any]:
    """Each entry of the bank serves an invoice, is surplus, or is kept unmatched, to the rappen.

    In the sums, what served an invoice until it was cancelled is surplus: the debtor's credit.
    """
    paid = receipts.c.served_rappen + receipts.c.surplus_rappen - receipts.c.charges_rappen
    placed = paid + receipts.c.unmatched_rappen
    same = and_(
        receipts.c.credit_id == bank_lines.c.credit_id, receipts.c.kind == bank_lines.c.kind
    )
    astray = (
        select(bank_lines.c.credit_id)
        .outerjoin(receipts, same)
        .where(
            bank_lines.c.amount_rappen > 0,
            func.coalesce(placed, 0) != bank_lines.c.amount_rappen,
        )
    )
    invented = (
        select(receipts.c.credit_id)
        .outerjoin(bank_lines, same)
        .where(bank_lines.c.credit_id.is_(None))
    )
    failed = [f"bank line {each} stands nowhere, or twice" for each in _first(db, astray)]
    failed += [f"receipt {each} came from no bank line" for each in _first(db, invented)]
    return {**_placed_sums(db), "failed": failed}


def _placed_sums(db: Connection) -> Mapping[str, int]:
    signed = case((receipts.c.kind == CREDIT, 1), else_=-1)
    served, surplus = receipts.c.served_rappen, receipts.c.surplus_rappen
    given_up = invoices.c.end == "CANCELLED"
    places = {
        "served_rappen": case((given_up, 0), else_=served),
        "surplus_rappen": case((given_up, served + surplus), else_=surplus),
        "charges_rappen": receipts.c.charges_rappen,
        "unmatched_rappen": receipts.c.unmatched_rappen,
    }
    sums = [func.coalesce(func.sum(signed * place), 0) for place in places.values()]
    joined = receipts.outerjoin(invoices, invoices.c.invoice_id == receipts.c.invoice_id)
    found = db.execute(select(*sums).select_from(joined)).one()
    return {name: int(value) for name, value in zip(places, found, strict=True)}


def what_is_open_follows_from_what_was_paid(db: Connection) -> Mapping[str, Any]:
    """Open = amount - paid - waived, for every invoice that was not cancelled."""
    sign = case((receipts.c.kind == REVERSAL, -1), else_=1)
    paid = (
        select(
            receipts.c.invoice_id, func.sum(sign * receipts.c.served_rappen).label("paid_rappen")
        )
        .where(receipts.c.invoice_id.is_not(None))
        .group_by(receipts.c.invoice_id)
        .subquery()
    )
    expected = (
        invoices.c.amount_rappen - func.coalesce(paid.c.paid_rappen, 0) - invoices.c.waived_rappen
    )
    wrong = (
        select(invoices.c.invoice_id)
        .outerjoin(paid, paid.c.invoice_id == invoices.c.invoice_id)
        .where(invoices.c.end.is_distinct_from("CANCELLED"), invoices.c.open_rappen != expected)
    )
    total = db.execute(select(func.coalesce(func.sum(invoices.c.open_rappen), 0))).scalar_one()
    failed = [f"open amount of invoice {each} is not what is left" for each in _first(db, wrong)]
    return {"open_rappen": int(total), "failed": failed}


def copies_missing(db: Connection, practice: PracticeId, today: date) -> list[InvoiceId]:
    """Return invoices in tiers payant whose insured got no copy within five days (BR-6)."""
    wanted = (
        select(invoices.c.invoice_id)
        .where(
            invoices.c.scheme == Scheme.TP.value,
            invoices.c.copied.is_(False),
            invoices.c.end.is_distinct_from("CANCELLED"),
            invoices.c.issued_on < today - timedelta(days=TP_COPY_DAYS_MAX),
        )
        .order_by(invoices.c.issued_on, invoices.c.invoice_id)
    )
    if practice != COOPERATIVE:
        wanted = wanted.where(invoices.c.practice_id == practice)
    return list(db.execute(wanted).scalars())


def waiting(db: Connection, today: date) -> Mapping[str, int]:
    """Count money that no rule could match, and insured who still lack their copy (BR-6)."""
    unmatched = select(func.count()).where(
        receipts.c.kind == CREDIT, receipts.c.unmatched_rappen > 0
    )
    return {
        "unmatched_payments": int(db.execute(unmatched).scalar_one()),
        "patient_copies": len(copies_missing(db, COOPERATIVE, today)),
    }


def _first(db: Connection, wanted: Any) -> list[str]:
    return [str(each) for each in db.execute(wanted.limit(NAMED_MAX)).scalars()]
