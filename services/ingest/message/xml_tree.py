"""Bytes → a light tree, by expat alone, with limits that act while it reads (B2 to B13).

One parse gives what a second parser would only repeat: names without prefix, attributes, text,
line and column of every element. No DTD is ever taken, so there are no entities, no files and no
network. Comments and processing instructions are not seen, so they cannot cut a value in two (B21).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from msgspec import Struct

from libs.events.handed import Finding
from services.ingest.findings import broken

DEPTH_MAX: Final = 64
ATTRIBUTES_MAX: Final = 100
ELEMENTS_MAX: Final = 500_000

ENCODINGS: Final = frozenset(
    (
        *("utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii"),
        *("iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252"),
    )
)
"""What is read where declared; anything else is refused by name, not guessed (B10)."""

NOT_XML: Final = (
    b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"%PDF", b"\x7fELF", b"\x89PNG", b"\xff\xd8\xff",
    b"BZh", b"7z\xbc\xaf", b"\xd0\xcf\x11\xe0", b"MZ",
)  # fmt: skip
"""How archives, pictures and programs begin (B15)."""

OTHER_ENCODINGS: Final = (
    b"\x00\x00\xfe\xff", b"\xff\xfe\x00\x00", b"\x00\x00\x00<", b"<\x00\x00\x00",  # UTF-32
    b"\x4c\x6f\xa7\x94",  # EBCDIC
    b"+/v",  # UTF-7
)  # fmt: skip

FIRST_PIECE: Final = 1 << 16
"""A refusal acts at the end of a piece, so a DTD is never expanded beyond the first one (B4)."""
PIECE: Final = 1 << 20
LAST: Final = True

FOREIGN: Final = {
    "http://www.w3.org/2000/09/xmldsig# Signature": "ds:Signature",
    "http://www.w3.org/2001/04/xmlenc# EncryptedData": "xenc:EncryptedData",
}


NAMES_MAX: Final = 1_000
NAMESPACES_MAX: Final = 10
_SHORT_NAMES: Final[dict[str, dict[str, str]]] = {}
"""Names as expat gives them → without namespace; a message has some forty, always the same."""


class Node(Struct, eq=False):
    """An element: `name` without prefix, or `{namespace}name` where the root's is another."""

    name: str
    names: tuple[str, ...] = ()
    """Of the attributes, one tuple for all elements that have the same ones in the same order."""
    values: list[str] = []
    """Of the attributes, as `names`."""
    line: int = 0
    column: int = 0
    text: str = ""
    children: list["Node"] = []

    def child(self, *names: str) -> "Node | None":
        """Return the first child with one of these names."""
        for node in self.children:
            if node.name in names:
                return node
        return None

    def at(self, *path: str) -> "Node | None":
        """Return the element at the end of a path of names."""
        node: Node | None = self
        for name in path:
            if node is None:
                return None
            node = node.child(name)
        return node

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute without the blanks around it."""
        return self.raw(name, default).strip()

    def raw(self, name: str, default: str = "") -> str:
        """Return an attribute as it is."""
        names = self.names
        return self.values[names.index(name)] if name in names else default

    def attributes(self) -> Iterator[tuple[str, str]]:
        """Return all attributes in the order in which they are written."""
        return zip(self.names, self.values, strict=True)


@dataclass(frozen=True)
class Tree:
    root: Node
    namespace: str


class _Stop(Exception):
    """Reading ends here; carries the code of the finding."""


def read(data: bytes) -> Tree | Finding:
    """Return the tree of a message, or the one finding that makes it unreadable. Never raises."""
    if not data.strip(b"\x00 \t\r\n"):
        return broken("body_empty")
    if data.startswith(NOT_XML):
        return broken("not_xml")
    if data.startswith(OTHER_ENCODINGS):
        return broken("xml_encoding_unsupported")
    reader = _Reader()
    try:
        for piece in _pieces(data):
            reader.parser.Parse(piece)
        reader.parser.Parse(b"", LAST)
    except _Stop as stop:
        return reader.finding(str(stop))
    except expat.ExpatError as error:
        return _broken(error)
    except (LookupError, ValueError):
        # pyexpat says so of an encoding that it cannot make a table of 256 characters for.
        return reader.finding("xml_encoding_unsupported")
    assert reader.root is not None, "expat takes no document without an element"
    return Tree(root=reader.root, namespace=reader.namespace)


def root_of(data: bytes) -> str | Finding:
    """Return the root's name as `namespace name`, once the whole file is seen to be harmless.

    For files too large for a tree: what passes may be shown to a streaming parser.
    """
    if data.startswith(NOT_XML + OTHER_ENCODINGS):
        return broken("not_xml")
    parser = expat.ParserCreate(namespace_separator=" ")
    names: list[str] = []

    def first(name: str, _attributes: dict[str, str]) -> None:
        names.append(name)
        parser.StartElementHandler = None

    parser.StartElementHandler = first
    parser.StartDoctypeDeclHandler = _doctype
    parser.XmlDeclHandler = _declared
    try:
        for piece in _pieces(data):
            parser.Parse(piece)
        parser.Parse(b"", LAST)
    except _Stop as stop:
        return broken(str(stop), line=parser.CurrentLineNumber)
    except expat.ExpatError as error:
        return _broken(error)
    except (LookupError, ValueError):
        return broken("xml_encoding_unsupported")
    return names[0]


def _pieces(data: bytes) -> Iterator[bytes]:
    yield data[:FIRST_PIECE]
    for start in range(FIRST_PIECE, len(data), PIECE):
        yield data[start : start + PIECE]


def _broken(error: expat.ExpatError) -> Finding:
    unknown = {expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING],
               expat.errors.codes[expat.errors.XML_ERROR_INCORRECT_ENCODING]}  # fmt: skip
    return broken(
        "xml_encoding_unsupported" if error.code in unknown else "xml_malformed",
        line=error.lineno,
        column=error.offset + 1,
    )


def _doctype(*_: object) -> None:
    raise _Stop("xml_dtd_forbidden")


def _declared(version: str, encoding: str | None, _standalone: int) -> None:
    if version != "1.0":
        raise _Stop("xml_version_unsupported")
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise _Stop("xml_encoding_unsupported")


class _Reader:
    """One parse: its handlers are closures, because they run a few hundred times per message."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.namespace = ""
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.ordered_attributes = True
        self.parser.XmlDeclHandler = _declared
        self.parser.StartDoctypeDeclHandler = _doctype
        self._handle_elements()

    def finding(self, code: str) -> Finding:
        return broken(
            code,
            line=self.parser.CurrentLineNumber,
            column=self.parser.CurrentColumnNumber + 1,
            params=LIMITS if code == "xml_too_complex" else {},
        )

    def _handle_elements(self) -> None:
        parser = self.parser
        opened: list[Node] = []
        pieces: list[str] = []
        names: dict[str, str] = {}
        known: dict[tuple[str, ...], tuple[str, ...]] = {}
        left = ELEMENTS_MAX

        def start(name: str, attributes: list[str]) -> None:
            nonlocal left, names
            left -= 1
            if left < 0 or len(attributes) > 2 * ATTRIBUTES_MAX or len(opened) >= DEPTH_MAX:
                raise _Stop("xml_too_complex")
            short = names.get(name)
            if short is None:
                if not opened:
                    names = self._names_below(name)
                short = names[name] = short_name(name, self.namespace)
            order = tuple(attributes[::2])
            at = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
            node = Node(short, known.setdefault(order, order), attributes[1::2], *at)
            if opened:
                if pieces:
                    _flush(pieces, opened[-1])
                opened[-1].children.append(node)
            else:
                self.root = node
            opened.append(node)

        def end(_name: str) -> None:
            node = opened.pop()
            if pieces:
                _flush(pieces, node)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = pieces.append

    def _names_below(self, root: str) -> dict[str, str]:
        """Return the short names known in the root's namespace; kept for the next message."""
        self.namespace = root.rpartition(" ")[0]
        known = _SHORT_NAMES.get(self.namespace)
        if known is None or len(known) > NAMES_MAX:
            known = {}
            if len(_SHORT_NAMES) < NAMESPACES_MAX or self.namespace in _SHORT_NAMES:
                _SHORT_NAMES[self.namespace] = known
        return known


def short_name(name: str, namespace: str) -> str:
    """Return a name as expat gives it, as the tree has it below a root of some namespace."""
    known = FOREIGN.get(name)
    if known is not None:
        return known
    foreign, _, local = name.rpartition(" ")
    return local if foreign == namespace else f"{{{foreign}}}{local}"


def _flush(pieces: list[str], node: Node) -> None:
    """Give an element its text. Blanks alone are none (invoice-xml 3)."""
    text = pieces[0] if len(pieces) == 1 else "".join(pieces)
    pieces.clear()
    if not text.isspace():
        node.text += text


LIMITS: Final = {
    "depth": str(DEPTH_MAX),
    "attributes": str(ATTRIBUTES_MAX),
    "elements": str(ELEMENTS_MAX),
}
