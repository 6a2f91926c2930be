"""Reads the service lines of a message into values that rules can compute with. Pure.

A message has a few hundred values of lines, which repeat a few dozen days, prices and codes. So
they are read by columns, each through a table of what was read before.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from operator import itemgetter
from typing import Final, TypeAlias

from msgspec import Struct

from libs.events.handed import ServiceLine
from services.ingest.message.lexical import DAYS, MONEY, NUMBERS, money, number, truth
from services.ingest.message.remembered import Remembered
from services.ingest.message.xml_tree import Node

LINE_TOLERANCE_RAPPEN: Final = 1
OF_TWO_PARTS: Final = frozenset(("service_ex", "record_tarmed"))
ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)
HUNDRED: Final = Decimal(100)

Pick: TypeAlias = Callable[[tuple[str, ...]], tuple[str, ...]]

_PLAIN: Final = {
    "record_id": "0", "tariff_type": "", "code": "", "name": "", "date_begin": "", "amount": "",
    "vat_rate": "0", "session": "1", "provider_id": "", "section_code": "", "body_location": "",
    "remark": "", "obligation": "", "group_size": "", "cost_fraction": "", "quantity": "1",
}  # fmt: skip
"""Attributes that all lines may have, and what stands for one that is not there."""
_TWO_PARTS: Final = {
    "unit_mt": "0", "unit_factor_mt": "1", "scale_factor_mt": "1", "external_factor_mt": "1",
    "amount_mt": "", "unit_tt": "0", "unit_factor_tt": "1", "scale_factor_tt": "1",
    "external_factor_tt": "1", "amount_tt": "",
}  # fmt: skip
"""The same of a line with a medical and a technical part; the price is made of these ten."""
_ONE_PART: Final = {
    "unit": "0", "unit_factor": "1", "no scale": "", "external_factor": "1",
    **{f"no part {number}": "" for number in range(6)},
}  # fmt: skip
_CONSTANTS: Final = ("", "0", "1")


class Part(Struct, frozen=True):
    """One part of a line: points x value x factors."""

    points: Decimal
    value: Decimal
    factor: Decimal
    stated_rappen: int | None


NO_PART: Final = Part(ZERO, ONE, ONE, None)


class Price(Struct, frozen=True):
    """What the factors of a line make of it."""

    quantity: Decimal
    parts: tuple[Part, ...]
    expected: tuple[int, ...]
    """Rappen of each part, rounded (A1)."""
    total: int
    fine: bool
    """Whether quantity and parts are beyond question, so that only the sum is left to compare."""


class Line(Struct, frozen=True):
    """A line as its sender states it."""

    node: Node
    record_id: int
    tariff: str
    code: str
    name: str
    on: date
    amount_rappen: int
    vat_rate: Decimal
    session: int
    provider_gln: str
    section: str
    side: str
    remark: str
    obligation: bool
    share: Decimal
    """What a group of patients or the share of a flat rate leaves of the line."""
    price: Price


def round_rappen(amount: Decimal) -> int:
    """Return an amount in francs as rappen, halves away from zero. Source: invoice-xml 11."""
    return int((amount * HUNDRED).to_integral_value(ROUND_HALF_UP))


def read_lines(nodes: Sequence[Node]) -> list[Line]:
    """Read the lines that the grammar has found in order."""
    if not nodes:
        return []
    rows = [
        (_PICKS_OF_TWO if node.name in OF_TWO_PARTS else _PICKS)[node.names](
            (*node.values, *_CONSTANTS)
        )
        for node in nodes
    ]
    (
        record_ids, tariffs, codes, names, days, amounts, rates, sessions, providers, sections,
        sides, remarks, obligations, sizes, fractions, *factors,
    ) = zip(*rows, strict=True)  # fmt: skip
    return list(
        map(
            Line,
            nodes,
            map(_INTEGERS.__getitem__, record_ids),
            tariffs,
            map(str.strip, codes),
            map(_TEXTS.__getitem__, names),
            map(DAYS.__getitem__, days),
            map(MONEY.__getitem__, amounts),
            map(NUMBERS.__getitem__, rates),
            map(_INTEGERS.__getitem__, sessions),
            map(str.strip, providers),
            map(str.strip, sections),
            map(_SIDES.__getitem__, sides),
            [" ".join(remark.split()) if remark else "" for remark in remarks],
            map(_OBLIGATIONS.__getitem__, obligations),
            map(_share, nodes, sizes, fractions),
            map(_PRICES.__getitem__, zip(*factors, strict=True)),
        )
    )


def service_line(line: Line) -> ServiceLine:
    """Return the line as events carry it."""
    quantity, parts = line.price.quantity, line.price.parts
    first, second = parts[0], parts[1] if len(parts) > 1 else NO_PART
    return ServiceLine(
        record_id=line.record_id,
        tariff=line.tariff,
        code=line.code,
        name=line.name,
        on=line.on,
        quantity=quantity,
        amount_rappen=line.amount_rappen,
        vat_rate=line.vat_rate,
        points_mt=first.points,
        value_mt=first.value,
        factor_mt=first.factor,
        points_tt=second.points,
        value_tt=second.value,
        factor_tt=second.factor,
        session=line.session,
        provider_gln=line.provider_gln,
        section=line.section,
        side=line.side,
        remark=line.remark,
        obligation=line.obligation,
    )


def _pick(own: dict[str, str], names: tuple[str, ...]) -> Pick:
    """Return what takes a row out of the values of a line with these attributes."""
    places = {name: place for place, name in enumerate(names)}
    for place, value in enumerate(_CONSTANTS):
        places[f"={value}"] = len(names) + place
    wanted = (_PLAIN | own).items()
    return itemgetter(*(places.get(name, places[f"={default}"]) for name, default in wanted))


def _price(factors: tuple[str, ...]) -> Price:
    """Return what quantity and factors make of a line, A1 to A3."""
    quantity = _number(factors[0])
    parts = tuple(_part(factors[at : at + 5]) for at in (1, 6) if factors[at])
    expected = tuple(
        round_rappen(quantity * part.points * part.value * part.factor) for part in parts
    )
    fine = quantity > 0 and all(
        part.stated_rappen is None or abs(part.stated_rappen - rappen) <= LINE_TOLERANCE_RAPPEN
        for part, rappen in zip(parts, expected, strict=True)
    )
    return Price(quantity, parts, expected, sum(expected), fine)


def _part(factors: tuple[str, ...]) -> Part:
    points, value, scale, external, stated = factors
    factor = _number(external)
    return Part(
        _number(points),
        _number(value),
        _number(scale) * factor if scale else factor,
        money(stated) if stated else None,
    )


def _number(value: str) -> Decimal:
    found = number(value)
    assert found is not None, "checked by the grammar"
    return found


def _share(node: Node, size: str, fraction: str) -> Decimal:
    """Return 1, or what a group size or a cost fraction makes of the line."""
    if not (size or fraction):
        of = node.child("xtra_service_ex", "xtra_drg") if node.children else None
        if of is None:
            return ONE
        size, fraction = of.raw("group_size"), of.raw("cost_fraction")
    share = number(fraction or "1")
    return ONE if share is None else share / (number(size) or ONE)


def _integer(value: str) -> int:
    return int(value)


def _text(value: str) -> str:
    return " ".join(value.split())


def _side(value: str) -> str:
    return "" if value.strip() == "none" else value.strip()


def _obligation(value: str) -> bool:
    return truth(value, default=True)


_PICKS: Final = Remembered(partial(_pick, _ONE_PART))
_PICKS_OF_TWO: Final = Remembered(partial(_pick, _TWO_PARTS))
_INTEGERS: Final = Remembered(_integer)
_TEXTS: Final = Remembered(_text)
_SIDES: Final = Remembered(_side)
_OBLIGATIONS: Final = Remembered(_obligation)
_PRICES: Final = Remembered(_price)
