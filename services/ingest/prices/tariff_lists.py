"""Files of tariff positions, point values and VAT rates → rows, or every line that is wrong. Pure.

CSV in UTF-8 with `;` or `,` between the columns, which the first line names; unknown columns are
refused, missing ones that have a default may be left out. Days are written YYYY-MM-DD, amounts in
francs with a point. docs/operations.md describes each column.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar, get_args

from libs.events.values import Law, PracticeKind
from services.ingest.message.lexical import day, ean_ok, money, number
from services.ingest.prices.price_lists import Category, Own, PointValue, Position, Shape, VatRate

R = TypeVar("R", Position, PointValue, VatRate)
ROWS_MAX: Final = 200_000
WRONG_MAX: Final = 50
"""What follows is not listed: nobody mends more at once."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong in a line; the words are for the operator, in English as all of the command."""

    line: int
    column: str
    why: str


@dataclass(frozen=True)
class Rows(Generic[R]):
    """A file in order: its rows and the line of each."""

    rows: tuple[R, ...]
    lines: tuple[int, ...]


class _NotSoError(ValueError):
    """A value is not as its column must be."""


Reader = Callable[[str], Any]


def _text(length: int, *, least: int = 0) -> Reader:
    def read(value: str) -> str:
        if not least <= len(value) <= length:
            raise _NotSoError(f"{least} to {length} characters")
        return value

    return read


def _one_of(*allowed: str) -> Reader:
    def read(value: str) -> str:
        if value not in allowed:
            raise _NotSoError("one of " + ", ".join(filter(None, allowed)))
        return value

    return read


def _day(value: str) -> date:
    found = day(value) if len(value) == len("2026-01-01") else None
    if found is None:
        raise _NotSoError("a day, YYYY-MM-DD")
    return found


def _number(value: str) -> Decimal:
    found = number(value)
    if found is None or found < 0:
        raise _NotSoError("a number that is not negative, with a point")
    return found


def _positive(value: str) -> Decimal:
    found = _number(value)
    if found == 0:
        raise _NotSoError("a number above zero, with a point")
    return found


def _francs(value: str) -> int:
    found = money(value)
    if found is None or found < 0:
        raise _NotSoError("an amount in francs, with a point and no third decimal")
    return found


def _truth(value: str) -> bool:
    if value not in {"0", "1"}:
        raise _NotSoError("0 or 1")
    return value == "1"


def _laws(value: str) -> tuple[Law, ...]:
    try:
        return tuple(map(Law, value.split()))
    except ValueError:
        raise _NotSoError("laws with blanks between: " + " ".join(Law)) from None


def _glns(value: str) -> tuple[str, ...]:
    found = tuple(value.split())
    if not all(map(ean_ok, found)):
        raise _NotSoError("numbers of 13 digits with their check digit, blanks between")
    return found


_TARIFF: Final = _text(3, least=3)
_CATEGORY: Final = _one_of(*get_args(Category))
_NAMES: Final[Mapping[str, Reader]] = {
    f"name_{tongue}": _text(350) for tongue in ("fr", "it", "en")
}
COLUMNS: Final[Mapping[type, tuple[Mapping[str, Reader], Mapping[str, Reader]]]] = {
    Position: (
        {
            "tariff": _TARIFF,
            "code": _text(30, least=1),
            "valid_from": _day,
            "shape": _one_of(*get_args(Shape)),
            "name_de": _text(350, least=1),
            "source": _text(200, least=1),
        },
        {
            "valid_to": _day,
            "points_mt": _number,
            "points_tt": _number,
            "factor": _positive,
            "price": _francs,
            "own": _one_of(*get_args(Own)),
            "own_min": _number,
            "own_max": _number,
            "category": _CATEGORY,
            "net": _truth,
            "sitting": _text(35),
            "beside_flat_rate": _truth,
            "laws": _laws,
            **_NAMES,
        },
    ),
    PointValue: (
        {"tariff": _TARIFF, "valid_from": _day, "value": _positive, "source": _text(200, least=1)},
        {
            "valid_to": _day,
            "law": _one_of("", *Law),
            "canton": _text(2),
            "insurer_group": _text(35),
            "insurers": _glns,
            "provider_kind": _one_of("", *PracticeKind),
            "own_max": _positive,
        },
    ),
    VatRate: (
        {"category": _CATEGORY, "valid_from": _day, "rate": _number, "source": _text(200, least=1)},
        {"valid_to": _day},
    ),
}
"""For each kind of row: columns that must be there with a value, and those with a default."""
_FIELDS: Final = {"price": "price_rappen"}


