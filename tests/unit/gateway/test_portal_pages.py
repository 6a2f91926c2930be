"""The pages as they are made: in every language, safe from what people are called, by the CSP."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from lxml import html as lxml_html

from libs.events.handed import Finding
from libs.events.ingest import Decision
from libs.events.values import LANGUAGES, Language, PracticeId
from services.gateway.decider.user import Role
from services.gateway.feed import SOURCES
from services.gateway.portal import charts, outlook, statics
from services.gateway.portal.accounts import Account, Line, Statement
from services.gateway.portal.catalogue import Words
from services.gateway.portal.delivery_pages import FIELDS, RHYTHMS
from services.gateway.portal.findings import Help, Sentence, sentence
from services.gateway.portal.finished_pages import Shown as Finished
from services.gateway.portal.frame import html, own_path
from services.gateway.portal.insurer_pages import CHIPS, Said
from services.gateway.portal.invoice_list import Wish, cursor_of, place_of
from services.gateway.portal.invoice_page import facts
from services.gateway.portal.job_pages import Archive, Item
from services.gateway.portal.keying import View, Waiting
from services.gateway.portal.keying_pages import REASONS
from services.gateway.portal.keying_pages import Shown as Keyed
from services.gateway.portal.queries import STATES
from services.gateway.portal.record_pages import choices
from services.gateway.portal.sentences import explain
from services.gateway.portal.sheet_pages import TONES
from services.gateway.portal.sheet_pages import Shown as Sheet
from services.gateway.portal.sheet_pages import Verdict as SheetVerdict
from services.gateway.portal.start import Task
from services.gateway.portal.states import HOLD_DAYS_MAX, state_of
from services.gateway.portal.submission_pages import HandedIn, Verdict
from services.gateway.sessions import Session
from tests.unit.gateway.portal_samples import NOON, TODAY, happened, invoice
from tests.unit.gateway.record_samples import records

EVIL = '<script>alert("x")</script>{{ 7*7 }}'
PAGE_BYTES_MAX = 100_000
SESSION = Session(
    user_id="user-1",
    login="muster",
    name=EVIL,
    role=Role.PRACTICE_ADMIN,
    practice_id=PracticeId("practice-1"),
    practice_ids=(PracticeId("practice-1"),),
    language="de",
    csrf="token",
    scopes=frozenset({"invoices:read"}),
    digest="",
)
FINDING = Sentence("error", EVIL, EVIL, 3, "total_mismatch")
ROW = invoice(name=EVIL, given_name=EVIL, number=EVIL, request_id=EVIL, insurer_name=EVIL)


def frame(t: Words) -> dict[str, Any]:
    """Return what the layout needs, with a practice of an evil name."""
    return {
        "t": t,
        "session": SESSION,
        "practice": SimpleNamespace(name=EVIL, holder=EVIL, account_no=40112),
        "several": True,
        "may": lambda _: True,
        "today": TODAY,
        "now": NOON,
        "here": "invoices",
        "back": "/invoices?q=<",
        "demo": True,
        "rejected": 3,
        "notice": {"tone": "good", "text": EVIL},
    }


def pages(language: Language) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return every template with values that show all of its parts."""
    t = Words(language)
    own = frame(t)
    state = state_of(ROW, TODAY)
    dispatched = {"document": "ab" * 32, "pages": 2, "on": "2026-11-20", "invoice_id": "x"}
    events = [happened("InvoiceDispatched", dispatched), happened(EVIL, {"said": EVIL})]
    handed = HandedIn(
        received_at=NOON, request_id=EVIL, state="rejected", invoice_id=None, findings=[FINDING]
    )
    line = Line(TODAY, "MemberCredited", 100, 200, "invoice-1", 50)
    statement = Statement(
        from_on=TODAY, to_on=TODAY, opening_rappen=0, closing_rappen=200, lines=[line]
    )
    sums = {f"{age}_{unit}": 1 for age in ("open", "overdue") for unit in ("count", "rappen")}
    yield "login.html", {"t": t, "back_to": "/", "login": EVIL, "error": EVIL}
    yield "error.html", {"t": t, "kind": "failed", "status": 500, "request_id": EVIL}
    yield "error_within.html", {**own, "kind": "failed", "status": 500, "request_id": EVIL}
    yield (
        "start.html",
        {
            **own,
            "open": SimpleNamespace(**sums),
            "paid_rappen": 1,
            "paid_since": TODAY,
            "account": Account(1, 2, 3),
            "tasks": [Task("rejected", 2, "/submissions", values={"day": "x"})],
            "ever": True,
            "ageing": charts.ageing([(1, 100)] * 4),
            "weeks": charts.weeks({charts.monday(TODAY): 100}, TODAY),
        },
    )
    yield (
        "invoices.html",
        {
            **own,
            "filter": Wish(state="open", q=EVIL),
            "states": STATES,
            "counts": dict.fromkeys(STATES, 1),
            "rows": [ROW] * 3,
            "more_href": "/invoices?cursor=x",
        },
    )
    yield (
        "invoice.html",
        {
            **own,
            "row": ROW,
            "state": state,
            "headline": outlook.headline(ROW, state, t, {}, may_act=True),
            "planned": outlook.plan(ROW, state, t),
            "entries": [explain(event, t, {}) for event in events],
            "facts": facts(ROW, t),
            "enclosed": [
                {"number": 1, "title": EVIL, "size_bytes": 1_200_000, "kind": "pdf"},
                {"number": 2, "title": None, "size_bytes": None, "kind": "bin"},
            ],
        },
    )
    chosen = SimpleNamespace(reason="dispute", review_on=EVIL)
    hold: dict[str, Any] = {"error": EVIL, "chosen": chosen, "reasons": list(HOLD_DAYS_MAX.items())}
    hold |= {"first": TODAY, "last": TODAY, "will": [EVIL]}
    yield "hold.html", {**own, "row": ROW, **hold}
    yield "lift.html", {**own, "row": ROW, "error": EVIL, "will": [EVIL]}
    more = {
        "more_href": "/submissions?before=3",
        "counts": {"all": 2, "accepted": 1, "rejected": 1},
    }
    yield "submissions.html", {**own, "state": "all", "rows": [handed], **more}
    verdict = Verdict(file=EVIL, word="rejected", request_id=EVIL, findings=[FINDING])
    given = {"verdicts": [verdict], "error": EVIL, "files_max": 100, "bytes_max": 20_000_000}
    given["archives"] = [(EVIL, "job-1"), (EVIL, "job-2")]
    yield "hand_in.html", {**own, **given}
    yield from archives(own)
    yield from answers(own)
    yield from calendar(own)
    yield from paper(own)
    yield from records(own, EVIL)
    entries = [Help("x", "error", EVIL, EVIL, EVIL, EVIL), Help("y", "either", EVIL, "", "", "")]
    yield "findings.html", {**own, "entries": entries}
    account = {"account": Account(-1, 2, 3), "statement": statement, "month": "2026-11"}
    account |= {"months": ["2026-11"], "numbers": {"invoice-1": EVIL}, "entry": str}
    account |= {"begun": False, "more_href": "/account?month=2026-11&cursor=1"}
    yield "account.html", {**own, **account}
    found = [SimpleNamespace(practice_id=EVIL, name=EVIL, holder=EVIL, account_no=1)]
    yield "practices.html", {**own, "q": EVIL, "found": found}
    yield from hooks(own)


