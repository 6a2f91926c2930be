"""Texts on paper in four languages: the catalogue `words.toml`. No template holds a text."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from libs.events.values import Language


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return key → language → text."""
    text = (resources.files("libs.paper") / "words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def words(language: Language) -> Mapping[str, str]:
    """Return all texts of a language by key. A key without this language is a bug."""
    return {key: texts[language] for key, texts in catalogue().items()}
