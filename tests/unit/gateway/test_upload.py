"""The upload that existing practice software speaks: what comes in, what goes out."""

import asyncio
import string
from collections.abc import Iterable
from typing import Any

import pytest
from fastapi import Request
from lxml import etree

from libs.events.values import LANGUAGES
from libs.runtime.web import Problem
from services.gateway.api import upload_answers as answers
from services.gateway.api.models import InvoiceItem
from services.gateway.api.multipart import PARTS_MAX, Part, clean_name, read_files

LIMIT = 1_000
XML = b"<request/>"


def part(data: bytes = XML, name: str = "File", filename: str = "m_R-1.xml") -> bytes:
    return (
        (
            f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        ).encode()
        + data
        + b"\r\n"
    )


END = b"--b--\r\n"


def read(body: bytes, kind: str = "multipart/form-data; boundary=b", size: int = 7) -> list[Part]:
    """Read a body that comes in pieces, as chunked ones do."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]

    def messages() -> Iterable[dict[str, Any]]:
        for piece in pieces:
            yield {"type": "http.request", "body": piece, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    coming = iter(messages())

    async def receive() -> dict[str, Any]:
        return next(coming)

    scope = {"type": "http", "headers": [(b"content-type", kind.encode())]}
    return asyncio.run(read_files(Request(scope, receive), "File", LIMIT))


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_file_arrives_whole_however_it_is_cut(size: int) -> None:
    (found,) = read(part() + END, size=size)
    assert (bytes(found.data), found.filename) == (XML, "m_R-1.xml")


def test_parts_of_other_names_are_not_kept() -> None:
    assert read(part(name="Note") + END) == []
    assert len(read(part(b"1") + part(name="Note") + part(b"2") + END)) == 2


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (part(), "multipart/form-data; boundary=b", 400),
        (part() + END, "multipart/form-data", 400),
        (part() + END, "multipart/form-data; boundary=c", 400),
        (part() + END, f"multipart/form-data; boundary={'b' * 300}", 400),
        (part() + END, "application/xml", 415),
        (b"", "multipart/form-data; boundary=b", 400),
        (part() * (PARTS_MAX + 1) + END, "multipart/form-data; boundary=b", 400),
        (part(b"x" * (LIMIT + 1)) + END, "multipart/form-data; boundary=b", 413),
        (b"x" * 200_000 + part() + END, "multipart/form-data; boundary=b", 400),
        (
            b"--b\r\n" + b"A: b\r\n" * 3_000 + b"\r\nx\r\n" + END,
            "multipart/form-data; boundary=b",
            400,
        ),
    ],
)
def test_broken_and_oversized_bodies_are_refused_b41_b42(
    body: bytes, kind: str, status: int
) -> None:
    with pytest.raises(Problem) as refused:
        read(body, kind, size=4_096)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\m_R-1.xml", "m_R-1.xml"),
        ("a\u202e\x00b.xml", "ab.xml"),
        ("x" * 5_000, "x" * 200),
    ],
)
def test_file_names_are_data_b29(given: str, kept: str) -> None:
    assert clean_name(given) == kept


FINDINGS = [
    {"code": "ahv_check_digit", "severity": "warning", "message": "Hinweis.", "remedy": ""},
    {
        "code": "total_mismatch",
        "severity": "error",
        "line": 7,
        "path": "/request",
        "message": "Summe falsch.",
        "remedy": "Neu berechnen.",
    },
]


def root_of(document: bytes) -> etree._Element:
    """Read an answer as the client does: well-formed, UTF-8, without BOM and DOCTYPE."""
    assert not document.startswith(b"\xef\xbb\xbf")
    assert b"DOCTYPE" not in document
    root = etree.fromstring(document)
    assert root.tag == "uploadResponse"
    return root


def test_an_accepted_message_is_a_success_with_its_hints_beside() -> None:
    receipt = {"submission_id": "s", "invoice_id": "i", "findings": FINDINGS[:1]}
    root = root_of(answers.success(receipt))
    assert root.get("result") == "success"
    assert root.find("invoice") is None
    found = root.find("receipt")
    assert found is not None
    assert (found.get("code"), found.get("submissionId")) == ("ReadyToControl", "s")
    assert [one.get("code") for one in root.findall("finding")] == ["ahv_check_digit"]


def test_a_refused_message_is_one_invoice_with_one_error_that_says_everything() -> None:
    root = root_of(answers.failure("m_R-1.xml", {"code": "total_mismatch", "findings": FINDINGS}))
    assert root.get("result") == "failure"
    (invoice,) = root.findall("invoice")
    assert invoice.get("filename") == "m_R-1.xml"
    (error,) = invoice.findall("error")
    assert error.get("code") == "InvalidData"
    assert error.get("message") == "Summe falsch. Neu berechnen.\nHinweis."
    assert root.find("generalError") is None
    assert len(root.findall("finding")) == 2


def test_a_refusal_without_findings_still_says_something() -> None:
    root = root_of(answers.failure("x", {"code": "too_complex", "detail": "Zu verschachtelt."}))
    (error,) = root.iter("error")
    assert error.get("message") == "Zu verschachtelt."


def test_what_xml_cannot_hold_is_left_out() -> None:
    root = root_of(answers.failure('a\x00\x0b\ud800\ufffe<&"b', {"detail": "x\x1by"}))
    (invoice,) = root.findall("invoice")
    assert invoice.get("filename") == 'a<&"b'


def test_a_refused_request_has_a_general_error_and_no_invoice() -> None:
    root = root_of(answers.general("InvalidAccount", "Falsches Konto."))
    (error,) = root.findall("generalError")
    assert (error.get("code"), error.get("message")) == ("InvalidAccount", "Falsches Konto.")
    assert len(root) == 1


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("xml_malformed", "XMLParserError"),
        ("xml_dtd_forbidden", "XMLParserError"),
        ("xml_schema_invalid", "InvalidData"),
        ("biller_not_yours", "InvalidZSR"),
        ("zsr_invalid", "InvalidZSR"),
        ("duplicate_invoice_conflict", "AlreadySent"),
        ("amount_invalid", "InvalidData"),
    ],
)
def test_codes_that_users_know_are_used(code: str, known: str) -> None:
    assert answers.known_code(code, ()) == known
    assert answers.known_code("invalid", [{"code": code}]) == known


def test_every_sentence_is_there_in_four_languages_with_the_same_places() -> None:
    for texts in (*answers.WORDS.values(), *answers.STATES.values()):
        assert set(texts) == set(LANGUAGES)
        places = {
            frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
            for text in texts.values()
        }
        assert len(places) == 1


def test_every_state_of_an_invoice_has_its_word() -> None:
    states = InvoiceItem.model_json_schema()["properties"]["state"]["enum"]
    assert set(answers.STATES) == set(states)
