"""An archive handed in with a real browser: its progress comes by itself, and so does its end."""

from pathlib import Path

from playwright.sync_api import expect

from tests.archives import zipped
from tests.browser.served import Served
from tests.browser.test_portal import Watched, chromium, logged_in, portal, pytestmark, watched

__all__ = ["chromium", "portal", "pytestmark", "watched"]

MANY = 400


def test_the_progress_of_an_archive_moves_until_its_receipts_are_there(
    watched: Watched, portal: Served, tmp_path: Path
) -> None:
    archive = tmp_path / "Februar.zip"
    archive.write_bytes(zipped([f"<nothing number='{n}'/>".encode() for n in range(MANY)]))
    page = logged_in(watched, portal)
    page.goto("/submissions/new")
    page.get_by_label("Dateien").set_input_files(archive)
    page.get_by_role("button", name="Einreichen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Archiv")
    expect(page.get_by_role("progressbar")).to_be_visible()
    end = page.get_by_role("heading", name=f"{MANY} von {MANY} Dateien geprüft")
    expect(end).to_be_visible(timeout=60_000)
    expect(page.locator("#job")).not_to_have_attribute("hx-get", "")
    assert page.locator("#job[hx-get]").count() == 0, "the poll has ended"
    page.get_by_role("link", name="Weitere anzeigen").click()
    expect(page.locator("tbody tr:not(.more)")).to_have_count(100)
