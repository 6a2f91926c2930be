"""The portal over HTTP on the whole embedded system, as a browser without JavaScript uses it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from lxml import html

from services.gateway import registration
from services.simulator.request import message
from tests.browser.served import Served, join, served, some_invoices, some_practice
from tests.system import MONDAY

INVOICES = 8


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run one cooperative for all tests; each acts on an invoice of its own."""
    with served(tmp_path_factory.mktemp("portal"), invoices=INVOICES) as running:
        yield running


@contextmanager
def logged_in(portal: Served, login: str, password: str) -> Iterator[httpx.Client]:
    """Give the browser of somebody who has logged in."""
    with httpx.Client(base_url=portal.url, headers={"Accept": "text/html"}, timeout=30) as browser:
        answer = browser.post("/login", data={"login": login, "password": password})
        assert answer.status_code == 303, answer.text
        yield browser


@pytest.fixture
def browser(portal: Served) -> Iterator[httpx.Client]:
    with logged_in(portal, portal.member.login, portal.member.password) as client:
        yield client


def parsed(answer: httpx.Response) -> Any:
    return html.fromstring(answer.text)


def page_at(browser: httpx.Client, path: str) -> Any:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return parsed(answer)


def plain(text: str) -> str:
    """Return a text as one would type it."""
    signs = {"\N{RIGHT SINGLE QUOTATION MARK}": "", "\N{MINUS SIGN}": "-", "\u00a0": " "}
    return " ".join("".join(signs.get(sign, sign) for sign in text).split())


def text_of(page: Any, path: str) -> str:
    return plain(page.xpath(path)[0].text_content())


def form_of(page: Any, action: str) -> dict[str, str]:
    """Return what a form would send as it stands."""
    form = page.xpath("//form[@action=$action][@method='post']", action=action)[0]
    return {name: value for name, value in form.form_values() if value}


def addresses(browser: httpx.Client, query: str = "") -> list[str]:
    """Return the addresses of the invoices that a list shows."""
    found: list[str] = page_at(browser, f"/invoices{query}").xpath("//tbody//a[@data-row]/@href")
    return found


def test_the_overview_says_what_is_open_and_what_needs_the_practice(
    portal: Served, browser: httpx.Client
) -> None:
    page = page_at(browser, "/")
    listed = page_at(browser, "/invoices?state=open")
    sums = [plain(one.text) for one in listed.xpath("//tbody//td[contains(@class, 'strong')]")]
    open_ = text_of(page, "//a[contains(@class, 'figure')]/b")
    assert float(open_) == pytest.approx(sum(map(float, sums)))
    assert portal.made.clock.today().strftime("%d.%m.%Y") in page.text_content()
    assert "Noch ist keine Rechnung" not in page.text_content()


def test_every_invoice_of_the_list_has_a_next_step_and_a_timeline_with_its_letter(
    browser: httpx.Client,
) -> None:
    listed = page_at(browser, "/invoices")
    assert listed.xpath("//*[contains(@class, 'wrong')]") == []
    for address in addresses(browser):
        page = page_at(browser, address)
        assert text_of(page, "//section[contains(@class, 'nextstep')]//b")
        titles = {one.text_content() for one in page.xpath("//ol//h3")}
        assert {"Eingereicht und angenommen", "Rechnung gestellt", "Rechnung versandt"} <= titles
        answer = browser.get(page.xpath("//iframe/@src")[0].partition("#")[0])
        assert answer.content.startswith(b"%PDF-")
        assert answer.headers["content-disposition"].startswith("inline; filename=")
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_reminder_is_explained_and_its_letter_opens(browser: httpx.Client) -> None:
    page = page_at(browser, addresses(browser, "?state=reminded")[0])
    said = plain(page.text_content())
    assert "1. Mahnung versandt" in said
    assert "Ihre Mahnstufen, Fassung 1: 50 Tage nach dem Schritt davor" in said
    assert f"Gezählt ab{MONDAY:%d.%m.%Y}" in said
    assert page.xpath("//iframe[@title='1. Mahnung']")


def test_a_hold_says_first_what_it_does_then_does_it_and_can_be_lifted(
    portal: Served, browser: httpx.Client
) -> None:
    address = addresses(browser, "?state=open")[0]
    page = page_at(browser, f"{address}/hold")
    assert "Der geplante Schritt entfällt vorerst" in page.text_content()
    form = form_of(page, f"{address}/hold") | {"reason": "dispute"}
    answer = browser.post(f"{address}/hold", data=form)
    assert answer.headers["location"] == f"{address}?done=hold"
    portal.settle()
    held = page_at(browser, f"{address}?done=hold")
    assert "Mahnungen ruhen; Prüfung am" in text_of(held, "//main//b")
    assert "durch Muster" in held.text_content()
    assert address in addresses(browser, "?state=held")

    page = page_at(browser, f"{address}/lift")
    assert "Der nächste Schritt liegt frühestens am" in page.text_content()
    answer = browser.post(f"{address}/lift", data=form_of(page, f"{address}/lift"))
    assert answer.headers["location"] == f"{address}?done=lift"
    portal.settle()
    lifted = page_at(browser, address)
    assert "Anhaltung aufgehoben" in lifted.text_content()
    assert lifted.xpath("//a[contains(@href, '/hold')]")
    assert address not in addresses(browser, "?state=held")


