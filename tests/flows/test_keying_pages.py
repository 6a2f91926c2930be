"""The clerks' desk in the portal: sheets keyed beside their picture, once or twice, or back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from lxml import html

from services.command import importing
from services.gateway import registration
from tests.browser.served import Served, served
from tests.flows.test_sheet_pages import csrf_of, logged_in, page_at
from tests.flows.test_sheets import hand_in, scan

PASSWORD = "Regen am Lindenhof"  # noqa: S105 - of an invented user
DAY = "2026-02-24"
PATIENT = {
    "patient.name": "Zünd", "patient.given_name": "Rahel", "patient.born_on": "1980-02-28",
    "patient.sex": "female", "patient.address.street": "Seeweg", "patient.address.house_no": "3",
    "patient.address.zip": "6003", "patient.address.city": "Luzern",
}  # fmt: skip
KEYED = PATIENT | {
    "request_on": DAY, "law": "VVG", "scheme": "PRIVATE", "treatment.reason": "disease",
    "lines.0.on": DAY, "lines.0.tariff": "402", "lines.0.code": "7680000001011",
    "lines.0.quantity": "2",
}  # fmt: skip


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("desk"), invoices=1) as running:
        running.wait(importing.take_samples(running.made.system))
        for login in ("anna", "bea"):
            user, _ = registration.new_user(
                login=login, name=login.title(), role="clerk", practice_ids=[], password=PASSWORD
            )
            running.wait(running.made.system.hosts["gateway"].handle(user))
        yield running


@contextmanager
def clerk(portal: Served, login: str) -> Iterator[httpx.Client]:
    with logged_in(portal, login, PASSWORD) as browser:
        yield browser


def waiting(portal: Served, words: str) -> str:
    """Hand a sheet in; return the address at which it is keyed."""
    answer = portal.wait(hand_in(portal.made, portal.member, scan(words)))
    assert answer.status_code == 202, answer.text
    return f"/keying/{answer.json()['sheet_id']}"


def post(browser: httpx.Client, address: str, act: str, **fields: str) -> httpx.Response:
    page = page_at(browser, address)
    return browser.post(address, data={"csrf": csrf_of(page), "act": act} | fields)


def state_of(portal: Served, address: str) -> dict[str, Any]:
    """Return how the practice sees a sheet, once all have heard of it."""
    portal.wait(portal.made.system.settle(effects=True))
    portal.settle()
    sheet_id = address.rpartition("/")[2]
    found: dict[str, Any] = portal.wait(portal.made.get(portal.member, f"/v1/sheets/{sheet_id}"))
    return found


def test_a_clerk_takes_the_next_sheet_keys_it_and_it_becomes_an_invoice(portal: Served) -> None:
    address = waiting(portal, "keyed")
    with clerk(portal, "anna") as browser:
        queue = page_at(browser, "/keying")
        assert "1 Blatt wartet" in queue.text_content()
        taken = browser.post("/keying/next", data={"csrf": csrf_of(queue)})
        assert taken.headers["location"] == address
        page = page_at(browser, address)
        picture = browser.get(page.xpath("//div[contains(@class, 'pane')]/img/@src")[0])
        assert picture.headers["content-type"] == "image/png"
        turned = post(browser, address, "view:turn", **KEYED)
        shown: Any = html.fromstring(turned.text)
        assert shown.xpath("//input[@name='view']/@value") == ["1,1,100"]
        assert shown.xpath("//input[@name='patient.name']/@value") == ["Zünd"]
        checked = post(browser, address, "check", **KEYED)
        assert "Zu zahlen CHF" in checked.text
        wrong = post(
            browser, address, "key", **KEYED | {"lines.0.code": "999", "request_id": "E-1"}
        )
        assert wrong.status_code == 422
        refused: Any = html.fromstring(wrong.text)
        assert refused.xpath("//*[@id='told-lines-0-code']//*[contains(@class, 'wrong')]")
        done = post(browser, address, "key", **KEYED, request_id="E-1")
        assert (done.status_code, done.headers["location"]) == (303, "/keying"), done.text
    sheet = state_of(portal, address)
    assert sheet["state"] == "taken"
    invoice = portal.wait(portal.made.get(portal.member, f"/v1/invoices/{sheet['invoice_id']}"))
    assert (invoice["request_id"], invoice["patient"]["name"]) == ("E-1", "Zünd")
    with logged_in(portal, portal.member.login, portal.member.password) as browser:
        page = page_at(browser, f"/invoices/{sheet['invoice_id']}")
        assert page.xpath("//a[contains(@href, '/attachments/1')]")


def test_a_large_amount_is_keyed_blind_by_a_second_clerk_who_then_chooses(portal: Served) -> None:
    address = waiting(portal, "large")
    large = KEYED | {"lines.0.quantity": "400", "request_id": "E-2"}
    with clerk(portal, "anna") as anna, clerk(portal, "bea") as bea:
        post(anna, address, "claim")
        assert post(bea, address, "claim").headers["location"] == "/keying?why=claimed_by_other"
        assert post(anna, address, "key", **large).status_code == 303
        assert "second_clerk_needed" in post(anna, address, "claim").headers["location"]
        post(bea, address, "claim")
        blind = page_at(bea, address)
        assert "Rahel" not in blind.text_content()
        assert blind.xpath("//input[@name='patient.name']/@value") == [""]
        post(bea, address, "key", **large | {"lines.0.quantity": "410"})
        post(bea, address, "claim")
        page = page_at(bea, address)
        assert page.xpath("//fieldset/legend/text()") == ["/lines/0/quantity"]
        done = post(bea, address, "key", **{"choose.0": "first"})
        assert done.headers["location"] == "/keying", done.text
    assert state_of(portal, address)["state"] == "taken"


def test_a_sheet_goes_back_with_a_reason_that_its_practice_reads(portal: Served) -> None:
    address = waiting(portal, "back")
    with clerk(portal, "anna") as browser:
        post(browser, address, "claim")
        post(browser, address, "send_back", reason="incomplete")
    assert state_of(portal, address)["reason"] == "incomplete"
    with logged_in(portal, portal.member.login, portal.member.password) as browser:
        page = page_at(browser, "/sheets")
        assert "Bitte alle Felder ausfüllen" in page.text_content()


def test_b54_the_desk_is_not_there_for_practices_nor_for_clerks_of_some(portal: Served) -> None:
    """A clerk who was given one practice does not see the sheets of the others."""
    address = waiting(portal, "hidden")
    user, _ = registration.new_user(
        login="carla", name="Carla", role="clerk", practice_ids=[portal.member.practice_id],
        password=PASSWORD,
    )  # fmt: skip
    portal.wait(portal.made.system.hosts["gateway"].handle(user))
    people = {"carla": PASSWORD, portal.member.login: portal.member.password}
    for login, password in people.items():
        with logged_in(portal, login, password) as browser:
            for path in ("/keying", address, f"{address}/picture"):
                assert browser.get(path).status_code == 404, (login, path)
            assert browser.post("/keying/next", data={"csrf": "x"}).status_code == 404
            assert "/keying" not in browser.get("/").text
