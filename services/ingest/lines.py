"""Reads the service lines of a message into values that rules can compute with. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from libs.events.values import ServiceLine
from services.ingest.lexical import day, money, number, truth
from services.ingest.xml_tree import Node

PARTS: Final = tuple(
    (f"unit_{p}", f"unit_factor_{p}", f"scale_factor_{p}", f"external_factor_{p}", f"amount_{p}")
    for p in ("mt", "tt")
)
"""Names of the attributes of the medical and the technical part of a line."""
ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a line: points x value x factors."""

    points: Decimal
    value: Decimal
    factor: Decimal
    stated_rappen: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line as its sender states it."""

    node: Node
    record_id: int
    tariff: str
    on: date
    quantity: Decimal
    share: Decimal
    """What a group of patients or the share of a flat rate leaves of the line."""
    parts: tuple[Part, ...]
    amount_rappen: int
    vat_rate: Decimal
    obligation: bool


def read_line(node: Node) -> Line:
    """Read a line that the grammar has found in order."""
    get = node.attributes.get
    on, amount = day(get("date_begin", "")), money(get("amount", ""))
    assert on is not None, "checked by the grammar"
    assert amount is not None, "checked by the grammar"
    return Line(
        node=node,
        record_id=int(get("record_id", "0")),
        tariff=get("tariff_type", ""),
        on=on,
        quantity=_number(get("quantity", "1")),
        share=_share(node),
        parts=_parts(node),
        amount_rappen=amount,
        vat_rate=_number(get("vat_rate", "0")),
        obligation=truth(get("obligation", ""), default=True),
    )


def service_line(line: Line) -> ServiceLine:
    """Return the line as events carry it."""
    get = line.node.attributes.get
    first = line.parts[0]
    second = line.parts[1] if len(line.parts) > 1 else Part(ZERO, ONE, ONE, None)
    side = get("body_location", "").strip()
    return ServiceLine(
        record_id=line.record_id,
        tariff=line.tariff,
        code=get("code", "").strip(),
        name=" ".join(get("name", "").split()),
        on=line.on,
        quantity=line.quantity,
        amount_rappen=line.amount_rappen,
        vat_rate=line.vat_rate,
        points_mt=first.points,
        value_mt=first.value,
        factor_mt=first.factor,
        points_tt=second.points,
        value_tt=second.value,
        factor_tt=second.factor,
        session=int(get("session", "1")),
        provider_gln=get("provider_id", "").strip(),
        section=get("section_code", "").strip(),
        side="" if side == "none" else side,
        remark=" ".join(get("remark", "").split()),
        obligation=line.obligation,
    )


@lru_cache(maxsize=8192)
def _number(value: str) -> Decimal:
    """Return a number that the grammar has found in order; they repeat from line to line."""
    found = number(value)
    assert found is not None, "checked by the grammar"
    return found


@lru_cache(maxsize=2048)
def _product(one: str, other: str) -> Decimal:
    return _number(one) * _number(other)


def _parts(node: Node) -> tuple[Part, ...]:
    get = node.attributes.get
    if "unit_mt" not in node.attributes:
        factor = _number(get("external_factor", "1"))
        return (Part(_number(get("unit", "0")), _number(get("unit_factor", "1")), factor, None),)
    return tuple(
        [
            Part(
                _number(get(unit, "0")),
                _number(get(value, "1")),
                _product(get(scale, "1"), get(external, "1")),
                money(get(amount, "")),
            )
            for unit, value, scale, external, amount in PARTS
        ]
    )


def _share(node: Node) -> Decimal:
    """Return 1, or what a group size or a cost fraction makes of the line."""
    if "group_size" in node.attributes or "cost_fraction" in node.attributes:
        of = node
    elif node.children:
        of = node.child("xtra_service_ex", "xtra_drg") or node
    else:
        return ONE
    size = number(of.attributes.get("group_size", "1")) or ONE
    share = number(of.attributes.get("cost_fraction", "1"))
    return ONE if share is None else share / size
