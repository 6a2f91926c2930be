"""What the codes on a paper mean: our own sheets, forms of 5.0 with the message on them. Pure.

A form of 5.0 carries a DataMatrix on each page and, on its annex, the whole message in QR codes:
raw DEFLATE in base64, cut into pieces (invoice-xml 14.1). How pieces are numbered is not told
there: some programs use structured append, whose numbers the decoder does not hand on. So they are
joined as the page is read, by rows or by columns, whichever makes a document of XML.
"""

import binascii
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from xml.parsers import expat

from libs.records import sheet_code
from libs.records.sheet_code import SheetCode
from services.ingest.scanned.looking import Symbol

FORM: Final = re.compile(r"FD50([0-9A-Fa-f]{32})(de|fr|it|en)([GP])(SR|GR|AX)(\d\d)", re.ASCII)
PIECE: Final = re.compile(r"[A-Za-z0-9+/]{16,4296}={0,2}", re.ASCII)
PIECES_MAX: Final = 16
MESSAGE_BYTES_MAX: Final = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form of 5.0, with its message where all of it could be read."""

    guid: str
    message: bytes | None
    pieces: int


Meaning: TypeAlias = SheetCode | Form | None


def meaning(symbols: Sequence[Symbol]) -> Meaning:
    """Return what the codes of a document say it is."""
    for one in symbols:
        own = sheet_code.read(one.text)
        if own is not None:
            return own
    guids = {found[1].lower() for one in symbols if (found := FORM.fullmatch(one.text))}
    pieces = [one for one in symbols if one.kind == "qr" and PIECE.fullmatch(one.text)]
    if not guids and not pieces:
        return None
    message = message_of(pieces) if len(guids) <= 1 else None  # two invoices in one pile
    if not guids and message is None:
        return None
    guid = next(iter(guids)) if len(guids) == 1 else ""
    return Form(guid=guid, message=message, pieces=len(pieces))


def message_of(pieces: Sequence[Symbol]) -> bytes | None:
    """Return the message that pieces make row by row, or column by column.

    None where a piece is missing, or where both ways give a message: a wrong order may unpack to
    something that looks right, so no other order is tried, and a doubt is a person's to settle.
    """
    by_row = sorted(pieces, key=lambda one: (one.page, one.row, one.column))
    by_column = sorted(pieces, key=lambda one: (one.page, one.column, one.row))
    found = {joined([one.text for one in order]) for order in (by_row, by_column)} - {None}
    return found.pop() if len(found) == 1 else None


def joined(pieces: Sequence[str]) -> bytes | None:
    """Return what pieces in their order unpack to; None unless it is a whole document of XML."""
    different = list(dict.fromkeys(pieces))  # a page that was scanned twice
    if not 0 < len(different) <= PIECES_MAX:
        return None
    text = "".join(piece.rstrip("=") for piece in different)
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        packed = binascii.a2b_base64(text + "=" * (-len(text) % 4))
        data = inflating.decompress(packed, MESSAGE_BYTES_MAX)
    except (binascii.Error, zlib.error):
        return None
    return data if inflating.eof and not inflating.unused_data and _is_whole(data) else None


def _is_whole(data: bytes) -> bool:
    """Return whether bytes are one document of XML; what it says is judged where messages are."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError):
        return False
    return True


def _no_doctype(*_: object) -> None:
    raise ValueError("no message has one")


Kind: TypeAlias = Literal["sheet", "form", "scan"]


def kind_of(found: Meaning) -> Kind:
    """Return the word for what a document is."""
    if isinstance(found, SheetCode):
        return "sheet"
    return "form" if isinstance(found, Form) else "scan"
