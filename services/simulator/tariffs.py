"""Positions of the tariffs with their points, and the point values by day, law and canton.

The positions are invented in the style of their tariffs; the values follow BR-33, BR-35, BR-38 to
BR-42 as far as they are published. They serve a simulation and price nothing.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import starmap

from libs.events.handed import ServiceLine
from libs.events.values import Language, Law
from services.simulator import identifiers
from services.simulator.tables import rows

TARDOC_FROM = date(2026, 1, 1)
"""TARMED is valid to the day before (BR-30)."""
TARMED, TARDOC, PHYSIO_KVG, PHYSIO_UVG, DENTAL, HOME_CARE = "001", "007", "312", "311", "222", "532"
TWO_PARTS = frozenset({TARMED, TARDOC})

_TARMED_VALUES = {
    "AG": "0.89", "BE": "0.86", "GE": "0.96", "JU": "0.97", "LU": "0.82", "VD": "0.96",
    "VS": "0.83", "TI": "0.93", "ZH": "0.91", "SG": "0.86", "TG": "0.86", "GR": "0.86",
}  # fmt: skip
_TARDOC_VALUES = {"GE": "0.98", "JU": "0.97", "VD": "0.96", "TI": "0.94", "ZH": "0.93"}
_PHYSIO_VALUES = {"GE": "1.03", "ZH": "0.99", "VD": "0.97", "BE": "0.96", "TI": "0.95"}
_OTHER_MEDICAL, _OTHER_PHYSIO, _NATIONAL, _ONE = "0.88", "0.94", "0.92", Decimal(1)

VAT_RATES = {"NORMAL": Decimal("8.1"), "REDUCED": Decimal("2.6"), "EXEMPT": Decimal(0)}
"""In force since 2024 (BR-46)."""


@dataclass(frozen=True, kw_only=True)
class Position:
    tariff: str
    code: str
    points_mt: Decimal
    """Points of the medical part; for a tariff of one part, its points or its price."""
    points_tt: Decimal
    vat: str
    visit: bool
    """Whether the position is a sitting of its own: once a day."""
    names: dict[Language, str]


def round_rappen(francs: Decimal) -> int:
    """Return francs as rappen, rounded half up (invoice-xml 11)."""
    return int((francs * 100).to_integral_value(ROUND_HALF_UP))


def price_rappen(
    quantity: Decimal, mt: tuple[Decimal, Decimal], tt: tuple[Decimal, Decimal]
) -> tuple[int, int]:
    """Return both parts of a line, each rounded by itself (BR-34, BR-35); (points, value) each."""
    medical, technical = starmap(lambda points, value: quantity * points * value, (mt, tt))
    return round_rappen(medical), round_rappen(technical)


@cache
def shelf(letter: str, on: date) -> tuple[Position, ...]:
    """Return what a kind of practice can invoice on a day, cheapest first."""
    gone = TARMED if on >= TARDOC_FROM else TARDOC
    found = [
        _position(row)
        for row in rows("positions")
        if letter in row["kinds"] and row["tariff"] != gone
    ]
    return tuple(sorted(found, key=lambda position: position.points_mt + position.points_tt))


def _position(row: dict[str, str]) -> Position:
    is_article = row["tariff"] == "402"
    return Position(
        tariff=row["tariff"],
        code=identifiers.ean13(row["code"]) if is_article else row["code"],
        points_mt=Decimal(row["mt"]),
        points_tt=Decimal(row["tt"]),
        vat=row["vat"],
        visit=bool(row["visit"]),
        names={"de": row["de"], "fr": row["fr"], "it": row["it"]},
    )


def point_value(position: Position, law: Law, canton: str, private: str) -> Decimal:
    """Return the value of a point; prices count by one."""
    national = law in {Law.UVG, Law.IVG, Law.MVG}
    match position.tariff:
        case "001":
            value = _NATIONAL if national else _TARMED_VALUES.get(canton, _OTHER_MEDICAL)
        case "007":
            value = _NATIONAL if national else _TARDOC_VALUES.get(canton, _OTHER_MEDICAL)
        case "312":
            value = "1.00" if national else _PHYSIO_VALUES.get(canton, _OTHER_PHYSIO)
        case "222":
            value = "1.00" if national else private
        case _:
            return _ONE
    return Decimal(value)


def line_parts(line: ServiceLine) -> tuple[int, int]:
    """Return the medical and the technical part of a line in rappen."""
    return price_rappen(
        line.quantity, (line.points_mt, line.value_mt), (line.points_tt, line.value_tt)
    )
