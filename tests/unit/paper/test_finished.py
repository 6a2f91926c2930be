"""Finished invoices as their readers get them: the practice's pages, and ours around them."""

import io
from dataclasses import replace

import msgspec
import pytest
from pypdf import PdfReader

from libs.events.handed import Medical
from libs.events.values import LANGUAGES, Language
from libs.paper.finished import copy_parts, form_parts, invoice_parts
from libs.paper.invoice import Invoice
from libs.paper.joining import MODULE, Join, Joined, join
from libs.paper.words import words
from libs.runtime.apart import Apart
from tests import papers
from tests.pages import codes_on, text_of
from tests.unit.paper.test_documents import expected_payload, invoice

A4_POINTS = (595, 842)


def finished(language: Language = "de") -> Invoice:
    """Return an invoice of which we know no lines."""
    value = invoice(3, language)
    return replace(value, medical=Medical(lines=()))


def sizes(pdf: bytes) -> list[tuple[int, int]]:
    reader = PdfReader(io.BytesIO(pdf))
    return [(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages]


def test_br28_the_payment_part_is_one_page_more_and_reads_back_as_the_same_bytes() -> None:
    value = finished()
    made = join(invoice_parts(value, papers.pdf(2, text="Honorar")))
    assert (made.pages, sizes(made.pdf)) == (3, [A4_POINTS] * 3)
    [symbol] = codes_on(made.pdf)
    assert symbol.bytes == expected_payload(value).encode()
    said = text_of(made.pdf)
    assert "Honorar 1" in said
    assert "Honorar 2" in said
    assert said.index("Honorar 2") < said.index(value.number)


def test_f7_the_same_parts_give_the_same_bytes() -> None:
    parts = invoice_parts(finished(), papers.pdf())
    again = invoice_parts(finished(), papers.pdf())
    assert join(parts) == join(again)
    apart = Apart(MODULE).work_now(msgspec.msgpack.encode(parts))
    assert msgspec.msgpack.decode(apart, type=Joined) == join(again)


def test_where_nothing_is_left_to_pay_the_document_goes_alone() -> None:
    paid = replace(finished(), open_rappen=0)
    assert join(invoice_parts(paid, papers.pdf(2))).pages == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_br9_the_form_is_marked_on_each_page_and_has_no_payment_part(language: Language) -> None:
    made = join(form_parts(finished(language), papers.pdf(2)))
    assert made.pages == 2
    assert text_of(made.pdf).count(words(language)["form_title"]) == 2
    assert codes_on(made.pdf) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_br5_the_copy_says_what_it_is_before_and_on_every_page(language: Language) -> None:
    made = join(copy_parts(finished(language), papers.pdf(2)))
    assert made.pages == 3
    assert text_of(made.pdf).count(words(language)["copy_mark"]) == 3
    assert words(language)["services_behind"] in text_of(made.pdf)
    assert codes_on(made.pdf) == []


def test_a_page_on_its_side_is_marked_at_its_upper_edge() -> None:
    """The mark stands inside the sheet, however the page was turned."""
    for name, data in papers.harmless().items():
        made = join(form_parts(finished(), data))
        assert words("de")["form_title"] in text_of(made.pdf), name


def test_nothing_of_the_parts_stays_that_is_not_a_page() -> None:
    document = papers.writer(1)
    document.add_metadata({"/Author": "Kanarienvogel", "/Title": "Kanarienvogel"})
    made = join(Join(document=papers.written(document)))
    assert b"Kanarienvogel" not in made.pdf