def read_list(data: bytes, kind: type[R]) -> Rows[R] | tuple[Wrong, ...]:
    """Return the rows of a file, or everything that is wrong in it. Raises nothing."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return (Wrong(1, "", "the file is not UTF-8"),)
    if "\x00" in text:
        return (Wrong(1, "", "the file holds characters that are no text"),)
    first = text.partition("\n")[0]
    mark = ";" if first.count(";") >= first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        return _read(reader, kind)
    except csv.Error as error:
        return (Wrong(reader.line_num, "", f"this is no CSV: {error}"),)


def _read(reader: Any, kind: type[R]) -> Rows[R] | tuple[Wrong, ...]:
    names = [name.strip() for name in next(reader, [])]
    needed, optional = COLUMNS[kind]
    wrong = [Wrong(1, name, "there is no such column") for name in names
             if name not in needed and name not in optional]  # fmt: skip
    wrong += [Wrong(1, name, "this column is missing") for name in needed if name not in names]
    wrong += [Wrong(1, name, "this column stands twice") for name in set(names)
              if names.count(name) > 1]  # fmt: skip
    rows: list[R] = []
    lines: list[int] = []
    for values in [] if wrong else reader:
        line = reader.line_num
        if not any(map(str.strip, values)):
            continue
        if len(rows) >= ROWS_MAX:
            return (Wrong(line, "", f"a file may hold {ROWS_MAX} rows; make it two"),)
        found = _row(line, names, values, kind)
        if isinstance(found, list):
            wrong += found
        else:
            rows.append(found)
            lines.append(line)
        if len(wrong) >= WRONG_MAX:
            break
    if not wrong and not rows:
        wrong = [Wrong(2, "", "there are no rows")]
    return tuple(wrong[:WRONG_MAX]) if wrong else Rows(tuple(rows), tuple(lines))


def _row(line: int, names: Sequence[str], values: Sequence[str], kind: type[R]) -> R | list[Wrong]:
    needed, optional = COLUMNS[kind]
    if len(values) != len(names):
        return [Wrong(line, "", f"{len(values)} values for {len(names)} columns")]
    wrong: list[Wrong] = []
    given: dict[str, Any] = {}
    for name, value in zip(names, map(str.strip, values), strict=True):
        if not value and name in optional:
            continue
        try:
            given[_FIELDS.get(name, name)] = {**needed, **optional}[name](value)
        except _NotSoError as error:
            wrong.append(Wrong(line, name, f"must be {error}"))
    if wrong:
        return wrong
    made: R = kind(**given)
    return [Wrong(line, *why) for why in _beside(made)] or made


def _beside(row: Position | PointValue | VatRate) -> list[tuple[str, str]]:
    """Return what columns say against each other."""
    found = []
    if row.valid_to is not None and row.valid_to < row.valid_from:
        found.append(("valid_to", "must not be before valid_from"))
    if isinstance(row, PointValue) and bool(row.insurer_group) != bool(row.insurers):
        found.append(("insurers", "must be given with a group, and only then"))
    if not isinstance(row, Position):
        return found
    if row.shape in {"price", "hourly"} and not row.price_rappen and row.own != "price":
        found.append(("price", "must be given, or own must be price"))
    if row.shape in {"two_part", "points"} and row.own in {"price", "max"}:
        found.append(("own", "must not be a price where the tariff has points"))
    if row.own == "points" and (row.own_min is None or row.own_max is None):
        found.append(("own_max", "must be given with own_min where own is points"))
    return found