def test_a_review_day_that_is_too_far_is_refused_and_what_was_typed_stays(
    portal: Served, browser: httpx.Client
) -> None:
    address = addresses(browser, "?state=open")[-1]
    form = form_of(page_at(browser, f"{address}/hold"), f"{address}/hold")
    late = (portal.made.clock.today() + timedelta(days=61)).isoformat()
    answer = browser.post(f"{address}/hold", data=form | {"review_on": late})
    assert answer.status_code == 422
    again = parsed(answer)
    assert "zwischen" in text_of(again, "//*[@role='alert']")
    assert form_of(again, f"{address}/hold")["review_on"] == late


def test_files_handed_in_show_their_verdict_and_a_repeat_changes_nothing(
    portal: Served, browser: httpx.Client
) -> None:
    before = len(addresses(browser))
    one, other = some_invoices(some_practice(), INVOICES + 2)[-2:]
    wrong = message(other).replace(b' amount_due="', b' amount_due="9', 1)
    form = form_of(page_at(browser, "/submissions/new"), "/submissions/new")
    files = [
        ("files", ("<b>good<b>.xml", message(one), "text/xml")),
        ("files", ("wrong.xml", wrong, "text/xml")),
        ("files", ("bad.xml", b"<nothing/>", "text/xml")),
    ]
    verdicts = []
    for _ in range(2):
        answer = browser.post("/submissions/new", data=form, files=files)
        assert answer.status_code == 200
        rows = parsed(answer).xpath("//*[@id='verdicts']//tbody/tr")
        verdicts.append([row.xpath(".//span[contains(@class, 'tag')]")[0].text for row in rows])
        assert "<b>good<b>.xml" in rows[0].text_content()
        named = [row.xpath("string(./th//span[@class='sub'])") for row in rows]
        assert named == [one.request_id, other.request_id, ""], "each message's own number"
        portal.settle()
    assert [first for first, *_ in verdicts] == ["Angenommen", "Bereits eingereicht"]
    assert {word for _, *others in verdicts for word in others} == {"Zurückgewiesen"}
    assert len(addresses(browser)) == before + 1


def test_what_was_refused_is_listed_with_its_reason_as_a_sentence(browser: httpx.Client) -> None:
    listed = page_at(browser, "/submissions?state=rejected")
    said = text_of(listed, "//ul[@class='findings']/li")
    assert len(said) > 30
    assert "Feststellung" not in said


def test_the_account_opens_and_closes_with_sums_that_follow_from_its_lines(
    browser: httpx.Client,
) -> None:
    page = page_at(browser, f"/account?month={MONDAY:%Y-%m}")
    rows = [[plain(cell.text_content()) for cell in row] for row in page.xpath("//tr")]
    opening, *lines, closing = rows[1:]
    assert len(lines) >= INVOICES
    moved = sum(float(line[3]) for line in lines)
    assert float(opening[4]) + moved == pytest.approx(float(closing[4]))


def test_a_long_statement_goes_on_from_where_a_page_ended(
    portal: Served, browser: httpx.Client
) -> None:
    days = {"from": f"{MONDAY:%Y-%m}-01", "to": f"{MONDAY:%Y-%m}-28", "limit": "3"}
    token = {"Authorization": f"Bearer {portal.member.token}"}
    first = httpx.get(f"{portal.url}/v1/account/statement", params=days, headers=token).json()
    whole = lines_of(page_at(browser, f"/account?month={MONDAY:%Y-%m}"))
    further = f"/account?month={MONDAY:%Y-%m}&cursor={first['next_cursor']}"
    assert lines_of(page_at(browser, further)) == whole[3:]
    part = browser.get(further, headers={"HX-Request": "true"}).text
    assert part.count("<tr>") == len(whole[3:])
    assert "<html" not in part
    assert lines_of(page_at(browser, f"/account?month={MONDAY:%Y-%m}&cursor=forged")) == whole


def lines_of(page: Any) -> list[str]:
    """Return the movements of a statement, without its balances before and after."""
    return [plain(row.text_content()) for row in page.xpath("//tbody/tr[.//a[@data-row]]")]


def test_another_practices_invoice_is_not_found_like_one_that_does_not_exist(
    portal: Served, browser: httpx.Client
) -> None:
    address = addresses(browser)[0]
    letter = page_at(browser, address).xpath("//iframe/@src")[0].partition("#")[0]
    other = portal.wait(join(portal.made, some_practice(8)))
    with logged_in(portal, other.login, other.password) as stranger:
        random = re.sub("[0-9a-f]{8}", "0" * 8, address)
        for path in ("", "/hold", "/lift", letter.removeprefix(address)):
            theirs, nobodys = stranger.get(f"{address}{path}"), stranger.get(f"{random}{path}")
            assert (theirs.status_code, nobodys.status_code) == (404, 404)
            assert theirs.text.replace(address, "") == nobodys.text.replace(random, "")
        assert addresses(stranger) == []
        csrf = page_at(stranger, "/").xpath("//input[@name='csrf']/@value")[0]
        day = (portal.made.clock.today() + timedelta(days=9)).isoformat()
        form = {"csrf": csrf, "reason": "dispute", "review_on": day}
        assert stranger.post(f"{address}/hold", data=form).status_code == 404


