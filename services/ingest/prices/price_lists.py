"""Dated rows of tariffs, point values and VAT rates, and which of them stands on a day. Pure.

All of it is data that an operator imports (`quittance tariffs import`); no price is in the code.
Source: BR-30, BR-33, BR-37 to BR-42, BR-46.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, Literal, TypeAlias, TypeVar

import msgspec

from libs.events.values import Language, Law

Shape: TypeAlias = Literal["two_part", "points", "price", "hourly"]
"""Medical and technical points; points; a price of one unit; a price of an hour, by minutes."""
Own: TypeAlias = Literal["", "price", "max", "points"]
"""What a practice may state itself: nothing; any price; one up to the table's; points in a range.
"""
Category: TypeAlias = Literal["EXEMPT", "NORMAL", "REDUCED", "SPECIAL"]
Key: TypeAlias = tuple[str, ...]
NOTHING: Final = Decimal(0)
ONE: Final = Decimal(1)


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """A row that stands from a day to a day, both included; without an end until further notice.

    Written in full: a table keeps it as text, and must get the same text from the log again.
    """

    valid_from: date
    valid_to: date | None = None

    def stands_on(self, on: date) -> bool:
        """Return whether the row stands on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class Position(Dated, frozen=True, kw_only=True):
    """One position of a tariff."""

    tariff: str
    code: str
    shape: Shape
    points_mt: Decimal = NOTHING
    """Medical part; the only one of `points`, a flat rate's cost weight among them (BR-37)."""
    points_tt: Decimal = NOTHING
    factor: Decimal = ONE
    """The tariff's own scaling; the national neutrality factor of the structure (BR-34)."""
    price_rappen: int = 0
    own: Own = ""
    own_min: Decimal | None = None
    own_max: Decimal | None = None
    category: Category = "EXEMPT"
    net: bool = False
    """Whether VAT comes on top of the price (BR-48, BR-49)."""
    sitting: str = ""
    """Positions of one sitting: one of them per session (BR-36)."""
    beside_flat_rate: bool = False
    """Whether the contract lets it stand beside a flat rate (BR-32)."""
    laws: tuple[Law, ...] = ()
    """Under which laws it may be used; under all where none is named."""
    source: str = ""
    """Which list it is from, and of what day; a sample says that it is one."""
    name_de: str
    name_fr: str = ""
    name_it: str = ""
    name_en: str = ""

    @property
    def key(self) -> Key:
        """What may stand once on a day."""
        return self.tariff, self.code

    def name(self, language: Language) -> str:
        """Return its name, in German where the list has none in this language."""
        said: str = getattr(self, f"name_{language}")
        return said or self.name_de


class PointValue(Dated, frozen=True, kw_only=True):
    """What a point is worth, for whom; an empty field means everybody (BR-33)."""

    tariff: str
    law: str = ""
    canton: str = ""
    insurer_group: str = ""
    insurers: tuple[str, ...] = ()
    """GLNs of the group's insurers."""
    provider_kind: str = ""
    value: Decimal
    """Francs of a point; of a flat rate its base value; of home care a day's highest share."""
    own_max: Decimal | None = None
    """Up to which a practice may set a value of its own (BR-38)."""
    source: str = ""

    @property
    def key(self) -> Key:
        """What may stand once on a day."""
        return self.tariff, self.law, self.canton, self.insurer_group, self.provider_kind


class VatRate(Dated, frozen=True, kw_only=True):
    """The rate of a category of supplies, in percent (BR-46)."""

    category: Category
    rate: Decimal
    source: str = ""

    @property
    def key(self) -> Key:
        """What may stand once on a day."""
        return (self.category,)


Row: TypeAlias = Position | PointValue | VatRate
R = TypeVar("R", Position, PointValue, VatRate)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a point value is looked up."""

    law: Law
    canton: str
    provider_kind: str
    insurer_gln: str = ""


def standing(rows: Iterable[R], on: date) -> R | None:
    """Return the row of a key that stands on a day; there is at most one."""
    return next((row for row in rows if row.stands_on(on)), None)


def point_value(values: Sequence[PointValue], asked: Asked, on: date) -> PointValue | None:
    """Return the value that names most of what is asked: insurer, then law, kind, canton.

    A national value of a law goes before one of a canton that is for all laws (BR-12, BR-33).
    """
    fitting = [value for value in values if value.stands_on(on) and _fits(value, asked)]
    return max(fitting, key=_closeness, default=None)


def knows_law(values: Sequence[PointValue], law: Law) -> bool:
    """Return whether a tariff has a point value under a law at all (BR-39)."""
    return any(value.law in {"", law} for value in values)


def _fits(value: PointValue, asked: Asked) -> bool:
    return (
        value.law in {"", asked.law}
        and value.canton in {"", asked.canton}
        and value.provider_kind in {"", asked.provider_kind}
        and (not value.insurer_group or asked.insurer_gln in value.insurers)
    )


def _closeness(value: PointValue) -> tuple[bool, bool, bool, bool]:
    named = value.insurer_group, value.law, value.provider_kind, value.canton
    insurer, law, kind, canton = map(bool, named)
    return insurer, law, kind, canton


class Lists(msgspec.Struct, frozen=True, kw_only=True):
    """What one body needs of the tables, looked up before it is priced."""

    positions: Mapping[Key, Sequence[Position]]
    """By tariff and code, every row of any day."""
    known: frozenset[str]
    """Tariffs that have positions at all."""
    values: Mapping[str, Sequence[PointValue]]
    """By tariff."""
    rates: Sequence[VatRate]
