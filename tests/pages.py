"""What a reader gets from a PDF: its pages as pictures, the codes on them, their text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pypdfium2  # type: ignore[import-untyped]  # ships no types
import zxingcpp

MM_PER_POINT = 25.4 / 72
SCALE = 3
"""Pixels per point: 216 dpi, less than an office scanner gives."""


class Box(NamedTuple):
    """Edges of a character in mm from the lower left corner of its sheet."""

    left: float
    bottom: float
    right: float
    top: float


def text_of(pdf: bytes) -> str:
    """Return the text of all pages, blanks and line ends as single blanks."""
    texts = []
    for page in _pages(pdf):
        with _closing(page.get_textpage()) as text:
            texts.append(text.get_text_bounded())
    return " ".join(" ".join(texts).split())


def codes_on(pdf: bytes) -> list[Any]:
    """Return the bar codes that a reader finds on the pages."""
    found: list[Any] = []
    for page in _pages(pdf):
        with _closing(page.render(scale=SCALE, grayscale=True)) as picture:
            width, height, stride = picture.width, picture.height, picture.stride
            pixels = bytes(picture.buffer)
        rows = [pixels[y * stride : y * stride + width] for y in range(height)]
        found += zxingcpp.read_barcodes(memoryview(b"".join(rows)).cast("B", (height, width)))
    return found


def boxes_on(pdf: bytes) -> list[Box]:
    """Return where the characters of the first page stand."""
    return _first_page(pdf)[1]


def place_of(pdf: bytes, wanted: str) -> Box:
    """Return where a text begins on the first page."""
    text, boxes = _first_page(pdf)
    return boxes[text.index(wanted)]


def _first_page(pdf: bytes) -> tuple[str, list[Box]]:
    said, boxes = "", []
    for page in _pages(pdf, first_only=True):
        with _closing(page.get_textpage()) as text:
            said = text.get_text_range()
            edges = [text.get_charbox(index) for index in range(text.count_chars())]
        boxes += [Box(*(edge * MM_PER_POINT for edge in box)) for box in edges]
    return said, boxes


def _pages(pdf: bytes, *, first_only: bool = False) -> Iterator[Any]:
    with pypdfium2.PdfDocument(pdf) as document:
        for number in range(1 if first_only else len(document)):
            with _closing(document[number]) as page:
                yield page


@contextmanager
def _closing(thing: Any) -> Iterator[Any]:
    try:
        yield thing
    finally:
        thing.close()
