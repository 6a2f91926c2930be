"""The sums of an invoice message: rules A1 to A9 of invoice-xml 11, in whole rappen. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from libs.events.handed import VatGroup
from libs.events.values import Kind
from services.ingest.message.lexical import money, number, uid_ok
from services.ingest.message.lines import (
    HUNDRED,
    LINE_TOLERANCE_RAPPEN,
    ONE,
    ZERO,
    Line,
    round_rappen,
)
from services.ingest.message.report import Report
from services.ingest.message.xml_tree import Node

VAT_TOLERANCE_RAPPEN: Final = 1
ANY_SIGN: Final = frozenset((Kind.STORNO, Kind.REFUND))
"""Kinds whose quantities and sums may have any sign, whose sums senders write as they like (12)."""

VAT_RATES: Final = (
    (date(2024, 1, 1), frozenset(map(Decimal, ("8.1", "2.6", "3.8")))),
    (date(2018, 1, 1), frozenset(map(Decimal, ("7.7", "2.5", "3.7")))),
    (date(2011, 1, 1), frozenset(map(Decimal, ("8.0", "2.5", "3.8")))),
    (date.min, frozenset(map(Decimal, ("7.6", "2.4", "3.6")))),
)
"""Rates by day of supply, newest first (BR-46)."""


@dataclass(frozen=True, kw_only=True)
class Balance:
    """The sums as the message states them."""

    node: Node
    amount_rappen: int
    reminder_rappen: int
    prepaid_rappen: int
    due_rappen: int
    obligations_rappen: int | None
    vat_rappen: int
    vat_number: str
    groups: tuple[VatGroup, ...]


def read_balance(node: Node) -> Balance:
    """Read the sums that the grammar has found in order."""

    def rappen(name: str) -> int:
        return money(node.raw(name, "0")) or 0

    vat = node.child("vat")
    assert vat is not None, "checked by the grammar"
    stated = node.raw("amount_obligations")
    return Balance(
        node=node,
        amount_rappen=rappen("amount"),
        reminder_rappen=rappen("amount_reminder"),
        prepaid_rappen=rappen("amount_prepaid"),
        due_rappen=rappen("amount_due"),
        obligations_rappen=money(stated) if stated else None,
        vat_rappen=money(vat.raw("vat", "0")) or 0,
        vat_number=vat.get("vat_number"),
        groups=tuple(
            VatGroup(
                rate=number(row.raw("vat_rate")) or ZERO,
                amount_rappen=money(row.raw("amount")) or 0,
                vat_rappen=money(row.raw("vat")) or 0,
            )
            for row in vat.children
            if row.name == "vat_rate"
        ),
    )


def round_payable(amount_rappen: int) -> int:
    """Return the amount due, to the nearest 5 rappen, halves away from zero. Source: BR-43, A6."""
    whole = (abs(amount_rappen) * 2 + 5) // 10 * 5
    return whole if amount_rappen >= 0 else -whole


def check(lines: Sequence[Line], balance: Balance, kind: Kind, report: Report) -> None:
    """Report every sum that does not hold."""
    for line in lines:
        price = line.price
        if not (price.fine and abs(line.amount_rappen - price.total) <= LINE_TOLERANCE_RAPPEN):
            _check_line(line, kind, report)
    total = sum(line.amount_rappen for line in lines)
    if total != balance.amount_rappen:
        report.error(
            "total_mismatch",
            balance.node,
            "amount",
            stated=francs(balance.amount_rappen),
            expected=francs(total),
        )
    _check_due(balance, kind, report)
    _check_obligations(lines, balance, report)
    _check_vat(lines, balance, kind, report)


def check_stated(balance: Balance, report: Report) -> None:
    """Report what does not hold among the sums of an invoice that comes without lines."""
    total = sum(group.amount_rappen for group in balance.groups)
    if total != balance.amount_rappen:
        report.error(
            "groups_mismatch",
            balance.node,
            "amount",
            stated=francs(balance.amount_rappen),
            expected=francs(total),
        )
    _check_due(balance, Kind.INVOICE, report)
    node = balance.node.child("vat")
    assert node is not None, "written with every balance"
    for row, group in zip(node.children, balance.groups, strict=True):
        _check_vat_row(row, group, report, lenient=False)
    _check_vat_number(balance, node, report)


def _check_line(line: Line, kind: Kind, report: Report) -> None:
    """A1 to A3, each line against its own factors; BR-44 on the quantity."""
    stated, price = line.amount_rappen, line.price
    if price.quantity <= 0 and kind not in ANY_SIGN:
        report.error("quantity_not_positive", line.node, "quantity")
        return
    if abs(stated - price.total) <= LINE_TOLERANCE_RAPPEN or _holds_otherwise(line, kind):
        _check_parts(line, kind, report)
        return
    report.error(
        "line_amount_mismatch",
        line.node,
        "amount",
        stated=francs(stated),
        expected=francs(price.total),
    )


def _holds_otherwise(line: Line, kind: Kind) -> bool:
    """Whether the line holds by its share, or, where signs are free, without its sign."""
    whole = sum((part.points * part.value * part.factor for part in line.price.parts), ZERO)
    expected = round_rappen(line.price.quantity * whole * line.share)
    if line.share != ONE and abs(line.amount_rappen - expected) <= LINE_TOLERANCE_RAPPEN:
        return True
    away = abs(abs(line.amount_rappen) - abs(expected))
    return kind in ANY_SIGN and away <= LINE_TOLERANCE_RAPPEN


def _check_parts(line: Line, kind: Kind, report: Report) -> None:
    """A1 for each part that is stated: the line holds, so a wrong part is only worth a warning."""
    if kind in ANY_SIGN or line.share != ONE:
        return
    price = line.price
    for name, part, rappen in zip(("mt", "tt"), price.parts, price.expected, strict=False):
        stated = part.stated_rappen
        if stated is not None and abs(stated - rappen) > LINE_TOLERANCE_RAPPEN:
            report.warning(
                "part_amount_mismatch",
                line.node,
                f"amount_{name}",
                stated=francs(stated),
                expected=francs(rappen),
            )


def _check_due(balance: Balance, kind: Kind, report: Report) -> None:
    """A6: exact, because it is what the debtor is asked for."""
    expected = round_payable(
        balance.amount_rappen + balance.reminder_rappen - balance.prepaid_rappen
    )
    if balance.due_rappen != expected:
        report.by_severity(
            "due_mismatch",
            balance.node,
            "amount_due",
            lenient=kind in ANY_SIGN,
            stated=francs(balance.due_rappen),
            expected=francs(expected),
        )
    if balance.due_rappen < 0 and kind not in ANY_SIGN:
        report.error("due_negative", balance.node, "amount_due", stated=francs(balance.due_rappen))
    if balance.amount_rappen > 0 and kind is Kind.STORNO:
        report.warning("storno_unsigned", balance.node, "amount")


def _check_obligations(lines: Iterable[Line], balance: Balance, report: Report) -> None:
    """A5: before 5.0 only, and nobody acts on it."""
    expected = sum(line.amount_rappen for line in lines if line.obligation)
    stated = balance.obligations_rappen
    if stated is not None and stated != expected:
        report.warning(
            "obligations_mismatch",
            balance.node,
            "amount_obligations",
            stated=francs(stated),
            expected=francs(expected),
        )


def _check_vat(lines: Iterable[Line], balance: Balance, kind: Kind, report: Report) -> None:
    """A7 to A9. A storno's VAT is often left at zero: only named there."""
    lenient = kind in ANY_SIGN
    node = balance.node.child("vat")
    assert node is not None, "checked by the grammar"
    bases: dict[Decimal, int] = {}
    for line in lines:
        bases[line.vat_rate] = bases.get(line.vat_rate, 0) + line.amount_rappen
    stated: dict[Decimal, int] = {}
    rows = [row for row in node.children if row.name == "vat_rate"]
    for row, group in zip(rows, balance.groups, strict=True):
        stated[group.rate] = stated.get(group.rate, 0) + group.amount_rappen
        _check_vat_row(row, group, report, lenient=lenient)
    wrong = [rate for rate in bases.keys() | stated if bases.get(rate, 0) != stated.get(rate, 0)]
    for rate in sorted(wrong):
        report.by_severity(
            "vat_base_mismatch",
            node,
            lenient=lenient,
            rate=f"{rate.normalize():f}",
            stated=francs(stated.get(rate, 0)),
            expected=francs(bases.get(rate, 0)),
        )
    total = sum(group.vat_rappen for group in balance.groups)
    if abs(total - balance.vat_rappen) > VAT_TOLERANCE_RAPPEN * max(1, len(rows)):
        report.by_severity(
            "vat_total_mismatch",
            node,
            "vat",
            lenient=lenient,
            stated=francs(balance.vat_rappen),
            expected=francs(total),
        )
    _check_vat_number(balance, node, report)


