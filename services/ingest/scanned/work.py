"""What the process does: look at a document, or draw one of its pages."""

import io
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, assert_never

import msgspec
import zxingcpp
from PIL import Image

from services.ingest.scanned import pdf, pictures
from services.ingest.scanned.looking import (
    Answer,
    Examine,
    Looked,
    MediaType,
    Show,
    Shown,
    Symbol,
    Task,
    Unfit,
    kind_of,
    media_type_of,
)

SEARCH_SECONDS: Final = 2
"""Of the processor, for codes; what it has not found by then, a person reads."""
SIDE_MAX: Final = 4_000
"""A page is searched in no finer picture than 340 dots an inch of A4."""
APART_HUNDREDTHS: Final = 3
"""Of the page's height: codes that differ by less stand in one row, or one column."""
WIDTH_MAX: Final = 3_000
KINDS: Final[Mapping[zxingcpp.BarcodeFormat, Literal["qr", "matrix"]]] = {
    zxingcpp.BarcodeFormat.QRCode: "qr",
    zxingcpp.BarcodeFormat.DataMatrix: "matrix",
}
FORMATS: Final[Any] = tuple(KINDS)  # its stubs do not know that several may be asked for


def work(task: bytes) -> bytes:
    """Return the answer to a task, both in MessagePack."""
    asked = msgspec.msgpack.decode(task, type=Task)
    answer: Answer
    match asked:
        case Examine():
            answer = examine(asked)
        case Show():
            answer = show(asked)
        case _:
            assert_never(asked)
    return msgspec.msgpack.encode(answer)


def examine(asked: Examine) -> Looked | Unfit:
    """Return what a document is, with the codes on its pages, or why it cannot be used."""
    kind = kind_of(asked)
    if isinstance(kind, Unfit):
        return kind
    if kind == "application/pdf":
        count = pdf.examine(asked.data, asked.limits.pages, finished=asked.finished)
        if isinstance(count, Unfit):
            return count
        pages = _drawn(asked, count)
    else:
        found = pictures.pages_of(asked.data, kind, asked.limits.pages, asked.limits.pixels)
        if isinstance(found, Unfit):
            return found
        count, pages = len(found), iter(found)
    return _searched(kind, count, pages)


def _drawn(asked: Examine, count: int) -> Iterator[Image.Image]:
    """Yield pages as pictures; one that is too large to draw holds no code that we look for."""
    for number in range(count):
        found = pdf.picture(asked.data, number, asked.limits.pixels)
        yield Image.new("L", (1, 1)) if isinstance(found, Unfit) else found


def _searched(kind: MediaType, count: int, pages: Iterator[Image.Image]) -> Looked:
    found: list[Symbol] = []
    until = time.process_time() + SEARCH_SECONDS
    for number, page in enumerate(pages):
        if time.process_time() > until:
            return Looked(media_type=kind, pages=count, symbols=tuple(found), whole=False)
        found += _symbols(page, number)
    return Looked(media_type=kind, pages=count, symbols=tuple(found))


def _symbols(page: Image.Image, number: int) -> Iterator[Symbol]:
    """Yield the codes of a page in the order in which its text is read, however it was scanned."""
    page.thumbnail((SIDE_MAX, SIDE_MAX))
    read = zxingcpp.read_barcodes(page, formats=FORMATS)
    places = [_place(one) for one in read]
    apart = page.height * APART_HUNDREDTHS // 100
    rows = _numbered([down for down, _ in places], apart)
    columns = _numbered([right for _, right in places], apart)
    for one, row, column in zip(read, rows, columns, strict=True):
        text = bytes(one.bytes).decode("utf-8", "replace")
        yield Symbol(kind=KINDS[one.format], text=text, page=number, row=row, column=column)


def _numbered(values: Sequence[int], apart: int) -> list[int]:
    """Return for each value the number of its group: those that are no further apart are one."""
    numbers: dict[int, int] = {}
    number, before = 0, min(values, default=0)
    for value in sorted(values):
        number += value - before > apart
        numbers[value], before = number, value
    return [numbers[value] for value in values]


def _place(one: zxingcpp.Barcode) -> tuple[int, int]:
    """Return how far down and right a code stands on a page that lies turned as the code does."""
    x, y = one.position.top_left.x, one.position.top_left.y
    turned = math.radians(one.orientation)
    right = x * math.cos(turned) + y * math.sin(turned)
    down = y * math.cos(turned) - x * math.sin(turned)
    return round(down), round(right)


def show(asked: Show) -> Shown | Unfit:
    """Return one page as a picture of the width that is asked for, turned to the right."""
    kind = media_type_of(asked.data)
    if kind is None:
        return Unfit(code="sheet_type_unknown")
    width = min(asked.width, WIDTH_MAX)
    count = 0
    if kind == "application/pdf":
        reader = pdf.opened(asked.data, asked.limits.pages)
        if isinstance(reader, Unfit):
            return reader
        count = len(reader.pages)
        page = pdf.picture(asked.data, asked.page, asked.limits.pixels, width)
    else:
        pages = pictures.pages_of(asked.data, kind, asked.limits.pages, asked.limits.pixels)
        if isinstance(pages, Unfit):
            return pages
        count = len(pages)
        page = pages[asked.page] if asked.page < count else Unfit(code="page_missing")
    if isinstance(page, Unfit):
        return page
    page = page.rotate(-asked.turn, expand=True)
    page.thumbnail((width, WIDTH_MAX * 2))
    made = io.BytesIO()
    page.save(made, "PNG")
    return Shown(png=made.getvalue(), pages=count)
