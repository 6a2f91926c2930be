"""Hostile invoice messages over HTTP: rows B1 to B30 of the bad-input matrix.

What the parser makes of each is tested beside it; here it is what a sender and the practice get to
see: the answer, one record of the refusal, nothing else, and a next message that is taken.
"""

import gzip
import hashlib
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.attacks.target import CANARY, Target, attacked, told
from tests.attacks.wire import head, wire
from tests.unit.ingest import hostile
from tests.unit.ingest.samples import (
    BILLER,
    TODAY,
    changed,
    message_44,
    message_45,
    message_50,
    with_attachment,
)

XML = {"Content-Type": "application/xml"}
_numbers = itertools.count(1)


def fresh(text: str = message_50()) -> str:
    """Return a message of a number of its own that names the canary."""
    number = f"A-{next(_numbers)}"
    for old in ('request_id="R-1"', 'request_id="R-2"', 'request_id="R-3"'):
        text = text.replace(old, f'request_id="{number}"')
    return text.replace("Kontrolle", CANARY)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked(tmp_path_factory.mktemp("messages")) as running:
        made = running.made
        made.clock.set_day(TODAY)
        praxis = running.wait(made.join(40_112, BILLER, glns=(BILLER,), zsrs=("C123456",)))
        spare = (fresh().encode() for _ in itertools.count())
        yield replace(running, member=praxis, spare=spare)


@pytest.fixture
def post(target: Target) -> Iterator[Callable[..., httpx.Response]]:
    with target.client() as client:

        def send(data: Any, **headers: str) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.post("/v1/submissions", content=data, headers=XML | named)

        yield send


@pytest.fixture
def refuse(target: Target, post: Callable[..., httpx.Response]) -> Callable[..., dict[str, Any]]:
    """Return what hands in a bad message and sees that it is refused, recorded, and no more."""

    def check(data: bytes | str, status: int, code: str, **headers: str) -> dict[str, Any]:
        raw = data if isinstance(data, bytes) else data.encode()
        document = told(post(raw, **headers), status, code)
        newest, *older = target.handed_in()
        assert newest["content"] == hashlib.sha256(raw).hexdigest()
        assert newest["state"] == "rejected"
        assert newest["content"] not in {item["content"] for item in older}
        assert document["submission_id"] == newest["submission_id"]
        return document

    return check


@pytest.fixture(autouse=True)
def _next_one_works(target: Target) -> Iterator[None]:
    yield
    target.still_works()


Refuse = Callable[..., dict[str, Any]]
Post = Callable[..., httpx.Response]


def test_b1_without_credentials_the_body_is_not_waited_for(target: Target) -> None:
    before = target.events()
    for method, path in (("POST", "/v1/submissions"), ("POST", "/xml_import/xml")):
        with wire(target.address) as line:
            line.send(head(f"{method} {path}", "Content-Length: 1000000"))
            line.until(b"\r\n\r\n")
            line.until(b"}")
            (answer,) = line.answers
        assert (answer.status, answer.code) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert target.events() == before


def test_b2_a_doctype_of_any_kind(refuse: Refuse) -> None:
    for doctype in hostile.DOCTYPES.values():
        refuse(hostile.with_doctype(doctype), 400, "xml_dtd_forbidden")
    for encoding in ("utf-16", "iso-8859-1"):
        data = hostile.with_doctype("<!DOCTYPE i:request>", encoding=encoding)
        refuse(data, 400, "xml_dtd_forbidden")


