"""Reads PDFs: whether one holds more than pages, and its pages as pictures (B15, P23)."""

import io
from collections.abc import Iterator
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]  # ships no types
from PIL import Image
from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PyPdfError
from pypdf.generic import DictionaryObject, IndirectObject, NameObject

from services.ingest.scanned.looking import Unfit

OBJECTS_MAX: Final = 200_000
A4_POINTS: Final = (595, 842)
SLACK_POINTS: Final = 14
"""Five millimetres: what a printer's own margin swallows."""
DOTS_AN_INCH: Final = 200
"""Enough for codes as forms print them: a module of a QR code is 0.5 mm, four dots."""

ACTIVE_KEYS: Final = {
    "/JavaScript": "JavaScript",
    "/JS": "JavaScript",
    "/XFA": "XFA",
    "/EmbeddedFiles": "EmbeddedFiles",
    "/EF": "EmbeddedFiles",
    "/AA": "AdditionalActions",
    "/RichMediaContent": "RichMedia",
    "/Collection": "Collection",
}
ACTIONS: Final = frozenset(("/GoTo", "/URI", "/Named", "/Hide", "/SetOCGState", "/Thread"))
"""What an action may do: go to a page, or lead to an address that a person clicks on."""
ACTIVE_PARTS: Final = frozenset(
    ("/RichMedia", "/Movie", "/Sound", "/Screen", "/3D", "/FileAttachment", "/EmbeddedFile")
)


def opened(data: bytes, pages_max: int) -> PdfReader | Unfit:
    """Return a PDF that can be read, is not encrypted, and not too long."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            return Unfit(code="pdf_encrypted")
        count = len(reader.pages)
        if count > pages_max:
            return Unfit(code="document_too_many_pages", params={"limit": str(pages_max)})
        with pypdfium2.PdfDocument(data) as other:
            same = len(other) == count
    except LimitReachedError:
        return Unfit(code="document_too_complex")
    except (PyPdfError, pypdfium2.PdfiumError, *_BROKEN):
        return Unfit(code="pdf_broken")
    return reader if count and same else Unfit(code="pdf_broken")


_BROKEN: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a reader in Python stumbles over in objects that are not what they should be."""


def examine(data: bytes, pages_max: int, *, finished: bool) -> int | Unfit:
    """Return how many pages a PDF has, or why it cannot be used."""
    reader = opened(data, pages_max)
    if isinstance(reader, Unfit):
        return reader
    try:
        active = next(_active(reader), None)
        odd = _odd_page(reader) if finished else 0
    except LimitReachedError:
        return Unfit(code="document_too_complex")
    except (PyPdfError, *_BROKEN):
        return Unfit(code="pdf_broken")
    if active is not None:
        return Unfit(code="pdf_active", params={"what": active})
    if odd:
        return Unfit(code="pdf_not_a4", params={"page": str(odd)})
    return len(reader.pages)


def _active(reader: PdfReader) -> Iterator[str]:
    """Yield what a PDF holds besides pages; every object that it leads to is looked at."""
    waiting: list[Any] = [reader.trailer["/Root"]]
    seen: set[tuple[int, int]] = set()
    count = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, IndirectObject):
            key = value.idnum, value.generation
            if key in seen:
                continue
            seen.add(key)
            value = value.get_object()
        count += 1
        if count > OBJECTS_MAX:
            raise LimitReachedError("too many objects")
        if isinstance(value, DictionaryObject):
            yield from _active_here(value)
            waiting.extend(value.raw_get(name) for name in value)
        elif isinstance(value, list):
            waiting.extend(list.__iter__(value))


def _active_here(found: DictionaryObject) -> Iterator[str]:
    for name, said in ACTIVE_KEYS.items():
        if name in found:
            yield said
    kind, action = found.get("/Type"), found.get("/S")
    part = {found.get("/Subtype"), kind} & ACTIVE_PARTS
    yield from (str(one).removeprefix("/") for one in part)
    is_action = kind == "/Action" or "/Next" in found
    unsafe = isinstance(action, NameObject) and action not in ACTIONS
    if unsafe and (is_action or action in _NAMED_ACTIONS):
        yield str(action).removeprefix("/")


_NAMED_ACTIONS: Final = frozenset(
    (
        *("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE"),
        *("/Rendition", "/RichMediaExecute", "/GoTo3DView", "/ResetForm", "/GoToDp"),
    )
)
"""An action need not say that it is one; a group or a border style has an /S of its own."""


def _odd_page(reader: PdfReader) -> int:
    """Return the number of the first page that is not A4, upright or lying; 0 if all are."""
    for number, page in enumerate(reader.pages, start=1):
        unit, box = page.get("/UserUnit", 1), page.cropbox
        sides = sorted((abs(box.width) * unit, abs(box.height) * unit))
        pairs = zip(sides, A4_POINTS, strict=True)
        if any(abs(side - wanted) > SLACK_POINTS for side, wanted in pairs):
            return number
    return 0


def picture(data: bytes, page: int, pixels_max: int, width: int = 0) -> Image.Image | Unfit:
    """Return a page as a grey picture: of a width in pixels, or as scanners make them."""
    try:
        with pypdfium2.PdfDocument(data) as document:
            if not 0 <= page < len(document):
                return Unfit(code="page_missing")
            found = document[page]
            across, down = found.get_size()
            if min(across, down) <= 0:
                return Unfit(code="pdf_broken")
            scale = width / across if width else DOTS_AN_INCH / 72
            if across * down * scale * scale > pixels_max:
                return Unfit(code="picture_too_large", params=_millions(pixels_max))
            drawn: Image.Image = found.render(scale=scale, grayscale=True).to_pil()
            return drawn.convert("L")
    except (pypdfium2.PdfiumError, *_BROKEN):
        return Unfit(code="pdf_broken")


def _millions(pixels: int) -> dict[str, str]:
    return {"limit": str(pixels // 1_000_000)}
