"""Documents as practices hand them in, good and hostile ones; all are made here."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image
from pypdf import PdfWriter
from pypdf.annotations import Link
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

A4 = (595, 842)
SCRIPT = "app.alert(1)"


def named(**values: Any) -> DictionaryObject:
    """Return a dictionary as PDF has them."""
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in values.items()})


def writer(pages: int = 1, size: tuple[int, int] = A4, text: str = "Rechnung") -> PdfWriter:
    """Return a document that can still be changed; each page says a text and its number."""
    made = PdfWriter()
    for number in range(1, pages + 1):
        page = made.add_blank_page(*size)
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 24 Tf 72 700 Td ({text} {number}) Tj ET".encode("latin-1"))
        font = named(Type=NameObject("/Font"), Subtype=NameObject("/Type1"),
                     BaseFont=NameObject("/Helvetica"))  # fmt: skip
        page[NameObject("/Resources")] = named(Font=named(F1=font))
        page[NameObject("/Contents")] = made._add_object(content)
    return made


def written(made: PdfWriter) -> bytes:
    """Return a document's bytes."""
    out = io.BytesIO()
    made.write(out)
    return out.getvalue()


def pdf(pages: int = 1, size: tuple[int, int] = A4, text: str = "Rechnung") -> bytes:
    """Return a good document."""
    return written(writer(pages, size, text))


def with_picture(picture: Image.Image, dots: int = 200) -> bytes:
    """Return a document of one page that is a picture, as scanners make them."""
    out = io.BytesIO()
    picture.convert("L").save(out, "PDF", resolution=dots)
    return out.getvalue()


def _in_root(name: str, value: Any) -> Callable[[PdfWriter], None]:
    def change(made: PdfWriter) -> None:
        made._root_object[NameObject(name)] = value

    return change


def _on_page(name: str, value: Any) -> Callable[[PdfWriter], None]:
    def change(made: PdfWriter) -> None:
        made.pages[0][NameObject(name)] = value

    return change


def _annotated(**values: Any) -> Callable[[PdfWriter], None]:
    note = named(Type=NameObject("/Annot"), Rect=ArrayObject([NumberObject(9)] * 4), **values)
    return _on_page("/Annots", ArrayObject([note]))


def _attached(made: PdfWriter) -> None:
    made.add_attachment("a.exe", b"MZ")


def _acting(kind: str, **more: Any) -> DictionaryObject:
    return named(Type=NameObject("/Action"), S=NameObject(f"/{kind}"), **more)


def hostile() -> dict[str, bytes]:
    """Return documents that hold more than pages, by what that is."""
    script = _acting("JavaScript", JS=TextStringObject(SCRIPT))
    bare = named(S=NameObject("/JavaScript"), JS=TextStringObject(SCRIPT))
    launch = _acting("Launch", F=TextStringObject("cmd.exe"))
    changes: dict[str, Callable[[PdfWriter], None]] = {
        "a script": _in_root("/Names", named(JavaScript=named(Names=ArrayObject([bare])))),
        "a script when it opens": _in_root("/OpenAction", script),
        "a script that does not say it is an action": _annotated(
            Subtype=NameObject("/Link"), A=bare
        ),
        "a script behind a harmless action": _annotated(
            Subtype=NameObject("/Link"),
            A=_acting("URI", URI=TextStringObject("https://example.ch"), Next=bare),
        ),
        "a program when it opens": _in_root("/OpenAction", launch),
        "a program behind a link": _annotated(Subtype=NameObject("/Link"), A=launch),
        "a form that is sent": _annotated(Subtype=NameObject("/Widget"), A=_acting("SubmitForm")),
        "another file's page": _annotated(
            Subtype=NameObject("/Link"), A=_acting("GoToR", F=TextStringObject("x.pdf"))
        ),
        "an attached file": _attached,
        "a file pinned to a page": _annotated(Subtype=NameObject("/FileAttachment")),
        "a form of XFA": _in_root("/AcroForm", named(XFA=TextStringObject("<xdp/>"))),
        "media": _annotated(Subtype=NameObject("/RichMedia")),
        "a film": _annotated(Subtype=NameObject("/Movie")),
        "an action of a page": _on_page("/AA", named(O=script)),
    }
    found = {}
    for why, change in changes.items():
        made = writer()
        change(made)
        found[why] = written(made)
    found["a script under another spelling"] = found["a script"].replace(
        b"/JavaScript", b"/J#61vaScript"
    )
    return found


def harmless() -> dict[str, bytes]:
    """Return documents with what invoices hold and nobody must fear."""
    linked = writer(2)
    linked.add_annotation(0, Link(rect=(0, 0, 50, 50), url="https://example.ch"))
    linked.add_outline_item(title="Seite 2", page_number=1)
    lying = writer()
    lying.pages[0].rotate(90)
    return {"links and outlines": written(linked), "a page on its side": written(lying),
            "a lying page": pdf(1, (842, 595))}  # fmt: skip


def encrypted(user_password: str) -> bytes:
    """Return a document that asks for a password, or one that only restricts its readers."""
    made = writer()
    made.encrypt(user_password, "owner", algorithm="RC4-128")
    return written(made)
