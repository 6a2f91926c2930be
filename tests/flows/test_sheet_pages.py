"""Sheets on paper in the portal, as a browser without JavaScript uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from lxml import html

from tests import papers
from tests.browser.served import Served, served
from tests.flows.test_sheets import scan


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("sheets"), invoices=1) as running:
        yield running


@contextmanager
def logged_in(portal: Served, login: str, password: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=portal.url, headers={"Accept": "text/html"}, timeout=30) as browser:
        answer = browser.post("/login", data={"login": login, "password": password})
        assert answer.status_code == 303, answer.text
        yield browser


@pytest.fixture
def browser(portal: Served) -> Iterator[httpx.Client]:
    with logged_in(portal, portal.member.login, portal.member.password) as client:
        yield client


def page_at(browser: httpx.Client, path: str) -> Any:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return html.fromstring(answer.text)


def csrf_of(page: Any) -> str:
    found: str = page.xpath("//input[@name='csrf']/@value")[0]
    return found


def test_scans_are_handed_in_and_each_has_its_verdict_and_its_place_in_the_list(
    browser: httpx.Client,
) -> None:
    page = page_at(browser, "/sheets")
    files = [
        ("files", ("a.png", scan("seite"))),
        ("files", ("b.pdf", papers.hostile()["a script"])),
    ]
    answer = browser.post("/sheets", data={"csrf": csrf_of(page)}, files=files)
    assert answer.status_code == 200, answer.text
    shown: Any = html.fromstring(answer.text)
    verdicts = [row.text_content() for row in shown.xpath("//*[@id='verdicts']//tbody/tr")]
    assert "Angenommen" in verdicts[0]
    assert "Das PDF enthält mehr als Seiten: JavaScript." in verdicts[1]
    (link,) = shown.xpath("//a[@data-row]/@href")
    picture = browser.get(link)
    assert picture.headers["content-type"] == "image/png"
    assert "Wird erfasst" in shown.text_content()
    again = browser.post("/sheets", data={"csrf": csrf_of(page)}, files=files[:1])
    assert "Bereits eingereicht" in again.text


def test_a_practice_chooses_what_is_printed_on_its_own_sheet(browser: httpx.Client) -> None:
    page = page_at(browser, "/sheets/template")
    typed = {"csrf": csrf_of(page), "tariff.0": "007", "code.0": "AA.00.0010", "name.0": "Kons."}
    done = browser.post("/sheets/template", data=typed)
    assert (done.status_code, done.headers["location"]) == (303, "/sheets/template?done=1")
    shown = page_at(browser, "/sheets/template?done=1")
    assert "Fassung 1 gilt" in shown.text_content()
    assert shown.xpath("//input[@name='code.0']/@value") == ["AA.00.0010"]
    assert browser.get("/sheets/template.pdf").content.startswith(b"%PDF-")
    wrong = browser.post("/sheets/template", data=typed | {"tariff.0": "zu lang"})
    assert wrong.status_code == 422
    kept: Any = html.fromstring(wrong.text)
    assert kept.xpath("//input[@name='code.0']/@value") == ["AA.00.0010"]


FINISHED = {
    "request_id": "F-1", "request_on": "2026-02-24", "amount_rappen": "1'185.50",
    "law": "VVG", "scheme": "PRIVATE", "language": "de", "treatment.reason": "disease",
    "treatment.begins_on": "2026-02-20", "treatment.ends_on": "2026-02-20",
    "patient.name": "Zünd", "patient.given_name": "Rahel", "patient.born_on": "1980-02-28",
    "patient.sex": "female", "patient.address.street": "Seeweg", "patient.address.house_no": "3",
    "patient.address.zip": "6003", "patient.address.city": "Luzern",
}  # fmt: skip


def test_a_finished_invoice_is_handed_in_and_what_is_wrong_stands_at_its_field(
    portal: Served, browser: httpx.Client
) -> None:
    csrf = csrf_of(page_at(browser, "/finished"))

    def hand_in(document: bytes, **changes: str) -> httpx.Response:
        files = {"document": ("r.pdf", document)}
        return browser.post("/finished", data=FINISHED | changes | {"csrf": csrf}, files=files)

    wrong = hand_in(papers.encrypted("x"), **{"vat.0.rate": "8.1", "vat.0.vat_rappen": "1"})
    assert wrong.status_code == 422
    told: Any = html.fromstring(wrong.text)
    assert "verschlüsselt" in told.xpath("//*[@id='told-document']")[0].text_content()
    assert told.xpath("//*[@id='told-vat']/*[contains(@class, 'wrong')]")
    assert told.xpath("//input[@name='amount_rappen']/@value") == ["1'185.50"]
    done = hand_in(papers.pdf())
    assert done.status_code == 303, done.text
    invoice_id = done.headers["location"].partition("done=")[2]
    portal.wait(portal.made.system.settle(effects=True))
    portal.settle()
    invoice = portal.wait(portal.made.get(portal.member, f"/v1/invoices/{invoice_id}"))
    assert (invoice["request_id"], invoice["open_rappen"]) == ("F-1", 118_550)
    assert browser.post("/finished", data=FINISHED | {"csrf": csrf}).status_code == 422


def test_p31_forms_without_the_sessions_token_are_refused(browser: httpx.Client) -> None:
    forms: dict[str, dict[str, Any]] = {
        "/sheets": {"files": {"files": ("a.png", scan())}},
        "/sheets/template": {},
    }
    for path, more in forms.items():
        answer = browser.post(path, data={"csrf": "x"}, **more)
        assert answer.status_code == 403, path
