"""The portal in a real browser: headless Chromium on the whole embedded system."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from services.gateway.portal.queries import PAGE
from tests.archives import zipped
from tests.browser.served import Served, served
from tests.browser.watching import Watched, chromium, logged_in, watched

INVOICES = PAGE + 5
PACKED = 160
"""Files of an archive: more than are taken or shown at a time."""

__all__ = ["chromium", "watched"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("portal"), invoices=INVOICES) as running:
        yield running


def test_from_login_through_list_and_timeline_to_the_letter(
    watched: Watched, portal: Served
) -> None:
    page = logged_in(watched, portal)
    assert page.url.endswith("/invoices?state=open")
    page.get_by_role("link", name=re.compile("^Gemahnt")).click()
    page.locator("a[data-row]").first.click()
    expect(page.get_by_text("Was als Nächstes geschieht")).to_be_visible()
    letter = page.locator("details.doc", has_text="1. Mahnung").first
    frame = letter.locator("iframe")
    expect(frame).to_be_hidden()
    with page.expect_response(re.compile("/documents/")) as response:
        letter.locator("summary").click()
    assert response.value.status == 200
    assert response.value.headers["content-type"] == "application/pdf"
    expect(frame).to_be_visible()
    step = page.get_by_role("heading", name="1. Mahnung", exact=True)
    page.locator("ol.time > li", has=step).locator("details.why summary").click()
    expect(page.locator("details.why[open] dt", has_text="Gezählt ab")).to_be_visible()


def test_the_keyboard_searches_walks_opens_and_explains_itself(
    watched: Watched, portal: Served
) -> None:
    page = logged_in(watched, portal)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("a[data-row]").first
    expect(first).to_be_focused()
    number = first.text_content() or ""
    page.keyboard.press("/")
    page.keyboard.type(number)
    expect(page.locator("a[data-row]")).to_have_count(1)
    expect(page).to_have_url(re.compile(re.escape(f"q={number}")))
    expect(page.locator("input[type=search]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("CHF")


def test_more_rows_come_below_and_back_leads_to_the_same_list(
    watched: Watched, portal: Served
) -> None:
    page = logged_in(watched, portal)
    page.goto("/invoices")
    rows = page.locator("a[data-row]")
    expect(rows).to_have_count(PAGE)
    page.get_by_role("link", name="Weitere anzeigen").click()
    expect(rows).to_have_count(INVOICES)
    page.goto("/invoices?q=26-")
    rows.first.click()
    expect(page.locator("ol.time")).to_be_visible()
    page.go_back()
    expect(page.locator("input[type=search]")).to_have_value("26-")


def test_the_progress_of_an_archive_moves_until_its_receipts_are_there(
    watched: Watched, portal: Served, tmp_path: Path
) -> None:
    archive = tmp_path / "Februar.zip"
    archive.write_bytes(zipped([f"<nothing number='{n}'/>".encode() for n in range(PACKED)]))
    page = logged_in(watched, portal)
    page.goto("/submissions/new")
    page.get_by_label("Dateien").set_input_files(archive)
    page.get_by_role("button", name="Einreichen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Archiv")
    expect(page.get_by_role("progressbar")).to_be_visible()
    end = page.get_by_role("heading", name=f"{PACKED} von {PACKED} Dateien geprüft")
    expect(end).to_be_visible(timeout=60_000)
    expect(page.locator("#job")).not_to_have_attribute("hx-get", "")
    assert page.locator("#job[hx-get]").count() == 0, "the poll has ended"
    page.get_by_role("link", name="Weitere anzeigen").click()
    expect(page.locator("tbody tr:not(.more)")).to_have_count(100)


def test_without_javascript_all_of_it_can_be_read_and_done(
    chromium: Browser, portal: Served
) -> None:
    context = chromium.new_context(base_url=portal.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login")
    page.locator("#login").fill(portal.member.login)
    page.locator("#password").fill(portal.member.password)
    page.get_by_role("button", name="Log in").click()
    page.goto("/invoices")
    page.get_by_role("link", name="Weitere anzeigen").click()
    expect(page.locator("a[data-row]")).to_have_count(INVOICES - PAGE)
    page.locator("#q").fill("nobody of this name")
    page.get_by_role("button", name="Suchen").click()
    expect(page.get_by_text("Keine Rechnung gefunden")).to_be_visible()
    page.goto("/invoices?state=open")
    page.locator("a[data-row]").last.click()
    page.get_by_role("link", name="Mahnungen anhalten").click()
    page.get_by_role("button", name="Anhalten").click()
    expect(page.get_by_role("status")).to_contain_text("Die Mahnungen sind angehalten")
    context.close()


@pytest.mark.parametrize("path", ["/invoices", "/records"])
def test_what_is_typed_before_the_page_can_listen_is_searched_for(
    watched: Watched, portal: Served, path: str
) -> None:
    page = logged_in(watched, portal)
    page.goto(path)
    if path == "/records":
        page.get_by_role("button", name="Neue Rechnung erfassen").press("Enter")
        page.wait_for_url(re.compile("/records/."))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/static/htmx"), hold)
    with page.expect_request(re.compile(r"/static/htmx")):
        page.goto(page.url, wait_until="commit")
    page.locator("#q").press_sequentially("zzzz")
    held[0].continue_()
    nothing = page.get_by_text(re.compile("Keine (Rechnung gefunden|Position dieses)"))
    expect(nothing).to_be_visible()
    if path == "/records":
        page.unroute_all()
        page.goto(path)
        page.get_by_role("button", name="Verwerfen").click()
        expect(page.get_by_text("Kein Entwurf ist offen")).to_be_visible()


@pytest.mark.parametrize("width", [390, 820, 1360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_the_screen(
    chromium: Browser, portal: Served, width: int, scheme: str
) -> None:
    context = chromium.new_context(
        base_url=portal.url,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto("/login")
    page.locator("#login").fill(portal.member.login)
    page.locator("#password").fill(portal.member.password)
    page.get_by_role("button", name="Log in").click()
    handing_in = ("/submissions", "/submissions/jobs", "/submissions/new", "/records")
    for path in ("/", "/invoices", *handing_in, "/submissions/calendar", "/insurers", "/account"):
        page.goto(path)
        inner = page.evaluate("document.documentElement.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") <= inner, path
    context.close()


def test_the_calendar_of_deliveries_asks_for_what_the_rhythm_needs(
    watched: Watched, portal: Served
) -> None:
    page = logged_in(watched, portal)
    page.goto("/submissions/calendar")
    asked = {
        "Jede Woche": ["Wochentag"],
        "Alle zwei Wochen": ["Erster Tag"],
        "Jeden Monat": ["Tag des Monats"],
        "Anders": ["Erster Tag", "Tage von einer Lieferung zur nächsten"],
    }
    every = {label for labels in asked.values() for label in labels}
    for rhythm, labels in asked.items():
        page.get_by_label(rhythm).check()
        for label in every:
            field = page.get_by_label(label, exact=True)
            expect(field).to_be_visible(visible=label in labels)
    page.get_by_label("Alle zwei Wochen").check()
    first = page.get_by_label("Erster Tag", exact=True)
    first.fill("2026-03-02")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_role("status")).to_contain_text("gilt ab heute")
    expect(first).to_have_value("2026-03-02")


def test_text_stands_out_from_its_ground_in_light_and_dark(
    chromium: Browser, portal: Served
) -> None:
    for scheme in ("light", "dark"):
        context = chromium.new_context(
            base_url=portal.url, color_scheme="dark" if scheme == "dark" else "light"
        )
        page = context.new_page()
        page.goto("/login")
        page.locator("#login").fill(portal.member.login)
        page.locator("#password").fill(portal.member.password)
        page.get_by_role("button", name="Log in").click()
        for path in ("/", "/invoices", "/submissions"):
            page.goto(path)
            assert page.evaluate(FAINT) == [], (scheme, path)
        context.close()


FAINT = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest("svg, .unseen")) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${node.className} ${node.textContent.slice(0, 30)} ${ratio}`);
  }
  return faint;
}"""
"""Text whose contrast is below what WCAG 2.2 asks for at level AA (1.4.3)."""
