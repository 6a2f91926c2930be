"""Documents of strangers: what is only to be read is taken, everything else is refused (B15)."""

import asyncio
import io
import time
import zlib

import pytest
from PIL import Image

from services.ingest.scanned.desk import Desk
from services.ingest.scanned.looking import Examine, Limits, Looked, Show, Shown, Unfit
from services.ingest.scanned.work import examine
from tests import papers

LIMITS = Limits(pages=50, pixels=40_000_000)
HANG_SECONDS = 25
"""Five times the share of the processor (P20): other tests run beside this one."""


def looked(data: bytes, *, finished: bool = True, limits: Limits = LIMITS) -> Looked | Unfit:
    return examine(Examine(data=data, limits=limits, finished=finished))


@pytest.mark.parametrize("why", papers.hostile())
def test_p23_a_pdf_that_holds_more_than_pages_is_refused(why: str) -> None:
    found = looked(papers.hostile()[why])
    assert isinstance(found, Unfit)
    assert found.code == "pdf_active"
    assert found.params["what"].isalnum()


@pytest.mark.parametrize("why", papers.harmless())
def test_p23_what_invoices_hold_and_nobody_must_fear_is_taken(why: str) -> None:
    assert isinstance(looked(papers.harmless()[why]), Looked)


@pytest.mark.parametrize("password", ["geheim", ""])
def test_an_encrypted_pdf_is_refused_also_one_that_opens_without_a_password(password: str) -> None:
    assert looked(papers.encrypted(password)) == Unfit(code="pdf_encrypted")


def test_b15_what_is_no_pdf_or_a_broken_one_is_refused() -> None:
    for data in (b"", b"<html>", b"PK\x03\x04", b"\x7fELF", b" %PDF-1.7", picture("PNG")):
        assert looked(data) == Unfit(code="pdf_not_one")
    whole = papers.pdf()
    for data in (whole[:-300], whole[: len(whole) // 2], b"%PDF-1.7\n" + b"x" * 500):
        assert looked(data) == Unfit(code="pdf_broken")


def test_a_document_that_is_not_a4_names_the_page() -> None:
    assert looked(papers.pdf(2, (612, 792))) == Unfit(code="pdf_not_a4", params={"page": "1"})


def test_b12_a_document_of_too_many_pages_is_refused() -> None:
    few = Limits(pages=2, pixels=LIMITS.pixels)
    refused = Unfit(code="document_too_many_pages", params={"limit": "2"})
    assert looked(papers.pdf(3), limits=few) == refused
    frames = picture("TIFF", 3)
    assert looked(frames, finished=False, limits=few) == refused


def picture(kind: str, frames: int = 1, size: tuple[int, int] = (600, 800)) -> bytes:
    page, out = Image.new("L", size, 255), io.BytesIO()
    more = {"save_all": True, "append_images": [page] * (frames - 1)} if frames > 1 else {}
    page.save(out, kind, **more)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "media"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("TIFF", "image/tiff")]
)
def test_a_scan_is_known_by_its_content(kind: str, media: str) -> None:
    found = looked(picture(kind), finished=False)
    assert isinstance(found, Looked)
    assert (found.media_type, found.pages) == (media, 1)


def test_b15_other_pictures_and_files_are_no_sheet() -> None:
    for data in (picture("GIF"), picture("BMP"), b"<svg/>", b"MZ", b""):
        assert looked(data, finished=False) == Unfit(code="sheet_type_unknown")


def test_b12_a_picture_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    """A PNG of 30,000 by 30,000 dots is 900 MB unpacked and 900 kB packed."""
    head = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    chunk = (13).to_bytes(4, "big") + head + zlib.crc32(head).to_bytes(4, "big")
    body = b"IDAT" + zlib.compress(bytes(1_000_000))
    data = b"\x89PNG\r\n\x1a\n" + chunk + (len(body) - 4).to_bytes(4, "big") + body
    data += zlib.crc32(body).to_bytes(4, "big")
    begun = time.process_time()
    assert looked(data, finished=False) == Unfit(code="picture_too_large", params={"limit": "40"})
    assert time.process_time() - begun < 1


def test_a_broken_picture_is_refused() -> None:
    whole = picture("PNG")
    assert looked(whole[:60], finished=False) == Unfit(code="picture_broken")
    assert looked(picture("PNG", size=(20, 20)), finished=False) == Unfit(
        code="picture_too_small", params={"limit": "200"}
    )


def bomb(packed: bytes) -> bytes:
    """Return a PDF whose objects stand in a stream that unpacks to much more."""
    objects = b"<</Type/ObjStm/N 9999999/First 99/Filter/FlateDecode/Length %d>>" % len(packed)
    found = b"%PDF-1.5\n1 0 obj\n" + objects + b"stream\n" + packed + b"\nendstream\nendobj\n"
    at = len(found)
    rows = bytes([1, 0, 17, 0]) + bytes([2, 0, 1, 0]) * 40
    table = (
        b"2 0 obj\n<</Type/XRef/W[1 2 1]/Index[1 41]/Size 42/Root 3 0 R/Length %d>>stream\n"
        % len(rows)
    )
    return found + table + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % at


def deep() -> bytes:
    """Return a PDF whose catalogue holds arrays in arrays in arrays."""
    return papers.pdf().replace(b"/Type /Catalog", b"/Type /Catalog /X " + b"[" * 90_000, 1)


def looped() -> bytes:
    """Return a PDF whose tree of pages leads back to its root, over and over."""
    made = papers.writer(1)
    tree = made._root_object.raw_get("/Pages")
    tree.get_object()["/Kids"].extend([tree] * 50)
    return papers.written(made)


HUGE = {
    "a stream that unpacks to a gigabyte": lambda: bomb(zlib.compress(bytes(300_000_000), 9)),
    "arrays without end": deep,
    "pages that contain themselves": looped,
}


@pytest.mark.parametrize("why", HUGE)
def test_p20_a_document_made_to_keep_its_reader_busy_is_refused_in_time(why: str) -> None:
    async def scene() -> None:
        desk, begun = Desk(), time.monotonic()
        found = await desk.examine(Examine(data=HUGE[why](), limits=LIMITS, finished=True))
        assert isinstance(found, Unfit)
        assert found.code in {"pdf_broken", "document_too_complex", "document_too_many_pages"}
        assert time.monotonic() - begun < HANG_SECONDS
        good = await desk.examine(Examine(data=papers.pdf(), limits=LIMITS, finished=True))
        assert isinstance(good, Looked), "the next one is looked at"

    asyncio.run(scene())


def test_a_page_is_shown_as_a_picture_made_anew_with_nothing_else_of_the_scan() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "Kanarienvogel"
    Image.new("L", (900, 1200), 255).save(out, "JPEG", exif=exif, comment=b"Kanarienvogel")

    async def scene() -> None:
        asked = Show(data=out.getvalue(), limits=LIMITS, page=0, width=600, turn=90)
        shown = await Desk().show(asked)
        assert isinstance(shown, Shown)
        assert b"Kanarienvogel" not in shown.png
        assert Image.open(io.BytesIO(shown.png)).size == (600, 450)
        missing = Show(data=out.getvalue(), limits=LIMITS, page=1, width=600)
        assert await Desk().show(missing) == Unfit(code="page_missing")

    asyncio.run(scene())
