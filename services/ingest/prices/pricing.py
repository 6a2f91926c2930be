"""One service → one priced line, by dated tables (BR-30 to BR-42, BR-46 to BR-48). Pure.

A line is written as the element that a message would carry, so the rules of messages check what was
computed here as well. What cannot be priced is noticed at its field and costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Final

from libs.records import Service
from services.ingest.bodies.places import Elements
from services.ingest.bodies.written import plain
from services.ingest.message.arithmetic import francs
from services.ingest.message.lexical import AMOUNT_MAX
from services.ingest.message.lines import HUNDRED, ONE, ZERO, round_rappen
from services.ingest.message.xml_tree import Node
from services.ingest.prices import price_lists
from services.ingest.prices.price_lists import Asked, Lists, PointValue, Position
from services.ingest.prices.priced import Case, Priced

MINUTES_LEAST: Final = 10
MINUTES_UNIT: Final = 5
PER_MINUTE: Final = Decimal("0.01666666666666666667")
"""A sixtieth, rounded up at the twentieth place: a half rappen never falls below itself."""
HOME_CARE: Final = "532"
PLACES_MAX: Final = 20
LAST_PLACE: Final = Decimal(1).scaleb(-PLACES_MAX)
_FIELDS: Final = {
    "tariff_type": "tariff", "code": "code", "name": "name", "quantity": "quantity",
    "date_begin": "on", "session": "session", "body_location": "side",
    "provider_id": "provider_gln", "section_code": "section", "remark": "remark",
    "vat_rate": "tax", "unit": "points", "unit_factor": "point_value", "price": "price_rappen",
}  # fmt: skip
"""The field of a service that each attribute of a line was made of."""


@dataclass(frozen=True)
class _Part:
    points: Decimal
    value: Decimal
    factor: Decimal


_NOTHING: Final = (_Part(ZERO, ONE, ONE),)


@dataclass(frozen=True)
class _Worth:
    """What a line costs, and under which VAT rate."""

    quantity: Decimal
    parts: tuple[_Part, ...]
    rate: Decimal


class Pricing:
    """Prices the lines of one body, one after the other."""

    def __init__(self, case: Case, lists: Lists, elements: Elements) -> None:
        self._case = case
        self._lists = lists
        self._elements = elements
        self.done = Priced()

    def line(self, place: int, line: Service) -> None:
        """Price one line; one that cannot be priced is written without an amount."""
        rows = self._lists.positions.get((line.tariff, line.code), ())
        position = price_lists.standing(rows, line.on)
        node = self._elements.node("service", {}, at=f"/lines/{place}", fields=_FIELDS)
        if position is None:
            worth = _Worth(line.quantity, _NOTHING, ZERO)
            self._unknown(node, line, known=bool(rows))
        else:
            quantity = self._quantity(node, line, position)
            parts = self._parts(node, line, position)
            worth = _Worth(quantity, parts, self._rate(node, line, position))
        if sum(_amounts(worth, line)) > AMOUNT_MAX * HUNDRED:
            self.done.error("amount_too_large", node, "quantity")
            worth = _Worth(line.quantity, _NOTHING, ZERO)
        name = line.name or (position.name(self._case.language) if position else line.code)
        amount = _write(node, place, line, name, worth, self._case.provider_gln)
        self.done.nodes.append(node)
        self.done.positions.append(position)
        if position is not None:
            sums = self.done.net if position.net else self.done.gross
            sums[worth.rate] += amount
            if line.tariff == HOME_CARE:
                self.done.care[line.on] += amount

    def _unknown(self, node: Node, line: Service, *, known: bool) -> None:
        if known:
            self.done.error("position_not_valid_on_date", node, "code", on=f"{line.on}")
        elif line.tariff in self._lists.known:
            self.done.error("position_unknown", node, "code")
        else:
            self.done.error("tariff_not_listed", node, "tariff_type")

    def _quantity(self, node: Node, line: Service, position: Position) -> Decimal:
        """Return the quantity; minutes in whole units of five, ten at least (BR-42)."""
        if position.shape != "hourly":
            return line.quantity
        units = (line.quantity / MINUTES_UNIT).to_integral_value(ROUND_HALF_UP)
        minutes = max(Decimal(MINUTES_LEAST), units * MINUTES_UNIT)
        if minutes != line.quantity:
            self.done.warning("minutes_rounded", node, "quantity", minutes=plain(minutes))
        return minutes

    def _parts(self, node: Node, line: Service, position: Position) -> tuple[_Part, ...]:
        self._own_values(node, line, position)
        if position.shape in {"price", "hourly"}:
            return (self._priced(node, line, position),)
        value = self._value(node, line)
        own = line.points if position.own == "points" else None
        points = position.points_mt if own is None else own
        first = _Part(points, value, position.factor)
        if position.shape != "two_part":
            return (first,)
        return first, _Part(position.points_tt, value, position.factor)

    def _priced(self, node: Node, line: Service, position: Position) -> _Part:
        """Return a price of the table or, where that leaves it open, the practice's own (BR-41)."""
        if position.laws and self._case.law not in position.laws:
            self.done.error("TARIFF_LAW_MISMATCH", node, "tariff_type", law=self._case.law.value)
        rappen = position.price_rappen
        if position.own == "price" and line.price_rappen is None:
            self.done.error("price_missing", node, "price")
        elif position.own == "max" and (line.price_rappen or 0) > rappen:
            self.done.error("price_above_maximum", node, "price", limit=francs(rappen))
        if position.own in {"price", "max"} and line.price_rappen is not None:
            rappen = line.price_rappen
        scale = position.factor * (PER_MINUTE if position.shape == "hourly" else ONE)
        return _Part(Decimal(rappen) / HUNDRED, ONE, scale)

    def _own_values(self, node: Node, line: Service, position: Position) -> None:
        """Refuse what the tariff does not leave open."""
        if line.price_rappen is not None and position.own not in {"price", "max"}:
            self.done.error("own_value_not_allowed", node, "price")
        if line.point_value is not None and position.shape in {"price", "hourly"}:
            self.done.error("own_value_not_allowed", node, "unit_factor")
        if line.points is None:
            return
        low, high = position.own_min, position.own_max
        if position.own != "points" or low is None or high is None:
            self.done.error("own_value_not_allowed", node, "unit")
        elif not low <= line.points <= high:
            self.done.error("points_out_of_range", node, "unit", least=plain(low), most=plain(high))

    def _value(self, node: Node, line: Service) -> Decimal:
        """Return the point value by law, canton, insurer and kind (BR-33), or the own one."""
        case = self._case
        values = self._lists.values.get(line.tariff, ())
        asked = Asked(
            law=case.law,
            canton=case.canton,
            provider_kind=case.provider_kind,
            insurer_gln=case.insurer_gln,
        )
        found = price_lists.point_value(values, asked, line.on)
        if found is None:
            known = not values or price_lists.knows_law(values, case.law)
            if known:
                self.done.error("point_value_unknown", node, "tariff_type", on=f"{line.on}")
            else:
                self.done.error("TARIFF_LAW_MISMATCH", node, "tariff_type", law=case.law.value)
            return ONE
        return self._own_value(node, line, found)

    def _own_value(self, node: Node, line: Service, found: PointValue) -> Decimal:
        if line.point_value is None:
            return found.value
        if found.own_max is None:
            self.done.error("own_value_not_allowed", node, "unit_factor")
            return found.value
        if line.point_value > found.own_max:
            limit = plain(found.own_max)
            self.done.error("POINT_VALUE_ABOVE_CAP", node, "unit_factor", limit=limit)
        return line.point_value

    def _rate(self, node: Node, line: Service, position: Position) -> Decimal:
        """Return the VAT rate on the day of supply (BR-46, BR-47).

        A practice without a number shows no VAT (BR-50). The public price of a drug contains it
        whoever sells it (BR-41), so there it just is not shown.
        """
        category = line.tax.category if line.tax else position.category
        if category == "EXEMPT":
            return ZERO
        if not self._case.taxable:
            if line.tax or position.net or category != "REDUCED":
                self.done.error("VAT_WITHOUT_NUMBER", node, "vat_rate")
            return ZERO
        rows = [row for row in self._lists.rates if row.category == category]
        found = price_lists.standing(rows, line.on)
        if found is None:
            self.done.error("vat_rate_unknown", node, "vat_rate", on=f"{line.on}")
            return ZERO
        return found.rate


