"""Bad requests over REST, in forms and at the door: rows B35 to B55 and B64."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from libs.runtime.cursors import cursor
from services.gateway.access import FAILURES_FREE
from tests.attacks.target import CANARY, Target, attacked, told
from tests.attacks.wire import head, wire

JSON = {"Content-Type": "application/json"}
LISTS = ("/v1/invoices", "/v1/submissions", "/v1/account/statement")
UPLOAD = "/xml_import/xml"
SOON = 5
"""Seconds within which even the longest of these is answered on a machine that others use."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked(tmp_path_factory.mktemp("requests"), reminded=True) as running:
        yield running


@pytest.fixture
def client(target: Target) -> Iterator[httpx.Client]:
    with target.client() as made:
        yield made


@pytest.fixture
def browser(target: Target) -> Iterator[httpx.Client]:
    with target.browser() as made:
        yield made


@pytest.fixture
def holds(client: httpx.Client) -> str:
    """Return where reminders of one invoice are held."""
    invoice = client.get("/v1/invoices").json()["items"][0]
    return f"/v1/invoices/{invoice['invoice_id']}/holds"


@pytest.fixture(autouse=True)
def _nothing_happens(target: Target) -> Iterator[None]:
    """No bad request leaves an event, and the next good one is taken."""
    before = target.events()
    yield
    assert target.events() == before
    target.still_works()


