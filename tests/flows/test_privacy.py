"""Nothing personal stands anywhere in the clear, and what is erased is gone (P34, P35, F48)."""

import inspect
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.events import SubmissionAccepted, SubmissionRejected
from libs.runtime.settings import Settings
from libs.runtime.store import columns_of
from services.command.repairing import rebuild_one
from services.gateway.decider.subject import StillKept, StillOwing
from tests import privacy
from tests.privacy import (
    CHILD,
    NO_MESSAGE,
    OF_CHILD,
    OF_PARENT,
    PARENT,
    STRANGER,
    Story,
    Trace,
)
from tests.system import MONDAY, Cooperative, play

REMINDED = MONDAY + timedelta(days=52)
LOGGED = frozenset(
    ("event", "level", "timestamp", "service", "correlation_id", "method", "route", "status", "ms")
)
"""All that a log line of these walks may hold."""


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Collect what the system logs as in production."""
    with privacy.logged() as lines:
        yield lines


async def look_around(told: Story) -> dict[str, str]:
    """Read all there is, over REST and in the portal, by name too; return what is secret in it."""
    shown = await told.rest("/v1/invoices", q=CHILD.name)
    assert shown.json()["items"][0]["patient"]["name"] == CHILD.name
    documents = await told.documents()
    for path in (told.path, f"{told.path}/timeline", *documents, "/v1/account", "/v1/submissions"):
        assert (await told.rest(path)).status_code == 200, path
    assert len(documents) == 3, "invoice, form and reminder"
    assert (await told.rest(f"/v1/invoices/{CHILD.name}")).status_code == 404
    async with told.browser() as browser:
        page = await browser.get("/invoices", params={"q": CHILD.name})
        assert CHILD.name in page.text
        for path in (told.path, *documents, "/submissions", "/account", f"/{CHILD.name}"):
            assert (await browser.get(path.removeprefix("/v1"))).status_code in {200, 404}
        wrong = await browser.post("/login", data={"login": CHILD.name, "password": PARENT.name})
        assert wrong.status_code in {303, 401}
        (session,) = browser.cookies.jar
    member, made = told.member, told.made
    return {
        "client secret": member.secret,
        "password": member.password,
        "token": member.token,
        "secret of the bank's program": made.bank_access[1],
        "token of the bank's program": made.bank_token,
        "session": session.value or "",
    }


def test_no_name_number_diagnosis_or_secret_stands_in_the_clear_while_the_system_runs(
    tmp_path: Path, logged: io.StringIO
) -> None:
    folder = tmp_path / "data"

    async def scene(made: Cooperative) -> None:
        told = await Story.begin(made)
        await made.days(REMINDED)
        await made.system.settle(effects=True)
        await told.pay()
        secrets = await look_around(told)
        words = (*told.words, STRANGER)
        files = privacy.contents(folder)
        assert any(name.endswith("-wal") for name in files)
        own = {name for name in files if name.startswith("gateway.db")}
        assert not privacy.traces({name: files[name] for name in files.keys() - own}, words)
        tables = privacy.tables(folder / "gateway.db")
        found = privacy.traces(tables, words)
        assert found == {Trace("people", word) for word in (*OF_CHILD, *OF_PARENT)}
        assert not privacy.traces(files, secrets.values())
        envelopes = list(told.envelopes())
        assert {"ReminderEscalated", "PaymentReceived"} <= {one.type for one in envelopes}
        columns: dict[str, bytes] = {one.id: repr(columns_of(one)).encode() for one in envelopes}
        assert not privacy.traces(columns, words)
        for name in made.system.hosts:
            answer = await made.system.call(name).get("/metrics")
            assert answer.status_code == 200
            assert not privacy.traces({name: answer.content}, (*words, *secrets.values()))
        lines = logged.getvalue()
        assert not privacy.traces({"log": lines.encode()}, (*words, *secrets.values()))

    play(folder, scene)
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert "request" in {line["event"] for line in lines}
    assert set().union(*lines) <= LOGGED


def test_an_erased_person_is_gone_from_everywhere_and_the_books_stay_f48(
    tmp_path: Path, logged: io.StringIO
) -> None:
    folder = tmp_path / "data"
    seen: list[Story] = []

    async def scene(made: Cooperative) -> None:
        told = await Story.begin(made)
        seen.append(told)
        await told.pay()
        documents = await told.documents()
        before = await amounts(told)
        child, parent = await told.subject(CHILD.name), await told.subject(PARENT.name)
        assert await told.erase(child) == ""
        await nothing_opens(told, documents)
        tables = privacy.tables(folder / "gateway.db")
        assert not privacy.traces(tables, OF_CHILD), "the child is gone"
        assert privacy.traces(tables, OF_PARENT), "the parent is not"
        assert await told.erase(parent) == ""
        assert await amounts(told) == before
        for subject in (child, parent):
            assert made.system.vault.seal_bytes(b"new", subject, "label") is None

    play(folder, scene)
    words = seen[0].words
    assert not privacy.traces(privacy.contents(folder), words)
    rebuild_one(Settings(data=folder, demo=False), "gateway")
    assert not privacy.traces(privacy.contents(folder), words)
    assert not privacy.traces({"log": logged.getvalue().encode()}, words)


async def amounts(told: Story) -> Any:
    """Return what the books say."""
    invoice = (await told.rest(told.path)).json()
    account = (await told.rest("/v1/account")).json()
    proof = told.made.proof()
    assert proof["ok"], proof["failed"]
    facts = {name: value for name, value in invoice.items() if name not in {"patient", "debtor"}}
    return facts, account, proof["sums"]


async def nothing_opens(told: Story, documents: list[str]) -> None:
    """Say that letters, messages as received and the bank's words on the payment are gone."""
    assert documents
    async with told.browser() as browser:
        for path in documents:
            assert (await told.rest(path)).status_code == 410
            assert (await browser.get(path.removeprefix("/v1"))).status_code == 404
    assert (await told.rest("/v1/invoices", q=CHILD.name)).json()["items"] == []
    assert (await told.rest(told.path)).json()["patient"] is None
    system = told.made.system
    messages = [one.content for _, one in told.said(SubmissionAccepted, SubmissionRejected)]
    kept = [await system.documents.get(content) for content in messages]
    assert len(kept) == 6
    assert [one for one in kept if one] == [NO_MESSAGE], "whose that is nobody can know"
    assert told.payers() == [None, STRANGER]