def test_b3_an_external_entity_is_neither_read_nor_fetched(
    refuse: Refuse, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("canary") / "canary"
    file.write_text(CANARY)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        web = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        for subset in (
            f'<!ENTITY e SYSTEM "file://{file}">',
            f'<!ENTITY e SYSTEM "{web}">',
            f'<!ENTITY % p SYSTEM "{web}"> %p;',
        ):
            data = hostile.with_doctype(f"<!DOCTYPE i:request [{subset}]>")
            refuse(data.replace(b"Kontrolle", b"&e;"), 400, "xml_dtd_forbidden")
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_b4_entity_bombs_are_refused_at_once(refuse: Refuse) -> None:
    for bomb in hostile.BOMBS.values():
        begun = time.process_time()
        refuse(bomb, 400, "xml_dtd_forbidden")
        assert time.process_time() - begun < 2


def test_b5_an_inclusion_is_a_foreign_element(refuse: Refuse) -> None:
    include = '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>'
    remark = f"<i:remark>{CANARY}</i:remark>"
    refuse(fresh().replace(remark, include), 422, "xml_schema_invalid")


def test_b6_addresses_in_a_message_are_not_fetched(post: Post) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        web = f"http://127.0.0.1:{listening.getsockname()[1]}"
        data = changed(
            fresh(),
            ("generalInvoiceRequest_500.xsd", f"{web}/generalInvoiceRequest_500.xsd"),
            ("?>\n", f'?>\n<?xml-stylesheet href="{web}/x.xsl"?>\n'),
        )
        assert post(data).status_code == 202
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_b7_what_is_not_well_formed_is_refused_with_its_place(refuse: Refuse) -> None:
    for data in hostile.BROKEN.values():
        document = refuse(data, 400, "xml_malformed")
        assert document["findings"][0]["line"] >= 1
        assert document["findings"][0]["column"] >= 1
    refuse(b"", 400, "body_empty")


def test_b8_latin_1_labelled_utf_8(refuse: Refuse) -> None:
    refuse(fresh().encode("iso-8859-1"), 400, "xml_malformed")


def test_b9_latin_1_that_says_so_keeps_its_umlauts(target: Target, post: Post) -> None:
    for encoding in ("ISO-8859-1", "windows-1252", "UTF-16"):
        text = fresh().replace('encoding="UTF-8"', f'encoding="{encoding}"')
        answer = post(text.encode(encoding))
        assert answer.status_code == 202, answer.text
        target.wait(target.made.system.settle())
        with target.client() as client:
            shown = client.get(f"/v1/invoices/{answer.json()['invoice_id']}").json()
        assert shown["patient"] == {"name": "Zünd", "given_name": "Rahel"}


def test_b10_other_encodings(refuse: Refuse) -> None:
    for data in hostile.ENCODINGS.values():
        refuse(data, 415, "xml_encoding_unsupported")


def test_b11_control_characters_surrogates_and_xml_1_1(refuse: Refuse) -> None:
    for bad in hostile.CONTROLS:
        refuse(fresh().replace(CANARY, f"{CANARY}{bad}"), 400, "xml_malformed")
    refuse(fresh().replace('version="1.0"', 'version="1.1"'), 400, "xml_version_unsupported")


def test_b12_a_body_that_is_too_large_by_its_length_or_by_what_comes(
    target: Target, post: Post
) -> None:
    before = target.events()
    for data in (b" " * 20_000_001, (b" " * 1_000_000 for _ in range(25))):
        document = told(post(data), 413, "too_large")
        assert document["bytes_max"] == 20_000_000
    assert target.events() == before


def test_b13_too_deep_too_wide_too_many(refuse: Refuse) -> None:
    attributes = " ".join(f'a{number}="1"' for number in range(100_000))
    for data in (
        "<a>" * 65 + "</a>" * 65,
        "<a>" + "<b/>" * 500_001 + "</a>",
        f"<a {attributes}/>",
    ):
        begun = time.process_time()
        refuse(data, 413, "xml_too_complex")
        assert time.process_time() - begun < 5


def test_b14_packed_bodies_are_not_unpacked(target: Target, post: Post) -> None:
    before = target.events()
    bomb = gzip.compress(b" " * 10_000_000)
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
        told(post(bomb, Content_Encoding=coding), 415, "content_encoding_unsupported")
    assert target.events() == before


def test_b15_other_formats(refuse: Refuse) -> None:
    for data in hostile.FORMATS.values():
        refuse(data, 415, "not_xml")
    refuse(f"<html><body>{CANARY}</body></html>", 422, "unknown_message_type")


def test_b16_a_wrong_content_type_or_none(refuse: Refuse, post: Post) -> None:
    for kind in ("application/json", "text/plain", "x", ""):
        refuse(fresh(), 415, "content_type_unsupported", Content_Type=kind)
    form = post(fresh(), Content_Type="multipart/form-data; boundary=x")
    assert (form.status_code, form.json()["code"]) == (400, "multipart_malformed")


def test_b17_other_messages_and_versions(refuse: Refuse) -> None:
    for old, new in hostile.OTHER_MESSAGES:
        refuse(fresh().replace(old, new), 422, "unknown_message_type")


def test_b18_each_finding_of_the_structure_has_its_place_and_no_value(refuse: Refuse) -> None:
    document = refuse(
        changed(fresh(), ('canton="LU"', f'canton="{CANARY}"'), ('code="AA.00.0010"', 'code=" "')),
        422,
        "xml_schema_invalid",
    )
    found = {finding["code"] for finding in document["findings"]}
    assert found == {"value_not_allowed", "value_empty"}
    assert all(finding["line"] and finding["path"] for finding in document["findings"])


def test_b19_what_is_no_amount(refuse: Refuse) -> None:
    for amount in hostile.NO_AMOUNTS:
        data = fresh().replace('amount_due="36.50"', f'amount_due="{amount}"')
        refuse(data, 422, "amount_invalid")


def test_b20_services_that_do_not_add_up(refuse: Refuse) -> None:
    data = fresh().replace('amount="36.52" amount_due', 'amount="36.53" amount_due')
    refuse(data, 422, "total_mismatch")


def test_b21_a_comment_inside_a_name_does_not_cut_it(target: Target, post: Post) -> None:
    answer = post(fresh().replace("Zünd<", "Zü<!-- x --><?pi x?>nd<").encode())
    assert answer.status_code == 202
    target.wait(target.made.system.settle())
    with target.client() as client:
        shown = client.get(f"/v1/invoices/{answer.json()['invoice_id']}").json()
    assert shown["patient"]["name"] == "Zünd"


def test_b22_the_same_bytes_again_are_the_same_receipt_and_one_event(
    target: Target, post: Post
) -> None:
    data = fresh().encode()
    first = post(data)
    events = target.events()
    again = post(data)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json() | {"repeated": True}
    assert target.events() == events


def test_b23_other_bytes_under_an_accepted_key_are_a_conflict(refuse: Refuse, post: Post) -> None:
    data = fresh()
    assert post(data.encode()).status_code == 202
    refuse(data.replace(CANARY, CANARY * 2), 409, "duplicate_invoice_conflict")


def test_b24_an_invoice_of_another_biller(refuse: Refuse) -> None:
    for text in (message_50(), message_45()):
        data = fresh(text).replace(BILLER, "7601000000149").replace("C123456", "C999999")
        refuse(data, 403, "biller_not_yours")


def test_b25_a_check_digit_counts_by_what_hangs_on_it(refuse: Refuse, post: Post) -> None:
    ahv = post(fresh().replace('ssn="7561234567897"', 'ssn="7561234567890"').encode())
    assert ahv.status_code == 202
    assert [one["code"] for one in ahv.json()["findings"]] == ["ahv_check_digit"]
    biller = fresh().replace('biller_gln gln="7601000000125"', 'biller_gln gln="7601000000120"')
    document = refuse(biller, 422, "gln_check_digit")
    assert "7601000000120" not in str(document)
    insurer = fresh(message_45()).replace('"7601003000009"', '"7601003000001"')
    refuse(insurer, 422, "gln_check_digit")


def test_b26_days_that_do_not_exist(refuse: Refuse) -> None:
    for day in ("0000-00-00", "2026-02-30", "10000-01-01", "heute"):
        data = fresh().replace('treatment date_begin="2026-01-20"', f'treatment date_begin="{day}"')
        refuse(data, 422, "date_invalid")
    late = 'date_end="9999-12-31T23:59:59-14:00" c'
    data = fresh(message_45()).replace('date_end="2026-01-20T00:00:00" c', late)
    refuse(data, 422, "date_invalid")


def test_b27_a_treatment_in_the_future_and_due_before_issue(refuse: Refuse) -> None:
    future = fresh().replace('date_end="2026-01-20"', 'date_end="2026-02-03"')
    refuse(future, 422, "treatment_in_future")
    before = fresh().replace('payment_period="P30D"', 'payment_period="-P10D"')
    refuse(before, 422, "due_before_issue")


def test_b28_an_attachment_that_nobody_can_open(refuse: Refuse) -> None:
    for mime, content, code in (
        ("application/pdf", "###", "attachment_invalid"),
        ("application/pdf", hostile.PDF[:-1] + "=x", "attachment_invalid"),
        ("image/png", hostile.PDF, "attachment_type_mismatch"),
    ):
        refuse(with_attachment(fresh(), "a.pdf", mime, content), 422, code)


def test_b29_a_file_name_is_data(post: Post, refuse: Refuse) -> None:
    for name in hostile.FILE_NAMES:
        data = with_attachment(fresh(), name.replace("<", "&lt;"), "application/pdf", hostile.PDF)
        assert post(data).status_code == 202
    refuse(
        with_attachment(fresh(), "x" * 5_000, "application/pdf", hostile.PDF),
        422,
        "xml_schema_invalid",
    )


def test_b30_a_test_message_is_taken_and_asks_nobody_for_money(target: Target, post: Post) -> None:
    answer = post(fresh(message_44()).replace('modus="production"', 'modus="test"').encode())
    assert answer.status_code == 202
    target.wait(target.made.system.settle(effects=True))
    with target.client() as client:
        told_of = client.get(f"/v1/invoices/{answer.json()['invoice_id']}/timeline")
    kinds = {event["type"] for event in told_of.json().get("events", ())}
    assert not kinds & {"CaseOpened", "ClaimTransmitted", "InvoiceDispatched"}
