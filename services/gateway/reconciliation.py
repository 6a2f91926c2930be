"""What a day changed, by the invoice numbers of the practice's own software (BR-139). Pure.

A day's facts are those that were recorded on it, Europe/Zurich, whatever day they speak of: money
of Friday that the bank reports on Monday stands in Monday's file, so that a day that is over never
changes. Amounts are whole rappen; the account's are positive in the member's favour.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from libs.events.values import PracticeId
from libs.runtime.clock import ZURICH
from services.gateway.said import said
from services.gateway.tables import invoices, timeline

MEMBER: Final = "2000"
"""The member's account (BR-153)."""
OPEN_TYPES: Final = (
    "InvoiceIssued", "PaymentReceived", "PaymentReversed", "InvoiceSettled", "InvoiceCancelled",
)  # fmt: skip
"""What changes how much of an invoice is open."""
BOOKED_BY: Final = "factoring"
IDS_MAX: Final = 500
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would calculate (P23)."""


@dataclass
class Movement:
    """What changed of an invoice on a day.

    open_after = open_before + invoiced + reminder_fees - paid + reversed - waived, and what changed
    on the account is credited + advances + fees.
    """

    open_before_rappen: int = 0
    invoiced_rappen: int = 0
    """What was asked for, without the reminder fee that the practice's message names."""
    reminder_fees_rappen: int = 0
    paid_rappen: int = 0
    reversed_rappen: int = 0
    """What the bank took back."""
    waived_rappen: int = 0
    """What is asked for no more: a small rest, a cancelled invoice; negative: asked for again."""
    open_after_rappen: int = 0
    surplus_rappen: int = 0
    """What was paid too much: credit of the debtor, neither on the invoice nor on the account."""
    credited_rappen: int = 0
    """Payments credited to the account, less what was taken back."""
    advances_rappen: int = 0
    """Advances credited, less what was repaid or charged back."""
    fees_rappen: int = 0
    """The cooperative's fees with their VAT: negative."""

    @property
    def account_rappen(self) -> int:
        """What changed on the member's account."""
        return self.credited_rappen + self.advances_rappen + self.fees_rappen

    @property
    def changed(self) -> bool:
        """Whether anything happened that is counted here."""
        still = ("open_before_rappen", "open_after_rappen")
        return any(getattr(self, one.name) for one in fields(self) if one.name not in still)

    def add(self, other: "Movement") -> None:
        """Add another one, for a total."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True, kw_only=True)
class Line:
    """An invoice with what changed of it; without a number: what belongs to no invoice."""

    request_id: str
    number: str
    invoice_id: str
    movement: Movement


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day's file before it is written."""

    day: date
    lines: Sequence[Line]
    total: Movement


def bounds(day: date) -> tuple[datetime, datetime]:
    """Return begin and end of a Zurich day in UTC: 23, 24 or 25 hours."""
    midnights = (datetime.combine(one, time(), ZURICH) for one in (day, day + timedelta(days=1)))
    begin, end = (midnight.astimezone(UTC) for midnight in midnights)
    return begin, end


def of_day(db: Connection, practice: PracticeId, day: date) -> Day:
    """Return what changed on a day; reads that day's facts and their invoices' earlier ones."""
    begin, end = bounds(day)
    today = timeline.c.recorded_at.between(begin, end - timedelta(microseconds=1))
    wanted = select(timeline).where(timeline.c.practice_id == practice, today)
    order = timeline.c.recorded_at, timeline.c.source, timeline.c.position
    facts = db.execute(wanted.order_by(*order)).all()
    moved = [row for row in facts if row.type in OPEN_TYPES or row.source == BOOKED_BY]
    ids = sorted({row.invoice_id for row in moved if row.invoice_id})
    movements: dict[str, Movement] = defaultdict(Movement)
    for invoice_id, rappen in _open_before(db, practice, ids, begin).items():
        movements[invoice_id].open_before_rappen = rappen
        movements[invoice_id].open_after_rappen = rappen
    for row in moved:
        record(movements[row.invoice_id or ""], row.type, said(row.type, row.data))
    return _day(day, movements, _names(db, practice, ids))


def _open_before(
    db: Connection, practice: PracticeId, ids: Sequence[str], begin: datetime
) -> Mapping[str, int]:
    """Return how much of each invoice was open when the day began, as the facts say."""
    found: dict[str, Movement] = defaultdict(Movement)
    for start in range(0, len(ids), IDS_MAX):
        wanted = select(timeline.c.invoice_id, timeline.c.type, timeline.c.data).where(
            timeline.c.practice_id == practice,
            timeline.c.invoice_id.in_(ids[start : start + IDS_MAX]),
            timeline.c.recorded_at < begin,
            timeline.c.type.in_(OPEN_TYPES),
        )
        order = timeline.c.recorded_at, timeline.c.source, timeline.c.position
        for row in db.execute(wanted.order_by(*order)):
            record(found[row.invoice_id], row.type, said(row.type, row.data))
    return {invoice_id: one.open_after_rappen for invoice_id, one in found.items()}


