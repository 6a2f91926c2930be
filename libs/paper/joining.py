"""Joins pages of strangers with our own, in a process of its own: the only module that writes PDF.

The same parts give the same bytes: no day, no id and no name is added.
"""

import io
from typing import Final

import msgspec
from pypdf import PageObject, PdfReader, PdfWriter, Transformation

from libs.runtime.apart import serve

MODULE: Final = "libs.paper.joining"
PRODUCER: Final = "Quittance"


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """A document of somebody else, and what of ours comes before, behind and over its pages."""

    document: bytes
    before: bytes = b""
    behind: bytes = b""
    over: bytes = b""
    """One page; it is laid over each page of the document."""


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What came out."""

    pdf: bytes
    pages: int


def join(parts: Join) -> Joined:
    """Return one document of all pages."""
    writer = PdfWriter()
    over = PdfReader(io.BytesIO(parts.over)).pages[0] if parts.over else None
    for data in (parts.before, parts.document, parts.behind):
        for page in PdfReader(io.BytesIO(data)).pages if data else ():
            added = writer.add_page(page)
            if data is parts.document:
                added.transfer_rotation_to_content()
                if over is not None:
                    _lay_over(added, over)
    writer.metadata = {"/Producer": PRODUCER}
    made = io.BytesIO()
    writer.write(made)
    return Joined(pdf=made.getvalue(), pages=len(writer.pages))


def _lay_over(page: PageObject, over: PageObject) -> None:
    """Lay a page over the upper edge of another, which may lie on its side."""
    box = page.cropbox
    right = box.left + (box.width - over.mediabox.width) / 2
    up = box.top - over.mediabox.height
    page.merge_transformed_page(over, Transformation().translate(right, up))


def work(task: bytes) -> bytes:
    """Return what `join` makes, both in MessagePack."""
    return msgspec.msgpack.encode(join(msgspec.msgpack.decode(task, type=Join)))


if __name__ == "__main__":
    serve(work)