def _check_vat_number(balance: Balance, node: Node, report: Report) -> None:
    if balance.vat_number and not uid_ok(balance.vat_number):
        report.warning("vat_number_check_digit", node, "vat_number")
    if any(group.vat_rappen for group in balance.groups) and not balance.vat_number:
        report.warning("VAT_WITHOUT_NUMBER", node, "vat_number")


def _check_vat_row(row: Node, group: VatGroup, report: Report, *, lenient: bool) -> None:
    """A8: amounts contain their VAT. Old senders added it on top: named, not refused."""
    base = Decimal(group.amount_rappen) / HUNDRED
    inside = round_rappen(base * group.rate / (HUNDRED + group.rate))
    if abs(group.vat_rappen - inside) <= VAT_TOLERANCE_RAPPEN:
        return
    on_top = round_rappen(base * group.rate / HUNDRED)
    if abs(group.vat_rappen - on_top) <= VAT_TOLERANCE_RAPPEN:
        report.warning("vat_on_top", row, "vat", expected=francs(inside))
        return
    report.by_severity(
        "vat_mismatch",
        row,
        "vat",
        lenient=lenient,
        stated=francs(group.vat_rappen),
        expected=francs(inside),
    )


def is_usual_rate(rate: Decimal, on: date) -> bool:
    """Return whether a VAT rate was in force on a day (BR-46); 0 stands for exempt."""
    return rate == 0 or rate in next(rates for since, rates in VAT_RATES if on >= since)


def francs(rappen: int) -> str:
    """Return an amount as text with two decimals, without a detour over binary fractions."""
    sign = "-" if rappen < 0 else ""
    return f"{sign}{abs(rappen) // 100}.{abs(rappen) % 100:02d}"