def _amounts(worth: _Worth, line: Service) -> list[int]:
    """Return the rappen of each part, rounded before they are added (BR-34)."""
    return [
        round_rappen(worth.quantity * part.points * part.value * part.factor * line.factor)
        for part in worth.parts
    ]


def _write(
    node: Node, place: int, line: Service, name: str, worth: _Worth, provider_gln: str
) -> int:
    """Fill the element of a line; return its amount."""
    each = _amounts(worth, line)
    provider = line.provider_gln or provider_gln
    values = {
        "record_id": str(place + 1),
        "tariff_type": line.tariff,
        "code": line.code,
        "name": name,
        "session": str(line.session),
        "quantity": plain(worth.quantity),
        "date_begin": line.on.isoformat(),
        "provider_id": provider,
        "responsible_id": provider,
        "body_location": line.side,
        "amount": francs(sum(each)),
        "vat_rate": plain(worth.rate),
        "section_code": line.section,
        "remark": _remark(line),
        **_factors(worth.parts, each, line.factor),
    }
    kept = {key: value for key, value in values.items() if value}
    node.name = "service" if len(each) == 1 else "service_ex"
    node.names, node.values = tuple(kept), list(kept.values())
    return sum(each)


def _factors(parts: Sequence[_Part], each: Sequence[int], factor: Decimal) -> Mapping[str, str]:
    """Return the attributes that the price is made of (invoice-xml 9.1)."""
    if len(parts) == 1:
        (part,) = parts
        # A line of one part has no scaling of its own in a message, so both factors are one.
        return {
            "unit": plain(part.points),
            "unit_factor": plain(part.value),
            "external_factor": plain(_shortened(part.factor * factor)),
        }
    found = {}
    for name, part, rappen in zip(("mt", "tt"), parts, each, strict=True):
        found[f"unit_{name}"] = plain(part.points)
        found[f"unit_factor_{name}"] = plain(part.value)
        found[f"scale_factor_{name}"] = plain(part.factor)
        found[f"external_factor_{name}"] = plain(factor)
        found[f"amount_{name}"] = francs(rappen)
    return found


def _shortened(factor: Decimal) -> Decimal:
    """Return a factor with no more places than a message may write."""
    exponent = factor.as_tuple().exponent
    assert isinstance(exponent, int), "numbers of bodies and lists are finite"
    return factor.quantize(LAST_PLACE, ROUND_UP) if exponent < -PLACES_MAX else factor


def _remark(line: Service) -> str:
    """Return the practice's words, and why it chose another VAT category (BR-47)."""
    reason = f"{line.tax.category}: {line.tax.reason}" if line.tax else ""
    return "; ".join(filter(None, (line.remark, reason)))
