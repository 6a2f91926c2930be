"""Characters that a slip may hold, and how other writings are brought to them. Pure.

Source: QR-bill guideline 2.3, section 4.1.1; payments 1.3, number 1.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, TypeVar, cast

T = TypeVar("T")

_RANGES = ((0x20, 0x7E), (0xA0, 0xFF), (0x100, 0x17F), (0x218, 0x21B), (0x20AC, 0x20AC))
ALLOWED = frozenset(chr(code) for first, last in _RANGES for code in range(first, last + 1))
_IN_OUR_FONTS = (
    (0x20, 0x7E), (0xA0, 0x36F), (0x384, 0x38A), (0x38E, 0x3A1), (0x3A3, 0x3CE), (0x3D0, 0x513),
    (0x1E00, 0x1E9B), (0x1EA0, 0x1EF9), (0x2000, 0x2010), (0x2012, 0x2022), (0x2026, 0x2026),
    (0x2030, 0x2030), (0x2032, 0x2034), (0x2039, 0x203A), (0x2044, 0x2044), (0x20A0, 0x20B5),
    (0x2116, 0x2116), (0x2122, 0x2122),
)  # fmt: skip
PRINTED = frozenset(chr(code) for first, last in _IN_OUR_FONTS for code in range(first, last + 1))
"""Letters that documents are printed in: Latin, Greek and Cyrillic, with the usual signs."""

_WRITTEN_OTHERWISE = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u0060\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
    | {"\u2026": "...", "\u2022": "-", "\u2116": "No"}
)
_LETTERS = str.maketrans(
    {
        "ǆ": "dž", "ǅ": "Dž", "Ǆ": "DŽ", "ǉ": "lj", "ǈ": "Lj", "Ǉ": "LJ", "ǌ": "nj", "ǋ": "Nj",
        "Ǌ": "NJ", "ẞ": "SS", "ə": "e", "Ə": "E", "ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ɓ": "b",
        "Ɓ": "B", "ɗ": "d", "Ɗ": "D", "ƙ": "k", "Ƙ": "K", "ƴ": "y", "Ƴ": "Y", "ɛ": "e", "Ɛ": "E",
        "ɔ": "o", "Ɔ": "O",
    }
)  # fmt: skip
"""Latin letters that have no accent to lose. Other scripts need a person (payments 1.3)."""


def normalised(text: str) -> str:
    """Return the text as a slip may hold it, with letters that stay foreign left as they are.

    Composed form, plain quotes and dashes, no soft hyphens, single blanks; accents that the set
    lacks are taken off one by one (ế becomes ê): a name stays as near to itself as it can.
    """
    composed = unicodedata.normalize("NFC", text).translate(_WRITTEN_OTHERWISE).translate(_LETTERS)
    return " ".join("".join(_nearest(character) for character in composed).split())


def foreign(text: str) -> set[str]:
    """Return the characters that no slip may hold."""
    return set(text) - ALLOWED


def unprinted(text: str) -> bool:
    """Whether a text holds letters that no document of ours can show."""
    return not text.isascii() and not PRINTED.issuperset(text)


def printable(value: T) -> T:
    """Return a value with a question mark for each letter that no document of ours can show."""
    if isinstance(value, str):
        shown: Any = "".join(letter if letter in PRINTED else "?" for letter in value)
        return cast("T", shown)
    if isinstance(value, Mapping):
        return cast("T", {name: printable(one) for name, one in value.items()})
    if isinstance(value, list | tuple):
        return cast("T", [printable(one) for one in value])
    return value


def _nearest(character: str) -> str:
    """Return the letter with as many of its accents as the set has."""
    if character in ALLOWED or character.isspace():
        return character
    if unicodedata.combining(character):
        return ""  # nothing to combine with: NFC left it over after a letter that takes no accent
    parts = unicodedata.decomposition(character).split()
    if not parts or parts[0].startswith("<"):
        return character
    return _nearest(chr(int(parts[0], 16)))
