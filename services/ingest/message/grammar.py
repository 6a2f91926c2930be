"""The structure of a message, checked in one pass against `shapes/*.txt`.

The files say in a notation of our own what may stand where (invoice-xml 4 to 11); one entry per
element, `name attributes > children`, continued by indented lines:

- `attribute=type` is required, `?=` optional. `%=` is required by the schema, but the invoice can
  be used without it: its absence is a warning. `=type` alone is the type of the text.
- A child is required; `?` optional, `*` any number, `+` one or more, `%` and `%+` as for
  attributes; a number behind them is the most; `a|b` is a choice. `child=shape` names another
  entry, or a type for plain text.
- `s35` is a text of 1 to 35 characters, `t35` one of 0 to 35, `c35` one that tariffs repeat.
- `~` behind a type: a wrong form is a warning, because we never act on the value.
- `...` instead of everything: whatever stands there is not looked at.

An invoice is refused where a value is missing or illegal that we act on, not for every flaw that a
schema would name: real messages have many (invoice-xml 20), and a later receiver gets ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import getitem
from pathlib import Path
from typing import Final

from services.ingest.message.forms import PERSONS, TYPES, text
from services.ingest.message.remembered import Computed, Remembered
from services.ingest.message.report import Report
from services.ingest.message.xml_tree import Node

FOLDER: Final = Path(__file__).parent / "shapes"
FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "4.3": ("common", "4.x", "4.4", "4.3"),
    "4.4": ("common", "4.x", "4.4"),
    "4.5": ("common", "4.x", "4.5"),
    "5.0": ("common", "5.0"),
    "response 4.x": ("response-4.x",),
    "response 5.0": ("response-5.0",),
}
LAWS: Final = frozenset(("kvg", "vvg", "uvg", "ivg", "mvg", "org", "law"))

_ALWAYS_WARNING: Final = "date_form"
_ALWAYS_ERROR: Final = "text_far_too_long"
_ATTRIBUTE: Final = re.compile(r"([\w:]+)([?%]?)=(\w+)(~?)")
_CHILD: Final = re.compile(r"([\w:|]+)(?:(%?\+|\*)([0-9]?)|([?%]))?(?:=(\w+)(~?))?")


@dataclass(frozen=True, slots=True)
class Form:
    """How a value must look, and whether we act on it."""

    codes: Remembered[str, str]
    """Value → the code of a finding, or nothing."""
    lenient: bool
    short: int
    """What holds so many characters and no more is in order; 0 if that does not say it."""


_NAMESPACED: Final = Form(Computed(TYPES["any"]), lenient=True, short=0)
"""Of an attribute such as xsi:schemaLocation, which has no meaning here."""


@dataclass(slots=True)
class Part:
    """A child in its place."""

    place: int
    """One bit; that of a later place is higher."""
    shape: "Shape"
    many: bool


@dataclass(slots=True)
class Place:
    """One place in the order of children, for one name or a choice of names."""

    names: tuple[str, ...]
    required: bool
    lenient: bool


@dataclass(slots=True)
class Shape:
    """What an element may hold."""

    anything: bool = False
    value: Form | None = None
    short: int = 0
    """Characters of a text that is in order where nothing else stands in the element."""
    attributes: dict[str, Form] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    lenient: set[str] = field(default_factory=set)
    parts: dict[str, Part] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    wanted: int = 0
    """The bits of the places that must not be empty."""
    most: dict[str, int] = field(default_factory=dict)
    """How often a child may stand that may stand several times, where that has an end."""
    rows: Remembered[tuple[str, ...], "tuple[Remembered[str, str], ...] | None"] = field(init=False)
    """Names of attributes as senders order them → what to look their values up in."""

    def __post_init__(self) -> None:
        self.rows = Remembered(self._row)

    def _row(self, names: tuple[str, ...]) -> tuple[Remembered[str, str], ...] | None:
        """Return the look-ups of an element's attributes; None if one is unknown or missing."""
        forms = [self.attributes.get(name, _NAMESPACED if " " in name else None) for name in names]
        if None in forms or not self.required.issubset(names):
            return None
        return tuple(form.codes for form in forms if form is not None)


@cache
def shapes(version: str) -> Shape:
    """Return the shape of the root of a version. A mistake in the files raises here, at start."""
    entries = _entries(version)
    made = {name: Shape() for name in entries}
    for name, tokens in entries.items():
        _fill(made[name], tokens, made)
    return made[version.partition(" ")[0] if " " in version else "request"]


def examine(node: Node, shape: Shape, report: Report) -> None:
    """Report everything in an element, and below it, that is not as its shape says."""
    if shape.anything:
        return
    names = node.names
    if names or shape.required:
        row = shape.rows[names]
        if row is None or any(map(getitem, row, node.values)):
            _examine_attributes(node, shape, report)
    if shape.value is not None:
        _examine_text(node, shape.value, report)
    elif node.text:
        report.warning("text_unexpected", node)
    parts = shape.parts
    last, seen, ordered = 0, 0, True  # bits: places of the children so far
    for child in node.children:
        part = parts.get(child.name)
        if part is None:
            _report_unknown(child, report)
            continue
        place = part.place
        if place >= last:
            last = place
        elif ordered:
            ordered = False
            report.warning("element_order", child)
        if not seen & place:
            seen |= place
        elif not part.many:
            report.error("MIXED_LAW" if child.name in LAWS else "element_repeated", child)
        below = part.shape
        alone = below.short and not (child.names or child.children)
        if not (alone and 0 < len(child.text) <= below.short):
            examine(child, below, report)
    if shape.most:
        _examine_counts(node, shape.most, report)
    if shape.wanted & ~seen:
        for index, missing in enumerate(shape.places):
            if missing.required and not seen >> index & 1:
                _report_missing(node, missing, report)


