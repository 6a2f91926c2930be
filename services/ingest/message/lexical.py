"""Single values of a message: numbers, amounts, days, durations, check digits. Pure.

Amounts are `xs:double` in the schema, which also admits NaN, INF, exponents and any number of
digits: those are refused here, because validity against the schema is not validity as money
(invoice-xml 3, B19, B39). Nothing here raises for bad input.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from services.ingest.message.remembered import Remembered

ZURICH: Final = ZoneInfo("Europe/Zurich")
AMOUNT_MAX: Final = Decimal(10_000_000)
"""No medical invoice is larger; what is, has lost its decimal point."""

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})", re.ASCII)
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,12})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_DURATION: Final = re.compile(
    r"(-?)P(?=[0-9T])(?:([0-9]{1,4})Y)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:[0-9]{1,9}H)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}(?:\.[0-9]+)?S)?)?",
    re.ASCII,
)
_ZURICH_OFFSETS: Final = frozenset((None, "+01:00", "+02:00"))


def _number(value: str) -> Decimal | None:
    """Return a decimal number; None for NaN, INF, exponents, blanks inside, or no number."""
    value = value.strip(" \t\r\n")
    return Decimal(value) if _NUMBER.fullmatch(value) else None


NUMBERS: Final = Remembered(_number)
number: Final = NUMBERS.__getitem__


def _money(value: str) -> int | None:
    """Return an amount in rappen; None if it is no whole number of rappen or beyond all sense."""
    amount = number(value)
    if amount is None or abs(amount) > AMOUNT_MAX:
        return None
    rappen = amount * 100
    return int(rappen) if rappen == int(rappen) else None


MONEY: Final = Remembered(_money)
money: Final = MONEY.__getitem__


def _day(value: str) -> date | None:
    """Return the Zurich day of a date or an instant; None if the calendar has no such day.

    A day with an offset is the day as written, and so is an instant in a Swiss offset: senders
    write midnight with the offset of the wrong season. Any other offset is turned to Zurich time.
    """
    found = _DATE.fullmatch(value.strip(" \t\r\n"))
    if found is None:
        return None
    year, month, day_, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    last = (hour, minute, second) == (24, 0, 0)
    if not last and (hour > 23 or minute > 59 or second > 59):  # noqa: PLR2004
        return None
    try:
        written = date(year, month, day_)
        if last:
            return written + timedelta(days=1)
        if found[4] is None or found[7] in _ZURICH_OFFSETS:
            return written
        return _in_zurich(written, hour, minute, found[7])
    except (ValueError, OverflowError):
        return None


def _in_zurich(written: date, hour: int, minute: int, offset: str) -> date:
    """Return the day in Zurich of an instant in another offset."""
    if offset == "Z":
        away = timedelta(0)
    else:
        away = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
        away = -away if offset[0] == "-" else away
    utc = datetime(written.year, written.month, written.day, hour, minute, tzinfo=UTC) - away
    return utc.astimezone(ZURICH).date()


DAYS: Final = Remembered(_day)
day: Final = DAYS.__getitem__


def days(value: str) -> int | None:
    """Return a duration in days (year 365, month 30); negative where it says so."""
    found = _DURATION.fullmatch(value.strip(" \t\r\n"))
    if found is None:
        return None
    sign, years, months, days_ = found.groups()
    total = int(years or 0) * 365 + int(months or 0) * 30 + int(days_ or 0)
    return -total if sign else total


def truth(value: str, *, default: bool = False) -> bool:
    """Return an `xs:boolean`; the default where it is not given."""
    return value in {"true", "1"} if value else default


_CARRY: Final = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)


def _ean_ok(digits: str) -> bool:
    """Return whether 13 digits end with their GS1 check digit (GLN, AHV number)."""
    if len(digits) != 13 or not (digits.isascii() and digits.isdigit()):  # noqa: PLR2004
        return False
    total = sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == int(digits[12])


ean_ok: Final = Remembered(_ean_ok).__getitem__


def mod10_digit(digits: str) -> str:
    """Return the recursive check digit modulo 10 of QR references and coding lines."""
    carry = 0
    for digit in digits:
        carry = _CARRY[(carry + int(digit)) % 10]
    return str((10 - carry) % 10)


_UID: Final = re.compile(
    r"(?:CHE|ADM)-?([0-9]{3})\.?([0-9]{3})\.?([0-9]{3})(?: ?(?:MWST|TVA|IVA))?"
)
_UID_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4)


def uid_ok(value: str) -> bool:
    """Return whether a number of a company is one: CHE and nine digits, modulo 11."""
    found = _UID.fullmatch(value.strip())
    if found is None:
        return False
    digits = "".join(found.groups())
    total = sum(weight * int(digit) for weight, digit in zip(_UID_WEIGHTS, digits, strict=False))
    return (11 - total % 11) % 11 == int(digits[8])


def reference_ok(reference: str) -> bool:
    """Return whether 27 digits end with their check digit and are not all zero."""
    if len(reference) != 27 or not (reference.isascii() and reference.isdigit()):  # noqa: PLR2004
        return False
    return mod10_digit(reference[:26]) == reference[26] and reference.strip("0") != ""


def mod97_ok(value: str) -> bool:
    """Return whether an IBAN or a creditor reference (RF) leaves the rest 1."""
    if not (value.isascii() and value.isalnum() and len(value) > 4):  # noqa: PLR2004
        return False
    moved = value[4:] + value[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def is_qr_iban(iban: str) -> bool:
    """Return whether the bank number of a Swiss account is one of those for QR references."""
    return iban[4:9].isdigit() and 30_000 <= int(iban[4:9]) <= 31_999  # noqa: PLR2004