def test_an_open_invoice_and_the_time_of_keeping_stand_against_an_erasure_br_113_br_115(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        told = await Story.begin(made)
        for family in (CHILD.name, PARENT.name):
            subject = await told.subject(family)
            assert await told.erase(subject) == inspect.getdoc(StillOwing)
        await told.pay()
        for family in (CHILD.name, PARENT.name):
            subject = await told.subject(family)
            assert await told.erase(subject, order="") == inspect.getdoc(StillKept)
            assert (await told.rest("/v1/invoices", q=family)).json()["items"]
        made.clock.set_day(date(2037, 1, 1))
        assert await told.erase(await told.subject(CHILD.name), order="") == ""

    play(tmp_path, scene)


def test_what_comes_in_of_an_erased_person_brings_no_name_back_and_can_be_erased_too(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        told = await Story.begin(made)
        await told.pay()
        child = await told.subject(CHILD.name)
        await told.erase(child)
        again = await made.submit(told.member, privacy.xml(told.later))
        assert again.status_code == 202
        assert (await told.rest("/v1/invoices", q=CHILD.name)).json()["items"] == []
        assert not privacy.traces(privacy.tables(tmp_path / "gateway.db"), OF_CHILD)
        content = again.json()["content"]
        assert await told.erase(child) == inspect.getdoc(StillOwing)
        assert await made.system.documents.get(content) is not None
        await told.pay()
        assert told.payers() == [None, STRANGER, privacy.PAYER]
        assert await told.erase(child) == ""
        assert await made.system.documents.get(content) is None
        assert told.payers() == [None, STRANGER, None]

    play(tmp_path, scene)
