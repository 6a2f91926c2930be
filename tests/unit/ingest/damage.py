"""Damages a message in every way that a schema could notice, one at a time and by a seed."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import NamedTuple

from lxml import etree

VALUES: Sequence[str] = (
    "", " ", "x" * 36, "x" * 400, "0", "-1", "1", "7.5", "1.005", "abc", "true", "1e3", "NaN",
    "INF", "+3", "2026-02-30", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+01:00",
    "P30D", "P1Y2M3DT4H", "30", "CH", "CHE108791452", "12345", "999999999999", "7601000000125",
    " invoice ", "KVG", "kvg", "99", "1.0", ".5", "5.", "a@b", "RF18539007547034", "à\u00a0b",
)  # fmt: skip
"""What values become: types, lengths, lists, patterns, blanks."""


class Damage(NamedTuple):
    """A damaged message, and what was done to which part of it."""

    root: etree._Element
    what: str
    part: str


def damaged(root: etree._Element, seed: str, count: int) -> Iterator[Damage]:
    """Yield so many messages with one thing wrong each; the same for the same seed."""
    draw = Random(seed)  # noqa: S311 - repeatable damage, no secret
    places = sum(1 for _ in root.iter("{*}*"))
    for _ in range(count):
        copy = deepcopy(root)
        element = list(copy.iter("{*}*"))[draw.randrange(1, places)]
        part = etree.QName(element).localname
        what, act = draw.choice(ACTS)
        detail = act(element, draw)
        if detail is not None:
            yield Damage(copy, what, f"{part}{detail}")


def _drop(element: etree._Element, _draw: Random) -> str:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return ""


def _twice(element: etree._Element, draw: Random) -> str:
    for _ in range(draw.choice((1, 4))):
        element.addnext(deepcopy(element))
    return ""


def _swap(element: etree._Element, _draw: Random) -> str | None:
    other = element.getnext()
    if other is None or other.tag == element.tag:
        return None
    other.addnext(element)
    return ""


def _rename(element: etree._Element, _draw: Random) -> str:
    element.tag = etree.QName(etree.QName(element).namespace, "unheard").text
    return ""


def _foreign(element: etree._Element, _draw: Random) -> str:
    element.append(etree.Element("{urn:elsewhere}thing"))
    return ""


def _known_elsewhere(element: etree._Element, draw: Random) -> str:
    root = element.getroottree().getroot()
    other = deepcopy(draw.choice(list(root.iter("{*}*"))[1:]))
    element.append(other)
    return f"/{etree.QName(other).localname}"


def _text(element: etree._Element, draw: Random) -> str:
    element.text = draw.choice(VALUES)
    return ""


def _attribute(element: etree._Element, draw: Random, act: Callable[[str], None]) -> str | None:
    names = sorted(str(name) for name in element.attrib if not str(name).startswith("{"))
    if not names:
        return None
    name = draw.choice(names)
    act(name)
    return f"/@{name}"


def _lose(element: etree._Element, draw: Random) -> str | None:
    return _attribute(element, draw, element.attrib.__delitem__)


def _change(element: etree._Element, draw: Random) -> str | None:
    return _attribute(element, draw, lambda name: element.set(name, draw.choice(VALUES)))


def _add(element: etree._Element, _draw: Random) -> str:
    element.set("surplus", "1")
    return ""


ACTS: Sequence[tuple[str, Callable[[etree._Element, Random], str | None]]] = (
    ("drop", _drop), ("twice", _twice), ("swap", _swap), ("rename", _rename),
    ("foreign", _foreign), ("misplaced", _known_elsewhere), ("text", _text), ("lose", _lose),
    ("lose", _lose), ("change", _change), ("change", _change), ("change", _change),
    ("change", _change), ("add", _add),
)  # fmt: skip
