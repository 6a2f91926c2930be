"""Entering services in a real browser, with the keyboard alone (BR-28)."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from services.command import importing
from tests.browser.served import Served, served
from tests.browser.watching import Watched, chromium, logged_in, watched

PERSON = {
    "Name": "Zünd", "Vorname": "Rahel", "Geburtsdatum": "1980-02-28", "Strasse": "Seeweg",
    "PLZ": "3011", "Ort": "Bern",
}  # fmt: skip

__all__ = ["chromium", "watched"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("records"), invoices=1) as running:
        running.wait(importing.take_samples(running.made.system))
        yield running


def begun(page: Page) -> Locator:
    """Begin a draft by keyboard; return its search."""
    page.goto("/records")
    expect(page.get_by_role("button", name="Neue Rechnung erfassen")).to_be_focused()
    page.keyboard.press("Enter")
    return page.get_by_role("searchbox", name="Position suchen")


def test_br28_services_are_entered_by_keyboard_alone_with_a_live_total(
    watched: Watched, portal: Served
) -> None:
    page = logged_in(watched, portal)
    search = begun(page)
    search.focus()
    for words, code, quantity in (("konsultation", "AA.00.0010", "2"), ("ekg elektro", "", "")):
        page.keyboard.type(words)
        if not code:
            expect(page.locator("#found")).to_contain_text("Keine Position")
            continue
        expect(page.locator("#found .pick").first).to_contain_text(code)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("#lines .quantity")).to_be_focused()
        page.keyboard.type(quantity)
        page.keyboard.press("Enter")
        expect(search).to_be_focused()
    # 10.56 and 8.64 points, twice, at 0.93: ZH, KVG, 2026.
    expect(page.locator("#amount-0")).to_have_text("35.71")
    expect(page.locator("#total .due")).to_have_text("35.70")
    ahv = page.get_by_label("AHV-Nummer")
    ahv.fill("12")
    ahv.press("Tab")
    expect(page.locator("#told-patient-ahv")).to_contain_text("vorgeschriebene Form")
    ahv.fill("")
    ahv.press("Tab")
    expect(page.locator("#told-patient-ahv")).to_be_empty()
    page.goto("/records")
    page.locator("a[data-row]").first.press("Enter")
    expect(page.locator("#lines tbody tr")).to_have_count(1)
    for label, value in PERSON.items():
        page.get_by_role("group", name="Patient/in").get_by_label(label, exact=True).fill(value)
    page.get_by_label("Geschlecht").select_option("female")
    page.get_by_label("Nr. der Versichertenkarte").fill("80756015090002647590")
    page.get_by_role("button", name="Einreichen", exact=True).press("Enter")
    expect(page.get_by_text("ist angenommen")).to_be_visible()
    expect(page.get_by_text("Kein Entwurf ist offen")).to_be_visible()


def test_who_stands_on_a_position_stays_there_when_the_last_letters_are_answered(
    watched: Watched, portal: Served
) -> None:
    page = logged_in(watched, portal)
    search = begun(page)
    page.wait_for_load_state("load")
    search.press_sequentially("konsul")
    first = page.locator("#found .pick").first
    expect(first).to_contain_text("AA.00.0010")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("/records/positions"), hold)
    with page.expect_request(re.compile("/records/positions")):
        search.press_sequentially("tation")
    page.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    with page.expect_response(re.compile("q=konsultation")):
        held[-1].continue_()
    page.keyboard.press("Enter")
    expect(page.locator("#lines .quantity")).to_be_focused()
    expect(page.locator("#found")).to_be_empty()
