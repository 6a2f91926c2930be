"""Plain messages → the same tree that `xml_tree` makes, several times faster, or nothing.

Nearly every message is written by a program, in a small part of XML: no comments, no CDATA, no
processing instructions, every attribute in double quotes, namespaces declared at the root alone.
Cut at `><`, such a message falls into pieces that repeat but for their values; what stands between
the values is looked up among the plans already made, so each piece costs a few calls.

This is no second parser. Whatever is not plain to the last character, a DOCTYPE, a forgotten quote
or a wrong end, gives None, and expat has the word. Nor is there a second verdict: both ways give
one kind of tree, and where anything is noticed, expat reads the message again for lines and
columns. A test mutates messages and compares both trees.
"""

import re
from dataclasses import dataclass
from typing import Final

from services.ingest.message.xml_tree import (
    ATTRIBUTES_MAX,
    DEPTH_MAX,
    ELEMENTS_MAX,
    Node,
    Tree,
    short_name,
)

PLANS_MAX: Final = 500
"""Kept per set of namespaces; a program writes a few dozen, and only names stand in them."""
PLAN_CHARACTERS_MAX: Final = 1_000
SPACES_MAX: Final = 20

_BLANKS: Final = " \t\n"
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r"))
_DECLARATION: Final = re.compile(
    rb"<\?xml\s+version=([\"'])1\.0\1(?:\s+encoding=([\"'])([A-Za-z0-9-]+)\2)?"
    rb"(?:\s+standalone=([\"'])(?:yes|no)\4)?\s*\?>"
)
_CODECS: Final = {b"utf-8": "utf-8", b"iso-8859-1": "latin-1"}
_BETWEEN: Final = re.compile(r">[ \t\n]+<")
_NAME: Final = r"(?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*"
_HEAD: Final = re.compile(rf"({_NAME})((?:[ \t\n]+{_NAME}=\")*)[ \t\n]*(/?)", re.ASCII)
_ATTRIBUTE: Final = re.compile(rf"({_NAME})=\"", re.ASCII)
_ADDRESS: Final = re.compile(r"[A-Za-z0-9:/._#-]+", re.ASCII)
_RESERVED: Final = ("http://www.w3.org/XML/1998/", "http://www.w3.org/2000/xmlns")
_ENTITY: Final = re.compile(r"&(amp|lt|gt|quot|apos);")
_MEANT: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What stands between the values of a piece."""

    name: str
    names: tuple[str, ...]
    end: str
    """The piece that ends the element; empty for one that is closed at once."""


class _NotPlainError(Exception):
    """Expat has the word."""


@dataclass(frozen=True, slots=True)
class _Space:
    """The namespaces that a root declares, and the plans below it."""

    addresses: dict[str, str]
    namespace: str
    plans: dict[str, _Plan]

    def plan(self, between: str) -> _Plan:
        """Return what a piece is; raises where it is not plain."""
        found = _HEAD.fullmatch(between)
        if found is None:
            raise _NotPlainError
        raw, inside, closed = found.groups()
        names = tuple(map(self.attribute, _ATTRIBUTE.findall(inside)))
        if len(set(names)) < len(names) or len(names) > ATTRIBUTES_MAX:
            raise _NotPlainError
        plan = _Plan(self.element(raw), names, "" if closed else f"/{raw}")
        if len(between) <= PLAN_CHARACTERS_MAX:
            if len(self.plans) >= PLANS_MAX:
                self.plans.clear()
            self.plans[between] = plan
        return plan

    def element(self, raw: str) -> str:
        prefix, _, local = raw.rpartition(":")
        address = self.addresses.get(prefix, "") if not prefix else self._address(prefix)
        return short_name(f"{address} {local}" if address else local, self.namespace)

    def attribute(self, raw: str) -> str:
        prefix, _, local = raw.rpartition(":")
        if raw == "xmlns":
            raise _NotPlainError
        return f"{self._address(prefix)} {local}" if prefix else local

    def _address(self, prefix: str) -> str:
        address = self.addresses.get(prefix)
        if address is None:  # also `xml`, and `xmlns` below the root
            raise _NotPlainError
        return address


SPACES: Final[dict[tuple[tuple[str, str], ...], _Space]] = {}


def read(data: bytes) -> Tree | None:
    """Return the tree of a plain message, without lines and columns; None where it is not plain."""
    text = _text(data)
    if text is None:
        return None
    text = text.strip(_BLANKS)
    if "\n" in text or "\t" in text:
        text = _BETWEEN.sub("><", text)
    if text[:1] != "<" or text[-1:] != ">":
        return None
    pieces = text[1:-1].split("><")
    if not 1 < len(pieces) <= ELEMENTS_MAX:
        return None
    try:
        root, space, end = _root(pieces[0])
        if pieces[-1] != end:
            return None
        leaves = _fill(root, pieces, space, end, exact=_is_exact(text))
    except _NotPlainError:
        return None
    # A `<` that begins neither a piece nor the end of a leaf stands in a value: not well-formed.
    if text.count("<") != len(pieces) + leaves:
        return None
    return Tree(root=root, namespace=space.namespace)


def _text(data: bytes) -> str | None:
    """Return the characters, line ends made one, without the declaration."""
    marked = data.startswith(b"\xef\xbb\xbf")
    declared = _DECLARATION.match(data, 3 if marked else 0)
    encoding = (declared[3] or b"utf-8").lower() if declared else b"utf-8"
    codec = _CODECS.get(encoding)
    if codec is None or (marked and codec != "utf-8"):
        return None
    if len(data.translate(None, _CONTROLS)) != len(data):
        return None
    start = declared.end() if declared else 3 if marked else 0
    try:
        text = data[start:].decode(codec)
    except UnicodeDecodeError:
        return None
    if "\ufffe" in text or "\uffff" in text:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _is_exact(text: str) -> bool:
    """Return whether values mean what is written: no references, no blanks but spaces."""
    return "&" not in text and "\n" not in text and "\t" not in text


def _root(piece: str) -> tuple[Node, _Space, str]:
    """Return the root with what it declares, and the piece that ends it."""
    if ">" in piece:
        raise _NotPlainError
    parts = piece.split('"')
    found = _HEAD.fullmatch('"'.join(parts[::2]))
    if found is None or found[3]:
        raise _NotPlainError
    raws, values = _ATTRIBUTE.findall(found[2]), parts[1::2]
    if len(raws) != len(values) or len(set(raws)) < len(raws) or len(raws) > ATTRIBUTES_MAX:
        raise _NotPlainError
    declared: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for raw, value in zip(raws, values, strict=True):
        if raw == "xmlns" or raw.startswith("xmlns:"):
            declared[raw[6:]] = value
        else:
            others.append((raw, value))
    space = _space(tuple(declared.items()), found[1])
    names = tuple(space.attribute(raw) for raw, _ in others)
    if len(set(names)) < len(names):
        raise _NotPlainError
    node = Node(space.element(found[1]), names, _meant([value for _, value in others]))
    return node, space, f"/{found[1]}"


def _space(declared: tuple[tuple[str, str], ...], raw: str) -> _Space:
    """Return the namespaces of a root with the plans made so far below the like."""
    prefix = raw.rpartition(":")[0]
    key = ((prefix, ""), *declared)
    space = SPACES.get(key)
    if space is None:
        for name, address in declared:
            if not _ADDRESS.fullmatch(address) or address.startswith(_RESERVED):
                raise _NotPlainError
            if name in {"xml", "xmlns"}:
                raise _NotPlainError
        addresses = dict(declared)
        if prefix and prefix not in addresses:
            raise _NotPlainError
        if len(SPACES) >= SPACES_MAX:
            SPACES.clear()
        space = SPACES[key] = _Space(addresses, addresses.get(prefix, ""), {})
    return space


def _fill(root: Node, pieces: list[str], space: _Space, end: str, *, exact: bool) -> int:
    """Hang the elements below the root; return how many hold their text in their own piece."""
    plans, leaves = space.plans, 0
    children = root.children
    opened: list[tuple[list[Node], str]] = []
    before: list[str] = []
    plan = _Plan("", (), "")
    for piece in pieces[1:-1]:
        if piece == end:
            if not opened:
                raise _NotPlainError
            children, end = opened.pop()
            continue
        head, leaf, text = piece.partition(">")
        parts = head.split('"')
        between, values = parts[::2], parts[1::2]
        if between != before:  # lines come in rows of the same kind
            key = '"'.join(between)
            plan, before = plans.get(key) or space.plan(key), between
        if len(values) != len(plan.names):
            raise _NotPlainError
        node = Node(plan.name, plan.names, values if exact else _meant(values))
        children.append(node)
        if leaf:
            leaves += 1
            node.text = _leaf(text, plan.end)
        elif plan.end:
            opened.append((children, end))
            children, end = node.children, plan.end
            if len(opened) > DEPTH_MAX - 2:  # the root is open too, and its children count
                raise _NotPlainError
    if opened:
        raise _NotPlainError
    return leaves


def _leaf(text: str, end: str) -> str:
    """Return the text of an element that holds nothing else. Blanks alone are none."""
    inside, _, closed = text.partition("<")
    if closed != end or ">" in inside or not end:
        raise _NotPlainError
    if "&" in inside:
        inside = _resolved(inside)
    return "" if inside.isspace() else inside


def _meant(values: list[str]) -> list[str]:
    """Return what values of attributes mean."""
    written = "".join(values)
    if "\n" in written or "\t" in written:
        raise _NotPlainError
    return [_resolved(value) if "&" in value else value for value in values]


def _resolved(value: str) -> str:
    if len(_ENTITY.findall(value)) != value.count("&"):
        raise _NotPlainError
    return _ENTITY.sub(lambda found: _MEANT[found[1]], value)
