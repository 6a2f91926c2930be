"""The clerks' desk in a real browser: a sheet is keyed with the keyboard alone."""

from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect

from tests import forms
from tests.browser.served import Served
from tests.browser.watching import Watched, chromium, watching
from tests.flows.test_keying_pages import PASSWORD, portal, state_of
from tests.flows.test_sheets import hand_in, scan

__all__ = ["chromium", "portal"]
pytestmark = pytest.mark.browser


@pytest.fixture
def watched(portal: Served, chromium: Browser) -> Iterator[Watched]:
    with watching(portal, chromium, 1500, 950) as browser:
        yield browser


def drawn() -> Image.Image:
    """Return a page that somebody filled in."""
    page = Image.new("L", forms.PAGE, 255)
    pen = ImageDraw.Draw(page)
    for row, words in enumerate(
        ("Leistungsblatt", "Zünd Rahel, 28.02.1980", "402 7680000001011 2x")
    ):
        pen.text((140, 200 + row * 140), words, fill=0, font_size=60)
    return page


def test_a_sheet_is_keyed_with_the_keyboard_alone(
    portal: Served,
    watched: Watched,
) -> None:
    answer = portal.wait(hand_in(portal.made, portal.member, scan("hand", drawn())))
    address = f"/keying/{answer.json()['sheet_id']}"
    page = watched.page()
    page.goto("/keying")
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    press = page.keyboard.press
    expect(page.get_by_role("button", name="Nächstes Blatt erfassen")).to_be_focused()
    press("Enter")
    page.wait_for_url(f"**{address}")
    picture = page.locator(".pane img")
    expect(picture).to_be_visible()
    seen = "image => image.decode().then(() => image.naturalWidth)"
    assert picture.evaluate(seen) > 1_000
    press("Alt+r")
    expect(picture).to_have_attribute("src", f"{address}/picture?page=1&turn=1")
    for _ in range(3):
        press("Alt+r")
    press("Alt+=")
    expect(page.locator(".pane")).to_have_class("pane z150")
    press("Alt+ArrowDown")
    expect(page.locator("#request_id")).to_be_focused()
    typed = {
        "request_id": "E-7", "request_on": "2026-02-24", "term_days": "30",
        "patient-name": "Zünd", "patient-given_name": "Rahel", "patient-born_on": "1980-02-28",
        "patient-address-street": "Seeweg", "patient-address-house_no": "3",
        "patient-address-zip": "6003", "patient-address-city": "Luzern",
    }  # fmt: skip
    for name, value in typed.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#patient-name").focus()
    press("Enter")
    expect(page.locator("#patient-given_name")).to_be_focused()
    page.locator("#law").select_option("VVG")
    page.locator("#scheme").select_option("PRIVATE")
    page.locator("#patient-sex").select_option("female")
    for name, value in {"on": "2026-02-24", "tariff": "402", "code": "7680000001011"}.items():
        page.locator(f"[name='lines.0.{name}']").fill(value)
    page.locator("[name='lines.0.quantity']").focus()
    page.keyboard.type("2")
    page.locator("button[value=check].btn").focus()
    press("Enter")
    expect(page.get_by_text("Zu zahlen CHF")).to_be_visible()
    page.locator("button.main[value=key]").focus()
    press("Enter")
    page.wait_for_url("**/keying")
    assert state_of(portal, address)["state"] == "taken"