def _names(db: Connection, practice: PracticeId, ids: Sequence[str]) -> Mapping[str, Row[Any]]:
    named: dict[str, Row[Any]] = {}
    columns = invoices.c.invoice_id, invoices.c.request_id, invoices.c.number
    for start in range(0, len(ids), IDS_MAX):
        some = invoices.c.invoice_id.in_(ids[start : start + IDS_MAX])
        rows = db.execute(select(*columns).where(some, invoices.c.practice_id == practice))
        named |= {row.invoice_id: row for row in rows}
    return named


def _day(day: date, movements: Mapping[str, Movement], names: Mapping[str, Row[Any]]) -> Day:
    lines = []
    total = Movement()
    for invoice_id, movement in movements.items():
        if not movement.changed:
            continue
        total.add(movement)
        row = names.get(invoice_id)
        lines.append(
            Line(
                request_id=row.request_id if row else "",
                number=row.number if row else "",
                invoice_id=invoice_id,
                movement=movement,
            )
        )
    lines.sort(key=lambda line: (line.request_id, line.number, line.invoice_id))
    return Day(day=day, lines=lines, total=total)


def record(movement: Movement, kind: str, data: Mapping[str, Any]) -> None:
    """Add what a fact means: for the invoice what invoicing says, for the account its postings."""
    match kind:
        case "InvoiceIssued":
            fee = (data.get("facts") or {}).get("reminder_rappen", 0)
            movement.reminder_fees_rappen += fee
            movement.invoiced_rappen += data["open_rappen"] - fee
            movement.open_after_rappen += data["open_rappen"]
        case "PaymentReceived":
            movement.paid_rappen += data["amount_rappen"]
            movement.surplus_rappen += data.get("surplus_rappen", 0)
            movement.open_after_rappen = data["open_rappen"]
        case "PaymentReversed":
            again = data["open_rappen"] - movement.open_after_rappen - data["amount_rappen"]
            movement.reversed_rappen += data["amount_rappen"]
            movement.surplus_rappen -= data.get("surplus_rappen", 0)
            movement.waived_rappen -= again
            movement.open_after_rappen = data["open_rappen"]
        case "InvoiceSettled" | "InvoiceCancelled":
            movement.waived_rappen += data.get("waived_rappen", 0)
            movement.open_after_rappen -= data.get("waived_rappen", 0)
        case _:
            _book(movement, kind, data)


def _book(movement: Movement, kind: str, data: Mapping[str, Any]) -> None:
    """Add what an entry means for the member's account, whatever kind of act it belongs to."""
    postings: Iterable[Mapping[str, Any]] = data.get("postings") or ()
    change = -sum(one["amount_rappen"] for one in postings if one["account"] == MEMBER)
    repaid = data.get("repaid_rappen", 0) if kind == "MemberCredited" else 0
    if kind == "FeeCharged":
        movement.fees_rappen += change
    elif kind in {"AdvanceCredited", "ClaimChargedBack"}:
        movement.advances_rappen += change
    else:
        movement.advances_rappen -= repaid
        movement.credited_rappen += change + repaid


COLUMNS: Final = (
    "kind", "day", "request_id", "number", "invoice_id",
    *(one.name for one in fields(Movement)),
    "account_rappen", "account_before_rappen", "account_after_rappen",
)  # fmt: skip
"""The header of the CSV; the last two stand in the line of totals alone."""


def as_csv(found: Day, before_rappen: int, after_rappen: int) -> bytes:
    """Return a day's file for programs and spreadsheets: RFC 4180, UTF-8, `kind` invoice or total.

    A number that a spreadsheet would calculate gets an apostrophe before it; JSON has it as it is.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    day = found.day.isoformat()
    for line in found.lines:
        names = map(inert, (line.request_id, line.number, line.invoice_id))
        amounts = asdict(line.movement).values()
        writer.writerow(("invoice", day, *names, *amounts, line.movement.account_rappen, "", ""))
    total = found.total
    ends = total.account_rappen, before_rappen, after_rappen
    writer.writerow(("total", day, "", "", "", *asdict(total).values(), *ends))
    return text.getvalue().encode()


def inert(text: str) -> str:
    """Return a cell that no spreadsheet calculates."""
    return f"'{text}" if text.startswith(FORMULA) else text
