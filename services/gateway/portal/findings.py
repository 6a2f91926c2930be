"""Findings as sentences; the service that checks messages keeps the texts and is asked for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from libs.events.handed import Finding
from libs.runtime.web import Problem
from services.gateway.portal.catalogue import Words
from services.gateway.portal.formats import NOTHING
from services.gateway.portal.frame import Visit


class Texts(msgspec.Struct, frozen=True):
    """What is said of one code, by language."""

    message: Mapping[str, str]
    remedy: Mapping[str, str] = {}


@dataclass(frozen=True)
class Sentence:
    """A finding as it is read."""

    severity: str
    message: str
    remedy: str
    line: int


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
        try:
            answer = await visit.ask("ingest", "GET", "/findings")
            _known.update(msgspec.json.decode(answer.content, type=dict[str, Texts]))
        except (Problem, msgspec.MsgspecError):
            pass  # their codes are shown; the page is more than its sentences

    def said(one: Finding) -> Sentence:
        return sentence(one, _known, visit.t)

    return said


def sentence(one: Finding, known: Mapping[str, Texts], t: Words) -> Sentence:
    """Return a finding in words; a code without words is shown itself."""
    texts = known.get(one.code)
    if texts is None:
        return Sentence(one.severity, t("finding.unknown", code=one.code), "", one.line)
    values: Any = Filled(one.params)
    message = texts.message[t.language].format_map(values)
    remedy = texts.remedy.get(t.language, "").format_map(values)
    return Sentence(one.severity, message, remedy, one.line)
