"""How days, instants and sums are written, by language. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from libs.events.values import Language

ZURICH = ZoneInfo("Europe/Zurich")
NOTHING = "\N{EN DASH}"
THOUSANDS = "\N{RIGHT SINGLE QUOTATION MARK}"
MINUS = "\N{MINUS SIGN}"
NEVER_BREAKS = "\N{NO-BREAK SPACE}"

WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def money(rappen: int) -> str:
    """Return francs with two digits and apostrophes: 1.23 million is 1'230'000.00, but curved."""
    francs, rest = divmod(abs(rappen), 100)
    sign = MINUS if rappen < 0 else ""
    return f"{sign}{number(francs)}.{rest:02}"


def number(count: int) -> str:
    """Return a whole number with apostrophes between thousands."""
    return f"{count:,}".replace(",", THOUSANDS)


def share(part: int, whole: int) -> str:
    """Return a part of a whole in per cent with one digit; a part of nothing is 0.0."""
    tenths = (part * 2000 + whole) // (2 * whole) if whole else 0
    return f"{tenths // 10}.{tenths % 10}{NEVER_BREAKS}%"


def day(on: date | None) -> str:
    """Return 14.09.2026, and a dash for no day."""
    return f"{on:%d.%m.%Y}" if on else NOTHING


def days(first: date, last: date) -> str:
    """Return a stretch of days, or the one day that it is."""
    return day(first) if first == last else f"{day(first)} {NOTHING} {day(last)}"


def short_day(on: date, today: date) -> str:
    """Return 14.09. within half a year of today, where the year is not in doubt, else all of it."""
    return f"{on:%d.%m.}" if abs((on - today).days) < 183 else day(on)  # noqa: PLR2004 half a year


def weekday(on: date, language: Language) -> str:
    """Return the name of a day of the week."""
    return WEEKDAYS[language][on.weekday()]


def long_day(on: date, language: Language) -> str:
    """Return the day with its name: Montag, 14.09.2026."""
    comma = " " if language in {"fr", "it"} else ", "
    return f"{weekday(on, language)}{comma}{day(on)}"


def local(at: datetime) -> datetime:
    """Return an instant on Swiss clocks; what a database gives without a zone is UTC."""
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo("UTC"))).astimezone(ZURICH)


def clock(at: datetime) -> str:
    """Return the hour and minute on Swiss clocks: 08:42."""
    return f"{local(at):%H:%M}"


def instant(at: datetime) -> str:
    """Return day and time on Swiss clocks."""
    return f"{local(at):%d.%m.%Y %H:%M}"


def account(number_: int) -> str:
    """Return a member's account number in groups that can be read aloud: 40 112."""
    return f"{number_:,}".replace(",", NEVER_BREAKS)


def reference(digits: str) -> str:
    """Return a QR reference as it is printed: two digits, then groups of five."""
    head, rest = digits[:2], digits[2:]
    groups = [head, *(rest[start : start + 5] for start in range(0, len(rest), 5))]
    return " ".join(groups)


def francs_typed(text: str) -> int | None:
    """Return the rappen that someone typed as a sum (1'234.55, 1234,5, CHF 120), None if none.

    >>> francs_typed("1'234.55")
    123455
    """
    bare = text.upper().removeprefix("CHF")
    for separator in (" ", "'", THOUSANDS, NEVER_BREAKS, "_"):
        bare = bare.replace(separator, "")
    francs, point, rest = bare.replace(",", ".").partition(".")
    digits = francs + rest
    if not (francs and digits.isascii() and digits.isdigit()):
        return None
    if len(francs) > 9 or len(rest) > 2 or (point and not rest):  # noqa: PLR2004 two digits of rappen
        return None
    return int(francs) * 100 + int(rest.ljust(2, "0"))
