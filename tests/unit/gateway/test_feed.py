"""The feed: each fact once, in order, at the same cost wherever a cursor stands (BR-139)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, text

from libs.events import Event, PaymentReceived, ReminderEscalated, SubmissionRejected
from libs.events.handed import Finding
from libs.events.values import CreditId, DocumentId, InvoiceId, PracticeId, Stage, SubmissionId
from libs.runtime.tables import PARKED
from services.gateway import feed
from services.gateway.api import feed_models
from services.gateway.api.feed_models import FeedPage
from services.gateway.feed_fields import fields
from services.gateway.tables import timeline
from tests.engines import ROOT
from tests.unit.gateway.facts import DAY, INVOICE, OPENED, PRACTICE, hear, issued, said

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
CORPUS = ROOT / "tests" / "data" / "events"
REMINDED = ReminderEscalated(
    practice_id=PRACTICE,
    invoice_id=INVOICE,
    stage=Stage.FIRST_REMINDER,
    on=DAY,
    waited_days=30,
    counted_from=DAY,
    open_rappen=10_000,
    next_stage=None,
    next_on=None,
)


def paid(number: int = 1, **other: Any) -> PaymentReceived:
    known: dict[str, Any] = {
        "practice_id": PRACTICE,
        "invoice_id": INVOICE,
        "credit_id": CreditId(f"c{number}"),
        "amount_rappen": 100,
        "open_rappen": 9_900,
        "booked_on": DAY,
        "value_on": DAY,
    }
    return PaymentReceived(**(known | other))


def walk(db: Connection, limit: int, *types: str) -> Iterator[feed.Page]:
    """Follow the feed from its beginning to where there is nothing more."""
    place: feed.Place = {}
    while True:
        found = feed.page(db, PRACTICE, place, types, limit)
        yield found
        if not found.more:
            return
        assert found.place != place, "a page that says there is more leads on"
        place = found.place


def positions(db: Connection, limit: int, *types: str) -> list[tuple[str, int]]:
    return [(one.source, one.position) for page in walk(db, limit, *types) for one in page.facts]


def test_pages_of_any_size_hold_the_same_facts_once_and_in_order(db: Connection) -> None:
    hear(db, issued(), *(paid(number) for number in range(2, 12)))
    hear(db, OPENED, *(REMINDED for _ in range(7)), first=1)
    whole = positions(db, 200)
    assert len(whole) == len(set(whole)) == 19
    for limit in (1, 2, 3, 5, 18, 19, 20):
        assert positions(db, limit) == whole, limit
    for source in ("invoicing", "dunning"):
        own = [position for name, position in whole if name == source]
        assert own == sorted(own)


def test_a_filter_leads_past_what_it_leaves_out(db: Connection) -> None:
    """It finds the one reminder behind hundreds of payments, in pages that may be empty."""
    hear(db, issued(), *(paid(number) for number in range(2, feed.SCAN_MAX * 2 + 10)))
    hear(db, issued(invoice_id=InvoiceId("i2")), first=feed.SCAN_MAX * 2 + 10)
    pages = list(walk(db, 10, "InvoiceIssued"))
    assert [len(page.facts) for page in pages] == [1, 0, 1]
    assert positions(db, 1, "InvoiceIssued") == [
        ("invoicing", 1),
        ("invoicing", feed.SCAN_MAX * 2 + 10),
    ]
    hear(db, REMINDED, first=1)
    (page,) = walk(db, 10, "ReminderEscalated")
    assert page.place == {"dunning": 1}, "what is not asked for is not passed"


def test_what_is_heard_before_its_invoice_waits_for_it(db: Connection) -> None:
    """Services are heard apart: dunning may be ahead of invoicing, and is shown behind it."""
    hear(db, OPENED, REMINDED)
    before = feed.page(db, PRACTICE, {}, (), 10)
    assert (before.facts, before.more, before.place.get("dunning")) == ([], False, 0)
    hear(db, issued())
    after = feed.page(db, PRACTICE, before.place, (), 10)
    assert {one.type for one in after.facts} == {"CaseOpened", "InvoiceIssued", "ReminderEscalated"}
    assert {one.shown["request_id"] for one in after.facts} == {"R-1"}


def test_nobody_is_led_past_a_fact_that_is_parked(db: Connection) -> None:
    """P43: worked off later it stands at its own place, which no cursor has passed by then."""
    hear(db, issued(), paid(2))
    hear(db, paid(4), first=4)
    park(db, PRACTICE, position=3)
    assert positions(db, 10) == [("invoicing", 1), ("invoicing", 2)]
    assert feed.end(db, PRACTICE)["invoicing"] == 2
    db.execute(PARKED.delete())
    hear(db, paid(3), first=3)
    assert [position for _, position in positions(db, 10)] == [1, 2, 3, 4]
    park(db, PracticeId("another"), position=1)
    assert len(positions(db, 10)) == 4, "another practice's holds nobody up"


def park(db: Connection, practice: PracticeId, position: int) -> None:
    envelope = msgspec.structs.replace(said(paid(), position), tenant=practice)
    db.execute(
        PARKED.insert().values(
            consumer="gateway",
            event_id=envelope.id,
            key="k",
            source="invoicing",
            seq=1,
            envelope=msgspec.msgpack.encode(envelope),
            attempts=1,
            first_error="",
            last_error="",
            parked_at="",
            next_retry_at="",
        )
    )


def test_nothing_personal_and_nothing_unknown_stands_in_it(db: Connection) -> None:
    """What is sealed, an address or who did it is no field; the rest is as the schema says."""
    refused = SubmissionRejected(
        practice_id=PRACTICE,
        submission_id=SubmissionId("s"),
        content=DocumentId("d"),
        request_id="R-9",
        received_at=datetime(2026, 3, 2, 8, tzinfo=UTC),
        findings=(Finding(code="total_mismatch", severity="error", params={"stated": "1"}),),
    )
    hear(db, issued(), paid(2))
    hear(db, refused)
    (page,) = walk(db, 10)
    answer = {"items": [one.shown for one in page.facts], "next_cursor": "x", "more": False}
    FeedPage.model_validate_json(feed_models.written(answer))
    assert {one.shown["request_id"] for one in page.facts} == {"R-1", "R-9"}
    told = feed_models.written(answer).decode()
    assert not [word for word in ("Zürcher", "Änna", "8001", "medical", "stated") if word in told]
    for name in feed.TYPES:
        assert not {"by", "biller", "debtor", "patient", "medical"} & set(fields(name))


@pytest.mark.parametrize("name", sorted(feed.TYPES))
def test_an_event_of_every_type_is_as_its_schema_says_also_where_it_leaves_out_defaults(
    db: Connection, name: str
) -> None:
    """P16: what an older program did not say yet is shown as what it is worth."""
    kind = feed.TYPES[name]
    golden = (CORPUS / f"{name}.1.json").read_bytes()
    whole = msgspec.json.decode(golden, type=kind)
    told = json.loads(msgspec.json.encode(whole))
    bare = {field: told[field] for field in told if field in required(kind)}
    for number, data in enumerate((told, bare)):
        row = {
            "event_id": f"e{number}",
            "practice_id": PRACTICE,
            "source": "x",
            "position": 1,
            "recorded_at": AT,
            "type": name,
            "data": json.dumps(data),
        }
        db.execute(timeline.insert().values(row))
        found = feed.one(db, PRACTICE, f"e{number}")
        assert found is not None
        answer = {"items": [found.shown], "next_cursor": "x", "more": False}
        FeedPage.model_validate_json(feed_models.written(answer))


def required(kind: type[Event]) -> set[str]:
    """Return the fields that every event of a type has said since its first version."""
    return {one.name for one in msgspec.structs.fields(kind) if one.required}


@pytest.mark.parametrize("types", [(), ("CaseOpened",)])
def test_a_page_costs_the_same_at_a_hundred_events_and_at_a_hundred_thousand(
    db: Connection, types: tuple[str, ...]
) -> None:
    hear(db, issued())
    grow(db, 100)
    small = steps(db, {}, types)
    grow(db, 100_000)
    for place in ({}, {"invoicing": 50_000}, {"invoicing": 99_999}):
        assert steps(db, place, types) < small * 8 + 5_000, place
    assert steps(db, {"invoicing": 90_000}, types) < 1.2 * steps(db, {"invoicing": 1_000}, types)


def grow(db: Connection, upto: int) -> None:
    """Let a practice have so many facts of one kind."""
    db.execute(
        text(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < :upto)"
            " INSERT OR IGNORE INTO timeline (event_id, practice_id, invoice_id, source, position,"
            " recorded_at, type, data) SELECT 'e' || i, :practice, :invoice, 'invoicing', i,"
            " '2026-03-02 08:00:00.000000', 'PaymentReceived', '{}' FROM n"
        ),
        {"upto": upto, "practice": PRACTICE, "invoice": INVOICE},
    )


def steps(db: Connection, place: feed.Place, types: tuple[str, ...]) -> int:
    """Return how many steps the database takes for a page."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    driver: Any = db.connection.driver_connection
    driver.set_progress_handler(count, 10)
    feed.page(db, PRACTICE, place, types, 50)
    driver.set_progress_handler(None, 0)
    return counted * 10