def _examine_counts(node: Node, most: Mapping[str, int], report: Report) -> None:
    """Name who stands more often than the schema admits; the first ones are read."""
    counts: dict[str, int] = {}
    for child in node.children:
        counts[child.name] = counts.get(child.name, 0) + 1
        if counts[child.name] == most.get(child.name, 0) + 1 and child.name in most:
            report.warning("element_too_often", child, limit=str(most[child.name]))


def _examine_attributes(node: Node, shape: Shape, report: Report) -> None:
    known = shape.attributes
    for name, value in node.attributes():
        form = known.get(name)
        if form is None:
            if " " not in name:
                report.warning("attribute_unknown", node, name)
        elif code := form.codes[value]:
            report.by_severity(code, node, name, lenient=_lenient(code, form))
    for name in sorted(shape.required.difference(node.names)):
        report.by_severity("attribute_missing", node, name, lenient=name in shape.lenient)


def _examine_text(node: Node, form: Form, report: Report) -> None:
    if code := form.codes[node.text]:
        report.by_severity(code, node, lenient=_lenient(code, form))


def _lenient(code: str, form: Form) -> bool:
    return code == _ALWAYS_WARNING or (form.lenient and code != _ALWAYS_ERROR)


def _report_unknown(child: Node, report: Report) -> None:
    foreign = child.name.startswith("{")
    report.error("xml_schema_invalid" if foreign else "element_unknown", child)


def _report_missing(node: Node, place: Place, report: Report) -> None:
    names = " | ".join(place.names)
    report.by_severity("element_missing", node, lenient=place.lenient, element=names)


def _entries(version: str) -> dict[str, list[str]]:
    """Return the tokens of each entry; a later file says an entry anew."""
    found: dict[str, list[str]] = {}
    for file in FILES[version]:
        lines = (FOLDER / f"{file}.txt").read_text(encoding="utf-8")
        for entry in re.sub(r"\n[ \t]+", " ", lines).splitlines():
            if entry and not entry.startswith("#"):
                names, *tokens = entry.split()
                found.update(dict.fromkeys(names.split("|"), tokens))
    return found


def _fill(shape: Shape, tokens: list[str], made: Mapping[str, Shape]) -> None:
    if tokens == ["..."]:
        shape.anything = True
        return
    split = tokens.index(">") if ">" in tokens else len(tokens)
    for token in tokens[:split]:
        _add_attribute(shape, token)
    for token in tokens[split + 1 :]:
        _add_child(shape, token, made)
    shape.wanted = sum(1 << i for i, place in enumerate(shape.places) if place.required)
    if shape.value is not None and not (shape.wanted or shape.required):
        shape.short = shape.value.short


def _add_attribute(shape: Shape, token: str) -> None:
    if token.startswith("="):
        shape.value = _form(token[1:].rstrip("~"), lenient=token.endswith("~"))
        return
    found = _ATTRIBUTE.fullmatch(token)
    assert found, token
    name, needed, kind, lenient = found.groups()
    shape.attributes[name] = _form(kind, lenient=bool(lenient))
    if needed != "?":
        shape.required.add(name)
    if needed == "%":
        shape.lenient.add(name)


def _add_child(shape: Shape, token: str, made: Mapping[str, Shape]) -> None:
    found = _CHILD.fullmatch(token)
    assert found, token
    names, many, most, maybe, other, lenient = found.groups(default="")
    occurs = many or maybe
    place = 1 << len(shape.places)
    required = occurs not in {"?", "*"}
    for name in names.split("|"):
        target = made.get(other or name)
        if target is None:
            assert other, f"{name} has no entry"
            form = _form(other, lenient=bool(lenient))
            target = Shape(value=form, short=form.short)
        shape.parts[name] = Part(place=place, shape=target, many=occurs[-1:] in {"*", "+"})
        if most:
            shape.most[name] = int(most)
    shape.places.append(Place(tuple(names.split("|")), required, occurs[:1] == "%"))


@cache
def _form(kind: str, *, lenient: bool) -> Form:
    short = 0 if kind in TYPES else int(kind[1:])
    return Form(_codes(kind), lenient, short)


@cache
def _codes(kind: str) -> Remembered[str, str]:
    """Return the look-up of a type. What may be a person's is not remembered."""
    if kind in PERSONS:
        return Computed(TYPES[kind])
    if kind in TYPES:
        return Remembered(TYPES[kind], _is_fine)
    assert re.fullmatch("[cst][0-9]+", kind), kind
    check = text(int(kind[1:]), least=0 if kind[0] == "t" else 1)
    return Remembered(check, _is_fine) if kind[0] == "c" else Computed(check)


def _is_fine(code: str) -> bool:
    return not code
