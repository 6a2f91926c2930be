"""Documents inside a message: what each is by its content, what is refused, what is named."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.message import attachments
from services.ingest.message.attachments import is_active, type_of
from services.ingest.message.xml_invoice import Invoice, Unreadable, parse
from tests.unit.ingest.samples import TODAY, changed, message_44, message_50, with_attachment

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
TIFF = b"II*\x00" + bytes(20)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def enclosed_44(mime: str, content: bytes) -> bytes:
    """Return a 4.4 message with a document; 4.4 knows no list of types (invoice-xml 15)."""
    documents = (
        f'<i:documents number="1"><i:document filename="a.bin" mimeType="{mime}">'
        f"<i:base64>{b64(content)}</i:base64></i:document></i:documents>"
    )
    return changed(message_44(), ("</i:body>", f"{documents}</i:body>"))


def codes(data: bytes) -> tuple[bool, list[str]]:
    found = parse(data, TODAY)
    findings = found.warnings if isinstance(found, Invoice) else found.findings
    return isinstance(found, Invoice), [finding.code for finding in findings]


def test_b28_a_document_is_taken_out_whole_and_described_by_its_content() -> None:
    found = parse(with_attachment(message_50(), "befund.pdf", "application/pdf", b64(PDF)), TODAY)
    assert isinstance(found, Invoice)
    (inside,) = found.inside
    assert inside.data == PDF
    (described,) = found.medical.attachments
    assert described == inside.attachment
    assert (described.media_type, described.size_bytes) == ("application/pdf", len(PDF))
    assert (described.title, described.filename) == ("Report", "befund.pdf")


@pytest.mark.parametrize(
    ("data", "kind"),
    [(PDF, "application/pdf"), (PNG, "image/png"), (TIFF, "image/tiff"),
     (b"MM\x00*rest", "image/tiff"), (b"\xff\xd8\xff\xe0", "image/jpeg"),
     (b"a;b\r\n1;2\r\n", "text/plain"), ("Zürich".encode(), "text/plain"),
     (b"<svg onload='x'/>", "text/plain"), ("Zürich".encode("latin-1"), "application/octet-stream"),
     (b"PK\x03\x04\x00", "application/octet-stream")],
)  # fmt: skip
def test_b28_the_type_is_that_of_the_content(data: bytes, kind: str) -> None:
    assert type_of(data) == kind


@pytest.mark.parametrize(
    ("mime", "content", "expected"),
    [("image/tiff", TIFF, (True, [])), ("text/csv", b"a;b\r\n1;2\r\n", (True, [])),
     ("application/msword", b"\xd0\xcf\x11\xe0", (True, ["attachment_type_unusual"])),
     ("application/pdf", PNG, (False, ["attachment_type_mismatch"])),
     ("image/tiff", PDF, (False, ["attachment_type_mismatch"])),
     ("text/plain", b"MZ\x90\x00", (False, ["attachment_program"])),
     ("text/plain", b"#!/bin/sh\n", (False, ["attachment_program"]))],
)  # fmt: skip
def test_44_admits_any_type_but_no_program_and_no_wrong_label(
    mime: str, content: bytes, expected: tuple[bool, list[str]]
) -> None:
    assert codes(enclosed_44(mime, content)) == expected


@pytest.mark.parametrize("content", ["", "====", "JVBER", "JVBERi0x*", "JVBERi0xLjcK=", "ä"])
def test_b28_what_is_no_base64_is_refused(content: str) -> None:
    data = with_attachment(message_50(), "a.pdf", "application/pdf", content)
    assert codes(data) == (False, ["attachment_invalid"])


def test_base64_may_be_written_in_lines() -> None:
    lines = "\n".join(b64(PDF)[start : start + 8] for start in range(0, len(b64(PDF)), 8))
    assert codes(with_attachment(message_50(), "a.pdf", "application/pdf", lines))[0]


def test_b28_a_document_that_is_too_large_and_too_many_are_refused_with_413() -> None:
    large = PDF + bytes(attachments.ATTACHMENT_BYTES_MAX)
    found = parse(with_attachment(message_50(), "a.pdf", "application/pdf", b64(large)), TODAY)
    assert isinstance(found, Unreadable)
    assert (found.status, found.problem) == (413, "attachment_too_large")
    one = with_attachment(message_50(), "a.pdf", "application/pdf", b64(PDF)).decode()
    document = one[one.index("<i:document ") : one.index("</i:documents>")]
    count = attachments.ATTACHMENTS_MAX + 1
    many = one.replace(document, document * count).replace('number="1"', f'number="{count}"')
    found = parse(many.encode(), TODAY)
    assert isinstance(found, Unreadable)
    assert (found.status, found.problem) == (413, "attachments_too_many")


def test_a_wrong_count_is_named() -> None:
    data = with_attachment(message_50(), "a.pdf", "application/pdf", b64(PDF))
    assert codes(data.replace(b'number="1"', b'number="2"')) == (True, ["attachments_count"])
    assert codes(data.replace(b'number="1"', b'number="0"')) == (True, ["attachments_count"])


@pytest.mark.parametrize(
    "inside",
    [b"/S/JavaScript/JS(app.alert)", b"/Launch", b"/XFA", b"/EmbeddedFiles", b"/RichMedia"],
)
def test_active_content_of_a_pdf_is_named_and_never_opened_by_us(inside: bytes) -> None:
    packed = zlib.compress(b"1 0 <<" + inside + b">>")
    hidden = PDF + b"2 0 obj<</Type/ObjStm/N 1>>stream\n" + packed + b"\nendstream"
    for pdf in (PDF + inside + b" 1 0 R", hidden):
        data = with_attachment(message_50(), "a.pdf", "application/pdf", b64(pdf))
        assert codes(data) == (True, ["attachment_active"])
    assert codes(with_attachment(message_50(), "a.pdf", "application/pdf", b64(PDF)))[1] == []


def test_a_packed_bomb_in_a_pdf_is_unpacked_only_so_far() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    assert not is_active(PDF + b"<</Type/ObjStm>>stream\n" + bomb)
    many = (b"<</Type/ObjStm>>stream\n" + zlib.compress(b"x")) * 300
    assert is_active(PDF + many)


@given(st.binary(max_size=300))
def test_no_content_raises(data: bytes) -> None:
    found = parse(with_attachment(message_50(), "a.pdf", "application/pdf", b64(PDF + data)), TODAY)
    assert isinstance(found, Invoice)
    type_of(data)
    is_active(data)


def test_an_address_instead_of_a_document_is_never_fetched_and_is_named() -> None:
    documents = (
        '<i:documents number="1"><i:document filename="a.pdf" mimeType="application/pdf">'
        "<i:url>http://127.0.0.1:9/a.pdf</i:url></i:document></i:documents>"
    )
    data = changed(message_44(), ("</i:body>", f"{documents}</i:body>"))
    assert codes(data) == (True, ["attachment_elsewhere"])
