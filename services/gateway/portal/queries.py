"""What the pages read: plain functions of a `Connection` on the gateway's tables.

Each begins with the practice, so that nobody sees a row of another. Lists are read by key ranges
and counts from indexes that hold all they need: a page stays under 100 ms at 100,000 invoices.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    tuple_,
    union,
)

from libs.events.values import Stage
from services.gateway.portal.formats import francs_typed
from services.gateway.portal.states import LATE, PREPARING, InvoiceRow
from services.gateway.projections import folded
from services.gateway.tables import (
    cases,
    claims,
    invoices,
    people,
    practices,
    timeline,
    users,
)

PAGE = 50
LAST = "\U0010ffff"
REFERENCE_DIGITS = 8
"""From so many digits on, a number is looked for in references too."""

PAID = func.coalesce(invoices.c.end, "").in_(("PAID", "SETTLED_SMALL"))
"""Written so that no index serves it: most invoices are paid, and the list wants its order."""

STATES = ("all", "open", "overdue", "reminded", "held", "collection", "paid", "stuck")


@dataclass(frozen=True)
class Filter:
    """What a list is asked for; all of it stands in the URL."""

    state: str = "all"
    q: str = ""
    payer: str = ""


def practice(db: Connection, practice_id: str) -> Row[Any] | None:
    """Return a practice."""
    return db.execute(select(practices).where(practices.c.practice_id == practice_id)).first()


def user_names(db: Connection, practice_id: str, ids: Sequence[str]) -> Mapping[str, str]:
    """Return the names of the practice's own users among some ids; others stay unnamed."""
    query = select(users.c.user_id, users.c.name, users.c.practice_ids)
    found = db.execute(query.where(users.c.user_id.in_(ids)))
    return {row.user_id: row.name for row in found if practice_id in row.practice_ids}


