"""Hostile and broken bytes: rows B2 to B17 of the bad-input matrix."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.message.xml_invoice import Invoice, Unreadable, parse
from services.ingest.message.xml_tree import ATTRIBUTES_MAX, DEPTH_MAX
from tests.unit.ingest.hostile import (
    BOMBS,
    BROKEN,
    CONTROLS,
    DOCTYPES,
    ENCODINGS,
    FORMATS,
    OTHER_MESSAGES,
    with_doctype,
)
from tests.unit.ingest.samples import TODAY, changed, message_45, message_50


def verdict(data: bytes) -> tuple[int, str]:
    found = parse(data, TODAY)
    assert isinstance(found, Unreadable), found
    return found.status, found.problem


@pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
def test_b2_a_doctype_is_refused(doctype: str) -> None:
    assert verdict(with_doctype(doctype)) == (400, "xml_dtd_forbidden")


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_b2_a_doctype_is_refused_in_every_encoding(encoding: str) -> None:
    assert verdict(with_doctype("<!DOCTYPE i:request>", encoding=encoding)) == (
        400,
        "xml_dtd_forbidden",
    )


def test_b2_the_word_doctype_in_a_text_is_data() -> None:
    data = changed(message_50(), ("Kontrolle", "&lt;!DOCTYPE html&gt;"))
    found = parse(data, TODAY)
    assert isinstance(found, Invoice)
    assert found.medical.remark == "<!DOCTYPE html>"


def test_b3_an_external_entity_is_never_read(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY-7731")
    data = with_doctype(f'<!DOCTYPE i:request [<!ENTITY e SYSTEM "file://{canary}">]>').replace(
        b"Kontrolle", b"&e;"
    )
    found = parse(data, TODAY)
    assert isinstance(found, Unreadable)
    assert (found.status, found.problem) == (400, "xml_dtd_forbidden")
    assert "CANARY" not in repr(found)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_b4_an_entity_bomb_is_refused_at_once(bomb: str) -> None:
    started = time.perf_counter()
    assert verdict(bomb.encode()) == (400, "xml_dtd_forbidden")
    assert time.perf_counter() - started < 1


def test_b5_a_foreign_element_is_refused_and_not_processed() -> None:
    include = '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>'
    data = changed(message_50(), ("<i:remark>Kontrolle</i:remark>", include))
    assert verdict(data) == (422, "xml_schema_invalid")


def test_b6_addresses_in_the_message_are_not_fetched_and_do_not_matter() -> None:
    data = changed(
        message_50(),
        ("generalInvoiceRequest_500.xsd", "http://127.0.0.1:9/generalInvoiceRequest_500.xsd"),
        ("?>\n", '?>\n<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>\n'),
    )
    assert isinstance(parse(data, TODAY), Invoice)


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_b7_what_is_not_well_formed_is_refused_with_its_place(data: bytes) -> None:
    found = parse(data, TODAY)
    assert isinstance(found, Unreadable)
    assert (found.status, found.problem) == (400, "xml_malformed")
    assert found.findings[0].line >= 1
    assert found.findings[0].column >= 1


def test_b7_an_empty_body_is_refused() -> None:
    assert verdict(b"") == (400, "body_empty")
    assert verdict(b" \r\n") == (400, "body_empty")


def test_b8_latin_1_bytes_labelled_utf_8_are_refused() -> None:
    assert verdict(message_50().encode("iso-8859-1")) == (400, "xml_malformed")


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-16", "iso-8859-15"])
def test_b9_declared_encodings_keep_their_umlauts(encoding: str) -> None:
    data = message_50().replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
    found = parse(data, TODAY)
    assert isinstance(found, Invoice)
    assert found.debtor.name == "Zünd"


def test_b9_a_byte_order_mark_is_taken() -> None:
    assert isinstance(parse(b"\xef\xbb\xbf" + message_50().encode(), TODAY), Invoice)


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS)
def test_b10_other_encodings_are_refused_by_name(data: bytes) -> None:
    assert verdict(data) == (415, "xml_encoding_unsupported")


@pytest.mark.parametrize("bad", CONTROLS, ids=repr)
def test_b11_control_characters_and_surrogates_are_refused(bad: str) -> None:
    status, problem = verdict(changed(message_50(), ("Kontrolle", f"Kon{bad}trolle")))
    assert (status, problem) == (400, "xml_malformed")


def test_b11_xml_1_1_is_refused() -> None:
    assert verdict(changed(message_50(), ('version="1.0"', 'version="1.1"'))) == (
        400,
        "xml_version_unsupported",
    )


def test_b13_too_deep_too_many_attributes_too_many_elements() -> None:
    deep = b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1)
    wide = "<a " + " ".join(f'a{n}=""' for n in range(ATTRIBUTES_MAX + 1)) + "/>"
    assert verdict(deep) == (413, "xml_too_complex")
    assert verdict(wide.encode()) == (413, "xml_too_complex")
    assert verdict(b"<a>" + b"<b/>" * 500_001 + b"</a>") == (413, "xml_too_complex")


def test_b13_a_hundred_thousand_attributes_are_refused_quickly() -> None:
    started = time.perf_counter()
    attributes = " ".join(f'a{n}="1"' for n in range(100_000))
    assert verdict(f"<a {attributes}/>".encode()) == (413, "xml_too_complex")
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS)
def test_b15_other_formats_are_refused_as_such(data: bytes) -> None:
    assert verdict(data) == (415, "not_xml")


@pytest.mark.parametrize(("old", "new"), OTHER_MESSAGES)
def test_b17_other_messages_are_unknown(old: str, new: str) -> None:
    data = message_50().replace(old, new).encode()
    assert verdict(data) == (422, "unknown_message_type")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_mutation_of_a_message_raises_or_lasts(data: st.DataObject) -> None:
    text = bytearray(data.draw(st.sampled_from([message_45(), message_50()])).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                text[at] = data.draw(st.integers(0, 255))
            case 1:
                del text[at : at + data.draw(st.integers(1, 40))]
            case 2:
                text[at:at] = data.draw(st.binary(max_size=8))
            case _:
                other = data.draw(st.integers(0, len(text) - 1))
                text[at:at] = text[other : other + 60]
        if not text:
            break
    started = time.perf_counter()
    found = parse(bytes(text), TODAY)
    assert time.perf_counter() - started < 1
    assert isinstance(found, Invoice) or found.findings


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(parse(data, TODAY), Unreadable)
