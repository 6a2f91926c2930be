"""The gateway's tables mean the same on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from libs.events import InvoiceSettled, PaymentReceived
from libs.events.values import CreditId, InvoiceId, SubmissionId
from libs.runtime import migrate
from libs.runtime.engines import open_engine
from libs.runtime.ids import derived
from services.gateway import access, auth, checks, keys
from services.gateway.api.invoices import page
from services.gateway.api.submissions import page as submission_page
from services.gateway.portal import queries
from services.gateway.projections import invoices
from tests.unit.gateway.facts import DAY, INVOICE, OPENED, PRACTICE, hear, issued

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


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


def test_rows_are_written_twice_and_stand_once(db: Connection) -> None:
    paid = PaymentReceived(
        practice_id=PRACTICE,
        invoice_id=INVOICE,
        credit_id=CreditId("c"),
        amount_rappen=10_000,
        open_rappen=0,
        booked_on=DAY,
        value_on=DAY,
    )
    end = InvoiceSettled(practice_id=PRACTICE, invoice_id=INVOICE, end="PAID", on=DAY)
    hear(db, issued(), OPENED, paid, end)
    row = db.execute(select(invoices)).one()
    assert (row.paid_rappen, row.open_rappen, row.end) == (10_000, 0, "PAID")
    assert checks.sums(db)["failed"] == []


def test_lists_are_paged_and_searched_alike(db: Connection) -> None:
    ids = [InvoiceId(derived("i", str(number))) for number in range(5)]
    for number, invoice_id in enumerate(ids):
        one = issued(
            invoice_id=invoice_id,
            submission_id=SubmissionId(derived("s", str(number))),
            number=f"26-{number:06}",
            open_rappen=1_000 + number,
        )
        hear(db, one, first=number + 1)
    first = page(db, PRACTICE, None, None, "", None, DAY, 3)
    last = first[-1]
    rest = page(db, PRACTICE, None, None, "", (last.issued_on, last.invoice_id), DAY, 3)
    assert {row.invoice_id for row in first + rest} == set(ids)
    assert len(first + rest) == 5
    for q, count in (("ZURCHER", 5), ("änna", 5), ("26-000003", 1), ("10.04", 1), ("%", 0)):
        assert len(page(db, PRACTICE, None, None, q, None, DAY, 9)) == count, q
    assert len(queries.events_of(db, PRACTICE, ids[0])) == 1
    assert submission_page(db, PRACTICE, "accepted", None, 9) == []


def test_tokens_and_sessions_end_at_the_same_instant(db: Connection) -> None:
    who = auth.Principal(kind="client", id="c", scopes=frozenset(), practices=None)
    token = auth.give_token(db, who, "secret", frozenset({"admin"}), NOW, timedelta(hours=1))
    row = access.find_token(db, keys.digest(token))
    assert row is not None
    assert access.aware(row.expires_at, NOW) == NOW + timedelta(hours=1)
    access.add_session(
        db,
        NOW,
        session_hash="h",
        user_id="u",
        stamp="s",
        practice_id=PRACTICE,
        language="de",
        csrf="x",
        began_at=NOW,
        seen_at=NOW,
    )
    access.change_session(db, "h", language="fr")
    session = access.find_session(db, "h")
    assert session is not None
    assert (session.language, access.aware(session.seen_at, NOW)) == ("fr", NOW)
    access.add_session(
        db, NOW + timedelta(seconds=1), **{**session._mapping, "session_hash": "new"}
    )
    assert access.find_session(db, "h") is None, "those not seen since are forgotten"
    access.end_session(db, "new")
    assert access.find_session(db, "new") is None


def test_failures_are_counted_alike(db: Connection) -> None:
    for _ in range(access.FAILURES_FREE):
        assert access.count_try(db, "b", NOW) is None
    assert access.count_try(db, "b", NOW) == NOW + access.WAIT_FIRST
    access.forget_failures(db, "b")
    assert access.count_try(db, "b", NOW) is None
