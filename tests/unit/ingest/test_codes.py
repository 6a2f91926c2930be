"""Codes on paper: messages on forms of 5.0 are read back as they were, whole or not at all."""

import io
import random

import pytest
from PIL import Image

from libs.records.sheet_code import SheetCode, read, written
from services.ingest.scanned.codes import Form, joined, meaning
from services.ingest.scanned.looking import Examine, Limits, Looked
from services.ingest.scanned.work import examine
from tests import forms, papers

LIMITS = Limits(pages=50, pixels=40_000_000)
GUID = "0123456789abcdef0123456789abcdef"


def message(words: int = 900) -> bytes:
    """Return something as long as an invoice's message, and as hard to pack."""
    draw = random.Random(7)  # noqa: S311 - filling
    rows = (f'<row a="{draw.randrange(10**9)}" b="Zürich"/>' for _ in range(words // 6))
    return f"<?xml version='1.0'?><request>{''.join(rows)}</request>".encode()


def png(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def read_from(data: bytes) -> Form:
    found = examine(Examine(data=data, limits=LIMITS))
    assert isinstance(found, Looked)
    said = meaning(found.symbols)
    assert isinstance(said, Form)
    return said


@pytest.mark.parametrize("degrees", [0, 2, -3, 90, 180, 271])
def test_a_scanned_annex_is_read_however_it_lay(degrees: int) -> None:
    texts = forms.pieces(message())
    assert len(texts) > 1
    page = forms.annex(texts, forms.mark(GUID, "AX", 1))
    found = read_from(png(forms.scanned(page, degrees, specks=20_000)))
    assert (found.guid, found.message) == (GUID, message())


def test_an_annex_in_a_pdf_with_structured_append_is_read_too() -> None:
    page = forms.annex(forms.pieces(message(), 1_000), append=True)
    assert read_from(papers.with_picture(page)).message == message()


@pytest.mark.parametrize("columns", ["by rows", "by columns"])
def test_pieces_are_joined_by_rows_or_by_columns(columns: str) -> None:
    words = next(count for count in range(1_800, 9_000, 60) if len(sized(count)) == 4)
    one, two, three, four = sized(words)
    shown = [one, two, three, four] if columns == "by rows" else [one, three, two, four]
    found = read_from(png(forms.annex(shown, forms.mark(GUID, "AX", 1))))
    assert found.message == message(words)


def sized(words: int) -> list[str]:
    return forms.pieces(message(words))


def test_a_wrong_order_is_not_taken_even_where_it_unpacks() -> None:
    """Some orders unpack to something that only looks like the message."""
    texts = forms.pieces(message(9_000))
    draw = random.Random(1)  # noqa: S311 - an order
    for _ in range(30):
        shuffled = texts[:]
        draw.shuffle(shuffled)
        assert joined(shuffled) in {message(9_000), None}
    assert joined(texts) == message(9_000)
    assert joined([*texts, texts[0]]) == message(9_000), "a page that was scanned twice"


def test_where_a_piece_is_missing_nothing_is_made_up() -> None:
    texts = forms.pieces(message())
    for missing in range(len(texts)):
        assert joined(texts[:missing] + texts[missing + 1 :]) is None
    torn = read_from(png(forms.annex(texts[:-1], forms.mark(GUID, "AX", 1))))
    assert (torn.guid, torn.message, torn.pieces) == (GUID, None, len(texts) - 1)


def test_a_pile_with_pages_of_two_invoices_is_left_to_a_person() -> None:
    pages = [
        forms.annex(forms.pieces(message()), forms.mark(GUID, "AX", 1)),
        forms.annex([], forms.mark("f" * 32, "GR", 1)),
    ]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    found = read_from(out.getvalue())
    assert (found.guid, found.message) == ("", None)


def test_b4_pieces_that_unpack_to_much_more_are_given_up() -> None:
    assert joined(forms.pieces(b"<a>" + bytes([32]) * 50_000_000 + b"</a>", 4_000)) is None


def test_other_codes_mean_nothing_here() -> None:
    page = forms.annex(["https://example.ch", "SPC\n0200\n1"])
    found = examine(Examine(data=png(page), limits=LIMITS))
    assert isinstance(found, Looked)
    assert len(found.symbols) == 2
    assert meaning(found.symbols) is None


def test_our_own_code_is_read_back_and_a_slip_in_it_is_noticed() -> None:
    code = SheetCode(40_112, 3)
    text = written(code)
    assert read(text) == code
    wrong = {text[:place] + "9" + text[place + 1 :] for place in range(4, len(text))} - {text}
    assert all(read(one) is None for one in wrong)
    assert read("QTN1") is None
