"""Feed, webhooks' checkpoints, kept answers and reconciliation mean the same on both engines."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from libs.events import InvoiceSettled, MemberCredited, PaymentReceived
from libs.events.values import CreditId, Posting
from libs.runtime import migrate, rows
from libs.runtime.engines import open_engine
from services.gateway import answers, deliveries, feed, reconciliation
from services.gateway.decider.webhook import WebhookAdded
from services.gateway.deliveries import Outcome, wait_after
from services.gateway.webhook_projections import project_webhooks
from tests.unit.gateway.facts import DAY, INVOICE, OPENED, PRACTICE, hear, issued, said

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
PAID = PaymentReceived(
    practice_id=PRACTICE,
    invoice_id=INVOICE,
    credit_id=CreditId("c"),
    amount_rappen=10_000,
    open_rappen=0,
    booked_on=DAY,
    value_on=DAY,
)
SETTLED = InvoiceSettled(practice_id=PRACTICE, invoice_id=INVOICE, end="PAID", on=DAY)
CREDITED = MemberCredited(
    practice_id=PRACTICE,
    invoice_id=INVOICE,
    credit_id=CreditId("c"),
    amount_rappen=10_000,
    repaid_rappen=0,
    on=DAY,
    value_on=DAY,
    postings=(
        Posting(account="1020", amount_rappen=10_000),
        Posting(account="2000", amount_rappen=-10_000),
    ),
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'gateway.db'}"
    else:
        url = request.getfixturevalue("postgres_database")()
    engine = open_engine(url)
    migrate.upgrade("gateway", engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_the_feed_is_followed_alike(db: Connection) -> None:
    hear(db, issued(), PAID, SETTLED)
    hear(db, OPENED)
    found: list[feed.Fact] = []
    place: feed.Place = {}
    while True:
        page = feed.page(db, PRACTICE, place, (), 2)
        found += page.facts
        place = page.place
        if not page.more:
            break
    assert [one.type for one in found if one.source == "invoicing"] == [
        "InvoiceIssued", "PaymentReceived", "InvoiceSettled",
    ]  # fmt: skip
    assert len(found) == 4
    assert {name: at for name, at in feed.end(db, PRACTICE).items() if at} == {
        "dunning": 1, "invoicing": 3,
    }  # fmt: skip
    assert feed.one(db, PRACTICE, found[0].id) == found[0]
    (only,) = feed.page(db, PRACTICE, {}, ("InvoiceSettled",), 10).facts
    assert only.shown["recorded_at"] == "2026-03-02T08:00:00Z"


def test_a_day_is_reconciled_alike(db: Connection) -> None:
    hear(db, issued(), PAID, SETTLED)
    hear(db, CREDITED)
    found = reconciliation.of_day(db, PRACTICE, NOW.date())
    (line,) = found.lines
    assert (line.request_id, line.movement.invoiced_rappen, line.movement.paid_rappen) == (
        "R-1", 10_000, 10_000,
    )  # fmt: skip
    assert (found.total.open_after_rappen, found.total.account_rappen) == (0, 10_000)
    assert reconciliation.of_day(db, PRACTICE, NOW.date() - timedelta(days=1)).lines == []


def added(db: Connection) -> Any:
    """Return the row of a webhook that was just added."""
    event = WebhookAdded(
        practice_id=PRACTICE, webhook_id="w", url="https://x", types=(), after=(), at=NOW
    )
    rows.write(db, project_webhooks(event, said(event)))
    (row,) = deliveries.due(db, NOW, None)
    return row


def test_a_webhook_is_held_by_one_and_a_late_word_is_not_taken_f9(db: Connection) -> None:
    row = added(db)
    held = deliveries.hold(db, row, "a", NOW)
    assert held is not None
    assert deliveries.hold(db, row, "b", NOW) is None
    later = NOW + deliveries.HELD + timedelta(seconds=1)
    assert [one.webhook_id for one in deliveries.due(db, later, [])] == ["w"], "its holder died"
    assert deliveries.hold(db, row, "b", later) is not None
    hear(db, issued())
    (fact,) = feed.page(db, PRACTICE, {}, (), 1).facts
    good = deliveries.tried(fact, Outcome(status=204, outcome="delivered", took_ms=1), later, 1)
    assert not deliveries.taken(db, "w", "a", {"invoicing": 1}, good), "another has it now"
    assert deliveries.taken(db, "w", "b", {"invoicing": 1}, good)
    assert [one.tries for one in deliveries.newest(db, "w", None, 9)] == [1]


def test_a_failure_waits_longer_each_time_and_is_counted_until_it_is_mended(db: Connection) -> None:
    row, now = added(db), NOW
    hear(db, issued())
    (fact,) = feed.page(db, PRACTICE, {}, (), 1).facts
    for tries in range(1, 13):
        held = deliveries.hold(db, row, "a", now)
        assert held is not None
        assert held.tries == tries - 1
        bad = deliveries.tried(fact, Outcome(status=500, outcome="refused", took_ms=1), now, tries)
        deliveries.failed(db, "w", "a", held, bad)
        assert deliveries.hold(db, row, "a", now) is None, "its next try is not due"
        now += wait_after("w", tries)
    assert deliveries.failing(db)[0] == 1
    assert wait_after("w", 12) >= timedelta(hours=21)
    deliveries.restart(db, "w", now)
    assert deliveries.failing(db)[0] == 0
    assert [one.webhook_id for one in deliveries.due(db, now, [])] == ["w"]
    deliveries.forget(db, "w")
    assert deliveries.newest(db, "w", None, 9) == []


def test_an_answer_is_kept_once_for_a_key_and_not_for_ever(db: Connection) -> None:
    """P9: new, in flight, of another body, answered, taken over after a minute, forgotten."""
    hashed = answers.key_hash("p", "POST /v1/webhooks", "key")
    assert answers.claim(db, hashed, "body", NOW).was == "new"
    assert answers.claim(db, hashed, "body", NOW).was == "in_flight"
    assert answers.claim(db, hashed, "other", NOW).was == "other_body"
    assert answers.claim(db, hashed, "body", NOW + timedelta(minutes=2)).was == "new"
    answers.keep(db, hashed, 201, b"sealed")
    again = answers.claim(db, hashed, "body", NOW + timedelta(days=7))
    assert (again.was, again.status, bytes(again.sealed)) == ("answered", 201, b"sealed")
    assert answers.claim(db, hashed, "body", NOW + timedelta(days=9)).was == "new"
    answers.let_go(db, hashed)
    assert answers.claim(db, hashed, "other", NOW).was == "new"
