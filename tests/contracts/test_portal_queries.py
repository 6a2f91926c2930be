"""The portal reads the same from SQLite and from PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from libs.runtime import migrate
from libs.runtime.engines import open_engine
from services.gateway.portal import figures, queries
from services.gateway.portal.queries import Filter
from services.gateway.tables import payments, submissions
from tests.unit.gateway.portal_samples import PRACTICE, TODAY, put_invoice

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


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


def found(db: Connection, **wish: Any) -> set[str]:
    rows, _ = queries.invoice_page(db, PRACTICE, Filter(**wish), TODAY, None)
    return {row.number for row in rows}


def test_chips_counts_and_searches_agree(db: Connection) -> None:
    overdue: dict[str, Any] = {"due_on": TODAY - DAY, "issued_on": TODAY - 31 * DAY}
    put_invoice(db, invoice_id="1", number="1-open", name="Zürcher", given_name="Éva")
    put_invoice(db, invoice_id="2", number="2-reminded", stage="first_reminder", **overdue)
    put_invoice(
        db, invoice_id="3", number="3-held", hold="dispute", hold_review_on=TODAY, **overdue
    )
    put_invoice(db, invoice_id="4", number="4-paid", end="PAID", open_rappen=0, case_ended="PAID")
    put_invoice(db, invoice_id="5", number="5-stuck", next_on=TODAY - 6 * DAY, **overdue)
    put_invoice(db, invoice_id="6", number="6-lost", case_practice=None, **overdue)
    counts = dict(queries.counts(db, PRACTICE, TODAY))
    counts["stuck"] = figures.stuck(db, PRACTICE, TODAY)
    assert {state: len(found(db, state=state)) for state in queries.STATES} == counts
    assert found(db, state="stuck") == {"5-stuck", "6-lost"}
    assert found(db, q="zurcher ev") == found(db, q="eva Zürcher") == {"1-open"}
    assert found(db, q="234.55", state="paid") == {"4-paid"}
    tasks = figures.case_tasks(db, PRACTICE, TODAY)
    assert (tasks.reviews, tasks.consents) == (1, 0)


def test_sums_are_whole_numbers(db: Connection) -> None:
    put_invoice(db, due_on=TODAY - 40 * DAY, open_rappen=23455)
    for credit, rappen in (("a", 10_000), ("b", -2_500)):
        db.execute(
            payments.insert().values(
                invoice_id="invoice-1",
                credit_id=credit,
                kind="received",
                practice_id=PRACTICE,
                amount_rappen=rappen,
                surplus_rappen=0,
                booked_on=TODAY,
            )
        )
    sums = figures.open_sums(db, PRACTICE, TODAY)
    assert (sums["open_rappen"], sums["quarter_rappen"], sums["older_count"]) == (23455, 23455, 0)
    paid = figures.paid_by_day(db, PRACTICE, TODAY)
    assert paid == {TODAY: 7_500}
    assert {type(one) for one in (*sums.values(), *paid.values())} == {int}


def test_pages_of_submissions_follow_each_other(db: Connection) -> None:
    for position in range(1, figures.PAGE + 3):
        db.execute(
            submissions.insert().values(
                submission_id=str(position),
                practice_id=PRACTICE,
                received_at=NOW - position * DAY,
                state="accepted" if position % 2 else "rejected",
                request_id="",
                kind="invoice",
                invoice_id=None,
                content="",
                findings="[]",
                errors=0,
                warnings=0,
                position=position,
            )
        )
    first, before = figures.submission_page(db, PRACTICE, "all", None)
    rest, end = figures.submission_page(db, PRACTICE, "all", before)
    positions = [row.position for row in (*first, *rest)]
    assert positions == list(range(figures.PAGE + 2, 0, -1))
    assert end is None
    assert figures.submission_counts(db, PRACTICE) == {"all": 52, "accepted": 26, "rejected": 26}
    assert figures.rejected_since(db, PRACTICE, NOW - 4 * DAY) == 2
    assert figures.ever_handed_in(db, PRACTICE)
    assert not figures.ever_handed_in(db, "practice-2")