GOOD = {"reason": "dispute", "review_on": "2026-03-20"}
NO_JSON = {
    b"NaN": b'{"reason": "dispute", "review_on": NaN}',
    b"infinity": b'{"reason": "dispute", "review_on": 1e400}',
    b"a lone surrogate": b'{"reason": "\\ud800", "review_on": "2026-03-20"}',
    b"deep": b"[" * 90_000,
    b"half": b"{",
    b"nothing": b"",
    b"bad UTF-8": b'{"reason": "\xff"}',
    b"a number of many digits": b'{"reason": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=[name.decode() for name in NO_JSON])
def test_b35_json_that_is_none(client: httpx.Client, holds: str, body: bytes) -> None:
    told(client.post(holds, content=body, headers=JSON), 400, "json_malformed")


def test_b36_a_key_twice(client: httpx.Client, holds: str) -> None:
    body = json.dumps(GOOD)[:-1] + ', "reason": "dispute"}'
    told(client.post(holds, content=body, headers=JSON), 400, "json_duplicate_key")


def test_b37_fields_that_are_not_asked_for(client: httpx.Client, holds: str) -> None:
    for name in ("tenant_id", "practice_id", "role", "by", CANARY):
        answer = client.post(holds, json=GOOD | {name: CANARY})
        # The name of the field is said, so that it can be mended; a value never is.
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert answer.text.count(CANARY) == (name == CANARY)


def test_b38_the_character_that_no_database_takes(
    client: httpx.Client, browser: httpx.Client, holds: str
) -> None:
    told(client.post(holds, json=GOOD | {"reason": "\0"}), 422, "invalid")
    for path in ("/v1/invoices?q=%00", "/v1/invoices/%00", f"/v1/submissions/{'%00' * 36}"):
        told(client.get(path), 422, "invalid")
    told(client.get("/v1/invoices?cursor=%00"), 422, "invalid")
    assert browser.get("/invoices?q=a%00b").status_code == 422
    assert browser.post("/login", data={"login": "\0", "password": "\0"}).status_code == 422
    token = {"grant_type": "password", "username": "\0", "password": "x"}
    answer = client.post("/v1/oauth/token", data=token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


NO_NUMBERS: tuple[Any, ...] = (
    *("1_000", "\u0661\u0662", "1E+2", "30", True, 10**60, 30.5, 30.555, [30], {}, -1),
)


@pytest.mark.parametrize("days", NO_NUMBERS, ids=repr)
def test_b39_numbers_that_are_none(client: httpx.Client, days: Any) -> None:
    answer = client.put(
        "/v1/practice/settings/terms",
        json={"settings": {"patient_days": days}},
        headers={"If-Match": "*"},
    )
    told(answer, *((422, "out_of_bounds" if days in (10**60, -1) else "invalid")))


def test_b40_json_of_another_encoding_or_name(client: httpx.Client, holds: str) -> None:
    body = json.dumps(GOOD)
    for kind, data in (
        ("application/json; charset=utf-16", body.encode("utf-16")),
        ("text/plain", body.encode()),
        ("", body.encode()),
        ("application/x-www-form-urlencoded", body.encode()),
    ):
        answer = client.post(holds, content=data, headers={"Content-Type": kind})
        told(answer, 415, "unsupported_media_type")


def multipart(*parts: bytes, mark: str = "b", end: bytes = b"--b--\r\n") -> dict[str, Any]:
    """Return a multipart body and its headers, made by hand."""
    kind = f"multipart/form-data; boundary={mark}"
    return {"content": b"".join(parts) + end, "headers": {"Content-Type": kind}}


def part(data: bytes, *, name: str = "File", filename: str = "a.xml") -> bytes:
    named = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'.encode()
    return b"--b\r\n" + named + b"\r\n\r\n" + data + b"\r\n"


def uploaded(target: Target, client: httpx.Client, **body: Any) -> httpx.Response:
    """Upload as practice software does; the answer comes soon, whatever it is."""
    account = {"cdm_account_number": str(target.member.account_no)}
    headers = body.pop("headers", {}) | account
    begun = time.monotonic()
    answer = client.post(UPLOAD, headers=headers, **body)
    assert time.monotonic() - begun < SOON
    return answer


def test_b41_forms_of_too_many_parts_and_headers(target: Target, client: httpx.Client) -> None:
    xml = part(target.usable())
    for body in (
        multipart(*(part(b"x", name=f"f{number}") for number in range(1_001)), xml),
        multipart(b"--b\r\n" + b"A: b\r\n" * 3_000 + b"\r\nx\r\n", xml),
        multipart(b"x" * 200_000 + b"\r\n", xml),
    ):
        answer = uploaded(target, client, **body)
        assert answer.status_code in {400, 413}, answer.text
        told(answer, answer.status_code, answer.json()["code"])
    fields = "&".join(f"a{number}=1" for number in range(1_001))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/v1/oauth/token", "/login"):
        assert client.post(path, content=fields, headers=kind).status_code in {400, 413}, path


def test_b42_multipart_without_its_marks(target: Target, client: httpx.Client) -> None:
    xml = part(target.usable())
    for body in (
        multipart(xml, end=b""),
        multipart(xml, mark="c"),
        multipart(xml, mark=""),
        multipart(xml, mark="b" * 300),
        multipart(end=b""),
    ):
        told(uploaded(target, client, **body), 400, "multipart_malformed")
    plain = {"content": xml, "headers": {"Content-Type": "application/xml"}}
    told(uploaded(target, client, **plain), 415, "unsupported_media_type")


def test_b43_two_files_under_one_name_are_not_taken_by_half(
    target: Target, client: httpx.Client
) -> None:
    body = multipart(part(target.usable()), part(target.usable()))
    answer = uploaded(target, client, **body)
    assert answer.status_code == 200
    assert 'result="failure"' in answer.text
    assert 'code="NoAttachmentFound"' in answer.text


def test_b50_an_id_of_a_request_that_could_be_anything_is_replaced(target: Target) -> None:
    for given in ("x" * 10_000, "a b", "<script>", ""):
        with wire(target.address) as line:
            line.send(head("GET /nothing", f"X-Request-ID: {given}", "Connection: close"))
            line.until_closed()
            (answer,) = line.answers
        assert answer.code == "not_found"
        assert answer.headers["x-request-id"] != given
        assert len(answer.headers["x-request-id"]) == 36


def test_b51_what_a_client_says_of_a_proxy_is_not_believed(target: Target) -> None:
    """Guesses count for the address they come from, whichever one they name."""
    with target.client("") as client:
        for number in range(FAILURES_FREE + 1):
            said = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}"}
            said |= {"Forwarded": f"for=192.0.2.{number}", "X-Client-Cert": "x"}
            form = {"grant_type": "password", "username": "guessed", "password": "x"}
            answer = client.post("/v1/oauth/token", data=form, headers=said)
            assert answer.status_code == (401 if number < FAILURES_FREE else 429)
            assert ("retry-after" in answer.headers) == (number == FAILURES_FREE)
        own = client.get("/v1/invoices", headers={"X-Practice-Id": target.member.practice_id})
        assert own.status_code == 401


FORGED = ("x", "%", "-1", cursor(-1), cursor("x"), cursor(["9999-12-31", "x", 1]), "A" * 300)


@pytest.mark.parametrize("path", LISTS)
def test_b52_pages_that_are_too_large_and_forged_cursors(client: httpx.Client, path: str) -> None:
    for limit in ("1000000000", "0", "-1", "x", "1.5", "1e3", str(2**70)):
        told(client.get(path, params={"limit": limit}), 422, "invalid")
    for forged in FORGED:
        answer = client.get(path, params={"cursor": forged})
        if answer.status_code == 200:  # an end before the first of all: an empty page of one's own
            assert (forged, answer.json()["items"]) == (cursor(-1), [])
            continue
        assert answer.status_code in {400, 422}, (forged, answer.text)
        told(answer, answer.status_code, answer.json()["code"])


SQL = (
    "'",
    "';drop table invoices;--",
    "' or 1=1 --",
    "%",
    "_",
    "\\",
    '"',
    "*",
    "a AND b OR NEAR(",
    "pg_sleep(10)",
    "1); select pg_sleep(10); --",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1:9/x}",
    "\ufffd\u202e",
    "x" * 80,
)


