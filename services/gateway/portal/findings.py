"""Findings as sentences; the service that checks messages keeps the texts and is asked for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from libs.events.handed import Finding
from libs.runtime.web import Problem
from services.gateway.portal.catalogue import PLACEHOLDER, Words
from services.gateway.portal.formats import NOTHING
from services.gateway.portal.frame import Visit


class Texts(msgspec.Struct, frozen=True):
    """What is said of one code, by language."""

    message: Mapping[str, str]
    remedy: Mapping[str, str] = {}
    stops: Mapping[str, str] = {}
    severity: str = "error"
    rule: str = ""


@dataclass(frozen=True)
class Sentence:
    """A finding as it is read."""

    severity: str
    message: str
    remedy: str
    line: int
    code: str = ""
    """Leads to its entry in the help; empty if it has none."""


@dataclass(frozen=True)
class Help:
    """What the help page says of a code."""

    code: str
    severity: str
    message: str
    remedy: str
    stops: str
    rule: str


class Filled(dict[str, str]):
    """Values for a sentence; one that is missing shows as a dash and breaks no page."""

    def __missing__(self, key: str) -> str:
        """Return a dash."""
        return NOTHING


_known: dict[str, Texts] = {}
"""The catalogue as it was last heard. It changes with a release only; a code that is not in it
makes us ask again."""


async def sentences(visit: Visit, found: Sequence[Finding]) -> Callable[[Finding], Sentence]:
    """Return what turns findings into sentences of the reader's language."""
    if any(one.code not in _known for one in found):
        await _learn(visit)

    def said(one: Finding) -> Sentence:
        return sentence(one, _known, visit.t)

    return said


async def _learn(visit: Visit) -> None:
    """Ask for the catalogue; where nobody answers, codes are shown in place of sentences."""
    try:
        answer = await visit.ask("ingest", "GET", "/findings")
        _known.update(msgspec.json.decode(answer.content, type=dict[str, Texts]))
    except (Problem, msgspec.MsgspecError):
        pass


async def help_entries(visit: Visit) -> Sequence[Help]:
    """Return what there is to say of every code, in the reader's language, by code."""
    await _learn(visit)
    return help_of(_known, visit.t)


def help_of(known: Mapping[str, Texts], t: Words) -> Sequence[Help]:
    """Return entries of the help; values that a sentence names are shown as dots."""

    def told(texts: Mapping[str, str]) -> str:
        return PLACEHOLDER.sub("…", texts.get(t.language, ""))

    return [
        Help(
            code=code,
            severity=texts.severity,
            message=told(texts.message),
            remedy=told(texts.remedy),
            stops=told(texts.stops),
            rule=texts.rule,
        )
        for code, texts in sorted(known.items(), key=lambda entry: entry[0].lower())
    ]


def sentence(one: Finding, known: Mapping[str, Texts], t: Words) -> Sentence:
    """Return a finding in words; a code without words is shown itself."""
    texts = known.get(one.code)
    if texts is None:
        return Sentence(one.severity, t("finding.unknown", code=one.code), "", one.line)
    values: Any = Filled(one.params)
    message = texts.message[t.language].format_map(values)
    remedy = texts.remedy.get(t.language, "").format_map(values)
    return Sentence(one.severity, message, remedy, one.line, one.code)
