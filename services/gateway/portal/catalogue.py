"""The texts of the portal in four languages, kept side by side in `catalogue/*.json`.

A key that lacks a language does not load. `Words` carries one language and is what templates call.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from libs.events.values import LANGUAGES, Language

PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text in every language."""

    de: str
    fr: str
    it: str
    en: str

    def in_(self, language: Language) -> str:
        """Return the text of a language."""
        text: str = getattr(self, language)
        return text


@cache
def catalogue() -> Mapping[str, Text]:
    """Return every text by its key; a key said in two files is a mistake."""
    texts: dict[str, Text] = {}
    folder = files("services.gateway.portal") / "catalogue"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        new = msgspec.json.decode(file.read_bytes(), type=dict[str, Text])
        assert not texts.keys() & new.keys(), f"{file.name} says a key again"
        texts |= new
    return texts


@dataclass(frozen=True)
class Words:
    """The catalogue in one language."""

    language: Language

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text with its placeholders filled; what is filled in is never read as markup."""
        text = catalogue()[key].in_(self.language)
        return text.format_map(values) if values else text

    def __contains__(self, key: str) -> bool:
        """Say whether there is such a text; for codes that came from elsewhere."""
        return key in catalogue()

    def count(self, key: str, number: int, /, **values: object) -> str:
        """Return the text of `<key>.one` or `<key>.other` as the language counts.

        French says one of nothing, the other three say many.
        """
        one = number == 1 or (self.language == "fr" and number == 0)
        form = "one" if one else "other"
        return self(f"{key}.{form}", **{"n": number, **values})


def placeholders(text: str) -> frozenset[str]:
    """Return the names that a text wants filled."""
    return frozenset(PLACEHOLDER.findall(text))


def chosen(wish: str | None, accepts: str, fallback: Language = "de") -> Language:
    """Return the language of a page: the one chosen, else the first the browser asks for.

    `accepts` is the header Accept-Language; its order counts, as browsers send it by preference.
    """
    for candidate in (wish or "", *(part.split(";")[0] for part in accepts.split(","))):
        code = candidate.strip().lower()[:2]
        for language in LANGUAGES:
            if code == language:
                return language
    return fallback