def test_b53_what_is_searched_for_is_taken_word_for_word(
    client: httpx.Client, browser: httpx.Client
) -> None:
    assert client.get("/v1/invoices").json()["items"]
    for text in SQL:
        begun = time.monotonic()
        answer = client.get("/v1/invoices", params={"q": text})
        assert answer.status_code == 200, (text, answer.text)
        assert answer.json()["items"] == [], text
        assert browser.get(f"/invoices?q={quote(text)}").status_code == 200
        assert time.monotonic() - begun < SOON
    for name in ("state", "issued_since", "sort", "limit"):
        answer = client.get("/v1/invoices", params={name: "1; drop table invoices"})
        assert answer.status_code == (200 if name == "sort" else 422)


def test_b55_a_change_names_the_version_that_was_seen(client: httpx.Client) -> None:
    path, body = "/v1/practice/settings/terms", {"settings": {"patient_days": 20}}
    told(client.put(path, json=body), 428, "if_match_required")
    for wrong in (b'"terms-99"', b'"contract-1"', b"x", '"terms-\u0661"'.encode()):
        answer = client.put(path, json=body, headers=[(b"If-Match", wrong)])
        told(answer, 412, "changed_meanwhile")


def test_b1_a_form_without_a_session_is_not_read(target: Target) -> None:
    for path in ("/submissions/new", "/logout", "/language", "/practices", "/invoices/x/hold"):
        with wire(target.address) as line:
            kind = "Content-Type: multipart/form-data; boundary=b"
            line.send(head(f"POST {path}", kind, "Content-Length: 15000000"))
            line.until(b"\r\n\r\n")
            assert line.data.startswith(b"HTTP/1.1 303 "), path
            assert b"location: /login" in line.data


def test_b12_a_form_of_one_field_does_not_take_a_film(browser: httpx.Client) -> None:
    for path in ("/login", "/language"):
        answer = browser.post(path, data={"login": "x" * 100_000})
        assert answer.status_code == 413, path


def test_b64_twenty_thousand_ranges_of_a_document(client: httpx.Client) -> None:
    invoice = client.get("/v1/invoices").json()["items"][0]["invoice_id"]
    listed = client.get(f"/v1/invoices/{invoice}/documents").json()["items"]
    path = f"/v1/invoices/{invoice}/documents/{listed[0]['document_id']}"
    whole = client.get(path).content
    for count, status in ((20_000, 431), (3_000, 200)):
        begun = time.monotonic()
        answer = client.get(path, headers={"Range": "bytes=" + ",".join(["0-1"] * count)})
        assert answer.status_code == status
        assert time.monotonic() - begun < SOON
        assert status == 431 or answer.content == whole
