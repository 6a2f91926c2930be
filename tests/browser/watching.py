"""A browser of a test, which is looked at afterwards: complaints of the console, foreign hosts."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.served import Served

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        missing = "no chromium on this machine: the portal is not tested in a browser"
        if os.environ.get("CI"):  # noqa: TID251 - a test that cannot run must not pass in CI
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            headless=False,
            args=["--headless=new", "--no-sandbox", "--disable-gpu"],
        )
        yield browser
        browser.close()


@dataclass
class Watched:
    """A context whose complaints are kept: what the console says, and where requests go."""

    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def page(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(request.url))
        return page


@contextmanager
def watching(portal: Served, chromium: Browser, width: int, height: int) -> Iterator[Watched]:
    """Give a browser to a test, and look afterwards at what it complained of and asked for."""
    context = chromium.new_context(base_url=portal.url, viewport={"width": width, "height": height})
    context.set_default_timeout(15_000)
    browser = Watched(context)
    yield browser
    context.close()
    foreign = [
        url
        for url in browser.hosts
        if url.startswith(("http", "ws")) and not url.startswith(f"{portal.url}/")
    ]
    assert browser.complaints == []
    assert foreign == []


@pytest.fixture
def watched(portal: Served, chromium: Browser) -> Iterator[Watched]:
    with watching(portal, chromium, 1360, 900) as browser:
        yield browser


def logged_in(watched: Watched, portal: Served) -> Page:
    page = watched.page()
    page.goto("/invoices?state=open")
    page.get_by_label("User name").fill(portal.member.login)
    page.get_by_label("Password").fill(portal.member.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rechnungen")
    page.wait_for_load_state("load")  # a heading stands before the keys work
    return page
