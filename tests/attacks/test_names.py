"""Names that mean something elsewhere are only names in answers, pages and papers (P23, B60)."""

import html
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tests.attacks.target import Target, attacked
from tests.pages import text_of
from tests.unit.ingest.samples import BILLER, TODAY, message_50

XML = {"Content-Type": "application/xml"}
NAMES = (
    "=1+1",
    "+41'!A1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}${7*7}",
    "'; drop table invoices; --",
    "#import sys",
    "@all *b* _i_ [l](x)",
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked(tmp_path_factory.mktemp("names")) as running:
        running.made.clock.set_day(TODAY)
        praxis = running.wait(running.made.join(40_112, BILLER, glns=(BILLER,), zsrs=("C123456",)))
        spare = (named("Zünd", number).encode() for number in itertools.count(100))
        yield replace(running, member=praxis, spare=spare)


def named(name: str, number: int) -> str:
    """Return a message about somebody of this name; each is a person of its own."""
    text = message_50().replace('request_id="R-1"', f'request_id="N-{number}"')
    text = text.replace('ssn="7561234567897"', f'ssn="756{number:010}"')
    return text.replace("Zünd", escape(name))


def test_b60_a_name_is_shown_as_it_was_written_and_does_nothing(target: Target) -> None:
    issued: dict[str, Any] = {}
    with target.client() as client:
        for number, name in enumerate(NAMES):
            answer = client.post("/v1/submissions", content=named(name, number), headers=XML)
            assert answer.status_code == 202, answer.text
            issued[name] = answer.json()["invoice_id"]
        target.events()
        for name, invoice in issued.items():
            assert client.get(f"/v1/invoices/{invoice}").json()["patient"]["name"] == name
            path = f"/v1/invoices/{invoice}/documents"
            first = client.get(path).json()["items"][0]["document_id"]
            written = text_of(client.get(f"{path}/{first}").content)
            assert "".join(name.split()) in "".join(written.split()), name
    with target.browser() as browser:
        listed = browser.get("/invoices").text
        for name, invoice in issued.items():
            page = browser.get(f"/invoices/{invoice}")
            assert page.status_code == 200
            assert "'unsafe-inline'" not in page.headers["content-security-policy"]
            for shown in (page.text, listed):
                assert name in html.unescape(shown)
                assert "<" not in name or name not in shown, "markup of a name came through"
    target.still_works()
