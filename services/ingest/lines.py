"""Reads the service lines of a message into values that rules can compute with. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from libs.events.values import ServiceLine
from services.ingest.lexical import day, money, number, truth
from services.ingest.xml_tree import Node

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
        quantity=_number(get("quantity")),
        share=_share(node),
        parts=_parts(node),
        amount_rappen=amount,
        vat_rate=_number(get("vat_rate"), ZERO),
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


def _number(value: str | None, default: Decimal = ONE) -> Decimal:
    found = number(value) if value is not None else None
    return default if found is None else found


def _parts(node: Node) -> tuple[Part, ...]:
    get = node.attributes.get
    if "unit_mt" not in node.attributes:
        factor = _number(get("external_factor"))
        return (Part(_number(get("unit")), _number(get("unit_factor")), factor, None),)
    return tuple(
        Part(
            points=_number(get(f"unit_{part}")),
            value=_number(get(f"unit_factor_{part}")),
            factor=_number(get(f"scale_factor_{part}")) * _number(get(f"external_factor_{part}")),
            stated_rappen=money(get(f"amount_{part}", "")),
        )
        for part in ("mt", "tt")
    )


def _share(node: Node) -> Decimal:
    """Return 1, or what a group size or a cost fraction makes of the line."""
    if "group_size" in node.attributes or "cost_fraction" in node.attributes:
        of = node
    elif node.children:
        of = node.child("xtra_service_ex", "xtra_drg") or node
    else:
        return ONE
    size = _number(of.attributes.get("group_size"))
    return _number(of.attributes.get("cost_fraction")) / (size or ONE)
