"""What is asked about a document, and what came of looking at it. Words of both sides, no code."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

MODULE: Final = "services.ingest.scanned"

MediaType: TypeAlias = Literal["application/pdf", "image/png", "image/jpeg", "image/tiff"]

MAGIC: Final[Mapping[bytes, MediaType]] = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a document may have."""

    pages: int
    pixels: int
    """Of one page of a picture."""


class Examine(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask whether a document can be used, and what its codes say."""

    data: bytes
    limits: Limits
    finished: bool = False
    """It will be sent as it is: a PDF in A4 that is only to be read."""


class Show(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask for one page as a picture."""

    data: bytes
    limits: Limits
    page: int
    width: int
    turn: Literal[0, 90, 180, 270] = 0


Task: TypeAlias = Examine | Show


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """One code on a page."""

    kind: Literal["qr", "matrix"]
    text: str
    page: int
    row: int
    """In which row and column of codes it stands, as the page is read."""
    column: int


class Looked(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A document that can be used."""

    media_type: MediaType
    pages: int
    symbols: tuple[Symbol, ...] = ()
    whole: bool = True
    """All pages were searched for codes; a very large document is searched at its beginning."""


class Unfit(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A document that cannot be used, and why: a code of the catalogue of findings."""

    code: str
    params: Mapping[str, str] = {}


class Shown(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A page as PNG, made anew: nothing of the original but what is seen."""

    png: bytes
    pages: int


Answer: TypeAlias = Looked | Unfit | Shown


def media_type_of(data: bytes) -> MediaType | None:
    """Return what a file is by its first bytes, whatever it is called (B15)."""
    return next((kind for magic, kind in MAGIC.items() if data.startswith(magic)), None)


def kind_of(asked: Examine) -> MediaType | Unfit:
    """Return what a document is, or that it is none that we can use; costs nothing to know."""
    kind = media_type_of(asked.data)
    if kind is None or (asked.finished and kind != "application/pdf"):
        return Unfit(code="pdf_not_one" if asked.finished else "sheet_type_unknown")
    return kind