def hooks(own: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the pages of webhooks: one that works, one of each trouble."""
    good: dict[str, Any] = {"webhook_id": "w", "url": EVIL, "description": EVIL, "active": True}
    good |= {"disabled": None, "disabled_at": NOON, "failing_since": None, "next_try_at": None}
    good |= {"old_until": NOON}
    troubles: list[dict[str, Any]] = [{"active": False}, {"failing_since": NOON}]
    troubles += [{"active": False, "disabled": why} for why in ("FAILING", "GONE")]
    rows = [SimpleNamespace(**(good | trouble)) for trouble in ({}, *troubles)]
    typed = {"url": EVIL, "description": EVIL, "kinds": ["dunning"], "once": EVIL}
    listed = {"rows": [(row, list(SOURCES)) for row in rows], "kinds": SOURCES}
    yield "webhooks.html", {**own, **listed, "typed": typed, "error": EVIL}
    yield "webhooks.html", {**own, **listed, "rows": [], "typed": typed, "error": ""}
    one = SimpleNamespace(at=NOON, type=EVIL, event_id=EVIL, tries=0, outcome="refused", status=500)
    for row in rows:
        told = {"row": row, "kinds": list(SOURCES), "sent": [one], "secret": EVIL}
        outcome = {"tried": "refused", "leaving": True, "outcome": str}
        yield "webhook.html", {**own, **told, **outcome}


def answers(own: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the list of insurers' answers: none, and one of each decision."""
    rows = [
        Said(
            received_at=NOON, invoice_id="i", number=EVIL, request_id=EVIL, insurer_name=EVIL,
            decision=decision, reasons=("R01", "R99"), codes=(EVIL,),
        )
        for decision in get_args(Decision)
    ]  # fmt: skip
    shown = {"decision": "all", "chips": CHIPS, "more_href": "/insurers?cursor=x"}
    yield "insurers.html", {**own, **shown, "rows": rows}
    yield "insurers.html", {**own, **shown, "rows": []}


def calendar(own: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the page on which a practice says when it hands in; with all that can be wrong."""
    named = (f"deliveries.wrong.{name}" for name in ("starts_on", "every_days"))
    wrong = ["", "deliveries.changed", "deliveries.wrong", *named]
    for error in wrong:
        typed = dict.fromkeys(FIELDS, EVIL)
        yield "calendar.html", {
            **own, "typed": typed, "version": 1, "rhythms": RHYTHMS, "error": error
        }  # fmt: skip


def archives(own: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the pages of archives: one under way, one done, one that was refused."""
    counts = {"count": 3, "done": 2, "accepted": 1, "rejected": 1, "repeated": 0}
    known: dict[str, Any] = {"job_id": "job-1", "received_at": NOON, **counts}
    under_way = Archive(state="running", **known)
    done, refused = (
        Archive(state=state, findings=[FINDING], **known) for state in ("finished", "refused")
    )
    item = Item(number=1, word="rejected", request_id=EVIL, invoice_id="i", findings=[FINDING])
    shown = {"rows": [item], "more_href": "/submissions/jobs/job-1?after=1", "state": "all"}
    for job in (under_way, done, refused):
        yield "job.html", {**own, "job": job, **shown}
    yield "jobs.html", {**own, "rows": [under_way, done, refused]}
    yield "jobs.html", {**own, "rows": []}


def paper(own: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the pages of sheets: empty, and with one of each state and verdict."""
    known: dict[str, Any] = {"kind": "form", "pages": 2, "received_at": NOON}
    rows = [
        Sheet(sheet_id=state, state=state, reason="unreadable", invoice_id=None, **known)
        for state in TONES
    ]
    words = get_args(SheetVerdict.__annotations__["word"])
    verdicts = [SheetVerdict(file=EVIL, word=word, invoice_id="x") for word in words]
    verdicts.append(SheetVerdict(file=EVIL, word="rejected", findings=[FINDING]))
    given: dict[str, Any] = {"error": EVIL, "files_max": 20, "bytes_max": 10_000_000}
    full = {"rows": rows, "verdicts": verdicts, "more_href": "/sheets?cursor=x"}
    yield "sheets.html", {**own, **given, **full}
    yield "sheets.html", {**own, **given, "rows": [], "verdicts": [], "more_href": None}
    template = {"rows": [(EVIL, EVIL, EVIL)] * 3, "error": EVIL, "count": 16}
    yield "sheet_template.html", {**own, **template}
    shown = Finished(
        fields={"patient.name": EVIL}, told={"document": [FINDING], "": [FINDING]}, error=EVIL
    )
    given = {"shown": shown, "done": "x", "bytes_max": 10_000_000, **choices(own["t"])}
    yield "finished.html", {**own, **given}
    yield from desk(own)


def desk(own: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the clerks' pages: the queue, a sheet in hand and one that is not, differences."""
    sheet = Waiting(
        sheet_id="sheet-1", practice_id="practice-1", state="second", kind="form", pages=2,
        problem="pdf_broken", claimed_by="user-1", received_at=NOON,
    )  # fmt: skip
    queue = {"rows": [sheet], "waiting": 1, "names": {"practice-1": EVIL}}
    yield "keying_queue.html", {**own, **queue, "users": {"user-1": EVIL}, "me": "user-2"}
    yield "keying_queue.html", {**own, **queue, "rows": [], "users": {}, "me": "", "waiting": 0}
    fields = {"patient.name": EVIL, "lines.0.code": EVIL, "lines.0.quantity": "1"}
    shown = Keyed(
        fields=fields, told={"patient.name": [FINDING], "": [FINDING]}, total_rappen=5, error=EVIL
    )
    chosen = choices(own["t"])
    given = {
        "sheet": sheet, "view": View.of("1,1,150", 2), "mine": True, "shown": shown,
        "of": SimpleNamespace(name=EVIL), "reasons": REASONS, "differences": [],
        "reasons_of": chosen.pop("reasons"), **chosen,
    }  # fmt: skip
    yield "keying.html", {**own, **given}
    yield "keying.html", {**own, **given, "mine": False}
    differences = [{"path": EVIL, "first": EVIL, "second": {"a": EVIL}}]
    yield "keying_differences.html", {**own, **given, "differences": differences}


ALL = [(language, *page) for language in LANGUAGES for page in pages(language)]
NAMED = [f"{language}-{name}" for language, name, _ in ALL]
each = pytest.mark.parametrize(("language", "name", "values"), ALL, ids=NAMED)


def made(name: str, values: Mapping[str, Any]) -> str:
    return bytes(html(name, **values).body).decode()


def parsed(name: str, values: Mapping[str, Any]) -> Any:
    return lxml_html.fromstring(made(name, values))


@each
def test_names_and_texts_are_never_read_as_markup(
    language: str, name: str, values: Mapping[str, Any]
) -> None:
    del language
    page = made(name, values)
    assert "<script>alert" not in page
    assert "49" not in re.findall(r"alert\S*\s*(\d+)", page)


@each
def test_a_page_keeps_to_the_content_security_policy(
    language: str, name: str, values: Mapping[str, Any]
) -> None:
    page = parsed(name, values)
    assert page.get("lang") == language
    assert page.xpath("//style | //@style | //script[not(@src)]") == []
    attributes = {one for part in page.iter() for one in part.attrib}
    assert [one for one in attributes if one.startswith("on")] == []
    addresses = page.xpath("//@src | //link/@href | //a/@href | //form/@action")
    assert [one for one in addresses if not re.match(r"[/#?]", one) or one[:2] == "//"] == []


@each
def test_a_page_can_be_read_aloud_and_used_by_keyboard(
    language: str, name: str, values: Mapping[str, Any]
) -> None:
    del language
    page = parsed(name, values)
    assert page.xpath("string(//title)").strip().endswith("· Quittance")
    assert len(page.xpath("//h1")) == 1
    assert page.xpath("//th[not(@scope)]") == []
    assert page.xpath("//svg[@role='img' and not(@aria-label)]") == []
    assert page.xpath("//iframe[not(@title)]") == []
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    fields = page.xpath("//input[not(@type='hidden')] | //select")
    unnamed = [
        field.get("name")
        for field in fields
        if not field.get("aria-label")
        and not page.xpath("//label[@for=$id]", id=field.get("id") or "")
        and field.getparent().tag != "label"
    ]
    assert unnamed == []


@each
def test_every_form_that_changes_something_carries_the_sessions_token(
    language: str, name: str, values: Mapping[str, Any]
) -> None:
    del language
    page = parsed(name, values)
    forms = page.xpath("//form[@method='post'][not(@action='/login')]")
    assert all(form.xpath(".//input[@name='csrf']/@value") == ["token"] for form in forms)


def test_a_full_list_and_a_long_timeline_are_small_pages() -> None:
    by_name = {name: dict(values) for language, name, values in ALL if language == "fr"}
    full_list = by_name["invoices.html"] | {"rows": [ROW] * 50}
    assert len(made("invoices.html", full_list).encode()) < PAGE_BYTES_MAX
    long_way = by_name["invoice.html"] | {"entries": by_name["invoice.html"]["entries"] * 15}
    assert len(made("invoice.html", long_way).encode()) < PAGE_BYTES_MAX


def test_the_stylesheet_is_small_and_asks_no_other_host() -> None:
    for name in ("portal.css", "record.css"):
        sheet = statics.statics()[name].data
        assert len(sheet) < 20_000
        assert b"url(" not in sheet
        assert b"@import" not in sheet


def test_static_files_are_named_by_their_content() -> None:
    assert re.fullmatch(r"/static/portal\.[0-9a-f]{12}\.css", statics.address("portal.css"))
    own = {"portal.css", "keys.js", "record.css", "record.js", "keying.css", "keying.js"}
    assert set(statics.statics()) == own | {"htmx.min.js", "mark.svg"}


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "", "a\r\nb"],
)
def test_after_login_nobody_is_led_to_another_site(back: str) -> None:
    assert own_path(back) == "/"


def test_after_login_the_page_that_was_wanted_comes() -> None:
    assert own_path("/invoices?q=a%20b&state=open") == "/invoices?q=a%20b&state=open"


def test_a_filter_stands_in_its_address_and_a_place_in_its_cursor() -> None:
    wish = Wish(state="open", q="Hofer & Söhne", payer="patient")
    assert wish.href() == "/invoices?state=open&q=Hofer+%26+S%C3%B6hne&payer=patient"
    assert Wish().href() == "/invoices"
    place = (date(2026, 9, 14), "invoice-1")
    assert place_of(cursor_of(place)) == place
    assert place_of("gibberish!") is None
    assert cursor_of(None) == ""


def test_a_finding_without_words_is_shown_by_its_code() -> None:
    one = Finding(code="brand_new", severity="warning", line=7)
    said = sentence(one, {}, Words("en"))
    assert (said.message, said.line) == ("Finding brand_new", 7)


def test_a_hold_that_is_late_says_since_when() -> None:
    row = invoice(hold="dispute", hold_review_on=TODAY - timedelta(days=1), hold_by="BR-126")
    state = state_of(row, TODAY)
    said = outlook.headline(row, state, Words("de"), {}, may_act=True)
    assert said.tone == "bad"
    assert "war am Sonntag, 22.11.2026 fällig" in said.title
    assert said.acts == ["lift"]


def test_who_may_not_act_sees_no_button() -> None:
    state = state_of(invoice(), TODAY)
    assert outlook.headline(invoice(), state, Words("de"), {}, may_act=False).acts == []