def practices_of(db: Connection, own: Sequence[str] | None, text: str) -> Sequence[Row[Any]]:
    """Return the practices of a user, or of all (None), whose name or account number is such."""
    query = select(practices).order_by(practices.c.name).limit(PAGE)
    if own is not None:
        query = query.where(practices.c.practice_id.in_(own))
    wanted = text.replace(" ", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < REFERENCE_DIGITS:
        query = query.where(practices.c.account_no == int(wanted))
    elif wanted:
        query = query.where(practices.c.name.icontains(text.strip(), autoescape=True))
    return db.execute(query).all()


def starts_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Return a range of an index: LIKE would depend on the engine and on what was typed."""
    return and_(column >= prefix, column < prefix + LAST)


def same_case(practice_id: str, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the invoices whose case is such."""
    chosen = select(cases.c.invoice_id).where(cases.c.practice_id == practice_id, *conditions)
    return invoices.c.invoice_id.in_(chosen)


def in_state(practice_id: str, state: str, today: date) -> Sequence[ColumnElement[bool]]:
    """Return what a chip of the list means."""
    open_ = invoices.c.end.is_(None)
    match state:
        case "open":
            return [open_]
        case "overdue":
            return [open_, invoices.c.due_on < today]
        case "reminded":
            return [open_, same_case(practice_id, *REMINDED)]
        case "held":
            return [open_, same_case(practice_id, *HELD)]
        case "collection":
            return [open_, same_case(practice_id, *COLLECTED)]
        case "paid":
            return [PAID]
        case "stuck":
            return [open_, invoices.c.invoice_id.in_(stuck(practice_id, today))]
        case _:
            return []


def stuck(practice_id: str, today: date) -> CompoundSelect[Any]:
    """Return the ids of invoices nobody acts on: no case, no step, or a step that did not come.

    Each part is a range of one index; a condition over the joined tables took 130 ms.
    """
    free = select(cases.c.invoice_id).where(
        cases.c.practice_id == practice_id, cases.c.ended.is_(None), cases.c.hold.is_(None)
    )
    overdue = select(invoices.c.invoice_id).where(
        invoices.c.invoice_id == cases.c.invoice_id, invoices.c.due_on < today
    )
    without_case = select(invoices.c.invoice_id).where(
        invoices.c.practice_id == practice_id,
        invoices.c.end.is_(None),
        invoices.c.issued_on < today - PREPARING,
        ~exists().where(cases.c.invoice_id == invoices.c.invoice_id),
    )
    return union(
        free.where(cases.c.next_on < today - LATE),
        free.where(
            cases.c.next_on.is_(None),
            cases.c.stage.is_distinct_from(Stage.KEY_ACCOUNT),
            overdue.exists(),
        ),
        without_case,
    )


REMINDED = (cases.c.ended.is_(None), cases.c.stage.is_not(None))
HELD = (cases.c.ended.is_(None), cases.c.hold.is_not(None))
COLLECTED = (cases.c.ended == "COLLECTION",)


def counts(db: Connection, practice_id: str, today: date) -> Mapping[str, int]:
    """Return how many invoices are in each state of the chips."""
    of_practice = select(func.count()).where(invoices.c.practice_id == practice_id)
    of_cases = select(func.count()).where(cases.c.practice_id == practice_id)
    open_ = of_practice.where(invoices.c.end.is_(None))
    row = db.execute(
        select(
            of_practice.scalar_subquery().label("all"),
            open_.scalar_subquery().label("open"),
            open_.where(invoices.c.due_on < today).scalar_subquery().label("overdue"),
            of_cases.where(*REMINDED).scalar_subquery().label("reminded"),
            of_cases.where(*HELD).scalar_subquery().label("held"),
            of_cases.where(*COLLECTED).scalar_subquery().label("collection"),
            of_practice.where(invoices.c.end.in_(("PAID", "SETTLED_SMALL")))
            .scalar_subquery()
            .label("paid"),
        )
    ).one()
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name begins so


def searched(practice_id: str, text: str) -> CompoundSelect[Any] | None:
    """Return the ids that a text may mean: name, number, reference, request id and amount at once.

    Each way is a range or a point of an index of its own, so the union reads only what it finds.
    """
    wanted = " ".join(text.split())
    if not wanted:
        return None
    ids = select(invoices.c.invoice_id).where(invoices.c.practice_id == practice_id)
    subjects = select(people.c.subject).where(
        people.c.practice_id == practice_id, named(wanted.replace(",", " ").split())
    )
    ways = [
        ids.where(starts_with(invoices.c.number, wanted)),
        ids.where(starts_with(invoices.c.request_id, wanted)),
        ids.where(invoices.c.patient_subject.in_(subjects)),
        ids.where(invoices.c.debtor_subject.in_(subjects)),
    ]
    digits = re.sub(r"\s", "", wanted)
    if digits.isdecimal() and len(digits) >= REFERENCE_DIGITS:
        ways.append(ids.where(starts_with(invoices.c.reference, digits)))
    rappen = francs_typed(wanted)
    if rappen is not None:
        ways.append(ids.where(invoices.c.amount_rappen == rappen))
        ways.append(ids.where(invoices.c.open_rappen == rappen))
    return union(*ways)


def named(words: Sequence[str]) -> ColumnElement[bool]:
    """Return the people of a name, in either order of family and given name."""
    family, given = people.c.folded_name, people.c.folded_given_name
    first, rest = folded(words[0]), folded(" ".join(words[1:]))
    if not rest:
        return or_(starts_with(family, first), starts_with(given, first))
    whole = folded(" ".join(words))
    return or_(
        and_(starts_with(family, first), starts_with(given, rest)),
        and_(starts_with(given, first), starts_with(family, rest)),
        starts_with(family, whole),
    )


def shown() -> Select[Any]:
    """Return the columns of `InvoiceRow`."""
    own = [invoices.c[name] for name in InvoiceRow.__dataclass_fields__ if name in invoices.c]
    return (
        select(
            *own,
            people.c.name,
            people.c.given_name,
            people.c.born_year,
            cases.c.practice_id.label("case_practice"),
            cases.c.stage,
            cases.c.next_stage,
            cases.c.next_on,
            cases.c.hold,
            cases.c.hold_by,
            cases.c.hold_on,
            cases.c.hold_review_on,
            cases.c.ended.label("case_ended"),
            claims.c.ownership,
            claims.c.advanced_rappen,
            claims.c.credited_rappen,
        )
        .join_from(invoices, people, people.c.subject == invoices.c.patient_subject, isouter=True)
        .join(cases, cases.c.invoice_id == invoices.c.invoice_id, isouter=True)
        .join(claims, claims.c.invoice_id == invoices.c.invoice_id, isouter=True)
    )


def as_row(row: Row[Any]) -> InvoiceRow:
    """Return a row with its types."""
    return InvoiceRow(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name begins so


def listed(
    practice_id: str, wish: Filter, today: date, after: tuple[date, str] | None
) -> Select[Any]:
    """Return the query of the list, newest first, from behind a place on."""
    query = shown().where(
        invoices.c.practice_id == practice_id, *in_state(practice_id, wish.state, today)
    )
    if wish.payer:
        query = query.where(invoices.c.payer == wish.payer)
    found = searched(practice_id, wish.q)
    if found is not None:
        query = query.where(invoices.c.invoice_id.in_(found))
    if after is not None:
        query = query.where(tuple_(invoices.c.issued_on, invoices.c.invoice_id) < tuple_(*after))
    return query.order_by(invoices.c.issued_on.desc(), invoices.c.invoice_id.desc())


def invoice_page(
    db: Connection, practice_id: str, wish: Filter, today: date, after: tuple[date, str] | None
) -> tuple[Sequence[InvoiceRow], tuple[date, str] | None]:
    """Return a page of the list and where the next one begins (None: it ends)."""
    query = listed(practice_id, wish, today, after).limit(PAGE + 1)
    rows = [as_row(row) for row in db.execute(query)]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], (last.issued_on, last.invoice_id) if last else None


def invoice(db: Connection, practice_id: str, invoice_id: str) -> InvoiceRow | None:
    """Return one invoice of a practice."""
    query = shown().where(
        invoices.c.practice_id == practice_id, invoices.c.invoice_id == invoice_id
    )
    row = db.execute(query).first()
    return as_row(row) if row else None


def events_of(db: Connection, practice_id: str, invoice_id: str) -> Sequence[Row[Any]]:
    """Return everything that happened to an invoice, oldest first."""
    query = (
        select(timeline)
        .where(timeline.c.practice_id == practice_id, timeline.c.invoice_id == invoice_id)
        .order_by(timeline.c.recorded_at, timeline.c.source, timeline.c.position)
    )
    return db.execute(query).all()


def numbers_of(db: Connection, practice_id: str, ids: Sequence[str]) -> Mapping[str, str]:
    """Return the numbers of some invoices, by id."""
    # The practice is compared here: named in the query, SQLite would read all of its invoices.
    query = select(invoices.c.invoice_id, invoices.c.number, invoices.c.practice_id)
    found = db.execute(query.where(invoices.c.invoice_id.in_(ids)))
    return {row.invoice_id: row.number for row in found if row.practice_id == practice_id}