def test_a_form_without_the_sessions_token_changes_nothing(
    portal: Served, browser: httpx.Client
) -> None:
    address = addresses(browser, "?state=open")[1]
    day = (portal.made.clock.today() + timedelta(days=9)).isoformat()
    form = {"reason": "dispute", "review_on": day, "csrf": "guessed"}
    before = page_at(browser, address).xpath("count(//ol/li)")
    for path in (f"{address}/hold", f"{address}/lift", "/submissions/new", "/logout"):
        answer = browser.post(path, data=form)
        assert answer.status_code == 403
        assert "Das Formular ist abgelaufen" in answer.text
    portal.settle()
    assert page_at(browser, address).xpath("count(//ol/li)") == before


def test_who_only_reads_sees_no_button_and_may_not_post(
    portal: Served, browser: httpx.Client
) -> None:
    address = addresses(browser, "?state=open")[0]
    own = [portal.member.practice_id]
    user, password = registration.new_user(
        login="reader", name="R", role="practice_user", practice_ids=own
    )
    portal.wait(portal.made.system.hosts["gateway"].handle(user))
    with logged_in(portal, "reader", password) as reader:
        assert page_at(reader, address).xpath("//a[contains(@href, '/hold')]") == []
        answer = reader.get(f"{address}/hold")
        assert answer.status_code == 403
        assert "Berechtigung" in answer.text


def test_the_language_changes_for_good_and_the_login_page_speaks_it_too(portal: Served) -> None:
    user, password = registration.new_user(
        login="ticino", name="T", role="practice_user", practice_ids=[portal.member.practice_id]
    )
    portal.wait(portal.made.system.hosts["gateway"].handle(user))
    with logged_in(portal, "ticino", password) as browser:
        form = form_of(page_at(browser, "/"), "/language") | {"language": "it", "back": "/account"}
        assert browser.post("/language", data=form).headers["location"] == "/account"
        page = page_at(browser, "/")
        assert page.get("lang") == "it"
        assert "Panoramica" in page.text_content()
        answer = browser.post("/logout", data=form_of(page, "/logout"))
        assert answer.headers["location"] == "/login?language=it"
        assert page_at(browser, answer.headers["location"]).get("lang") == "it"
    with logged_in(portal, "ticino", password) as elsewhere:
        assert page_at(elsewhere, "/").get("lang") == "it"


def test_a_clerk_chooses_a_practice_and_then_sees_it(portal: Served) -> None:
    user, password = registration.new_user(login="clerk", name="C", role="clerk", practice_ids=[])
    portal.wait(portal.made.system.hosts["gateway"].handle(user))
    with logged_in(portal, "clerk", password) as clerk:
        assert clerk.get("/invoices").headers["location"] == "/practices"
        found = page_at(clerk, f"/practices?q={portal.member.account_no}")
        chosen = found.xpath("//button[@name='practice_id']/@value")
        assert chosen == [portal.member.practice_id]
        form = form_of(found, "/practices") | {"practice_id": chosen[0]}
        assert clerk.post("/practices", data=form).headers["location"] == "/"
        assert addresses(clerk)


def test_unknown_addresses_are_a_page_for_people_and_a_problem_for_programs(
    browser: httpx.Client,
) -> None:
    people = browser.get("/nowhere/at/all")
    assert people.status_code == 404
    assert "Diese Seite gibt es nicht" in people.text
    for accept in ("application/json", "*/*"):
        program = browser.get("/nowhere", headers={"Accept": accept})
        assert program.status_code == 404
        assert program.headers["content-type"] == "application/problem+json"
    assert browser.get("/v1/nowhere").json()["code"] == "not_found"


def test_pages_are_kept_by_nobody_and_static_files_for_ever(browser: httpx.Client) -> None:
    answer = browser.get("/invoices")
    assert answer.headers["cache-control"] == "no-store"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    statics = parsed(answer).xpath("//link/@href | //script/@src")
    assert len(statics) == 4
    for address in statics:
        file = browser.get(address)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
    assert browser.get("/static/portal.css").status_code == 404


def test_a_wrong_password_keeps_the_name_and_never_the_password(portal: Served) -> None:
    form = {"login": "nobody-here", "password": "not-this-one", "language": "fr"}
    with httpx.Client(base_url=portal.url) as browser:
        answer = browser.post("/login", data=form)
        assert answer.status_code == 401
        page = parsed(answer)
        assert page.get("lang") == "fr"
        assert page.xpath("//input[@name='login']/@value") == ["nobody-here"]
        assert "not-this-one" not in answer.text
        for _ in range(10):
            answer = browser.post("/login", data=form)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert "Trop de tentatives" in answer.text
