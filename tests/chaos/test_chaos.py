"""The chaos command, run small: a few hundred events, a few faults, all of it proved.

`make chaos seed=… events=…` runs it as large as one likes.
"""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.run import Wish, chaos
from tests.engines import Unavailable, missing


@pytest.mark.kafka
@pytest.mark.postgres
def test_whatever_breaks_nothing_is_lost_and_nothing_doubled() -> None:
    """P1, P12: services, brokers and database under load, broken by seed."""
    wish = Wish(seed=4, events=600, members=4, every=2.0, faults=4)
    try:
        found = asyncio.run(chaos(wish))
    except Unavailable as error:
        missing(error)
    assert found["ok"], found
    assert sum(found["faults"].values()) >= wish.faults
    assert found["events"] >= wish.events
    assert found["sent"]["messages"] > 0
    known = {"200", "202", "401", "503"}
    strange = {one for one in found["answers"] if not one.startswith("no answer")} - known
    assert not strange, found["answers"]


def stored(ledger: Ledger) -> sqlite3.Connection:
    """Return the ledger's own file, to put into it what the logs would tell."""
    return ledger._db


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Return a ledger of one message and one credit, and logs that hold just that."""
    made = Ledger(tmp_path / "ledger.db")
    made.taken("practice", "chaos-1", "submission")
    made.credit([("BANK-1", 500)])
    made.counts()
    db = stored(made)
    db.execute("INSERT INTO accepted VALUES ('practice', 'chaos-1', 'submission', 'invoice')")
    db.execute("INSERT INTO booked VALUES ('BANK-1', 'credit', 500)")
    steps = ("InvoiceIssued", "InvoiceDispatched", "CaseOpened", "ClaimTransmitted")
    db.executemany("INSERT INTO once VALUES (?, 'invoice')", [(step,) for step in steps])
    db.execute("INSERT INTO once VALUES ('PaymentReceived', 'credit')")
    return made


def test_a_ledger_that_agrees_with_the_logs_finds_nothing(ledger: Ledger) -> None:
    assert ledger.judged() == (0, 0, [])


@pytest.mark.parametrize(
    ("change", "lost", "doubled"),
    [
        ("DELETE FROM accepted", 1, 0),
        ("UPDATE accepted SET submission = 'another'", 1, 0),
        ("DELETE FROM booked", 1, 0),
        ("UPDATE booked SET rappen = 501", 1, 0),
        ("DELETE FROM once WHERE kind = 'PaymentReceived'", 1, 0),
        ("DELETE FROM once WHERE kind = 'InvoiceDispatched'", 1, 0),
        ("INSERT INTO accepted SELECT practice, number, 'b', invoice FROM accepted", 1, 1),
        ("INSERT INTO accepted VALUES ('practice', 'chaos-2', 'b', 'invoice')", 0, 1),
        ("INSERT INTO booked VALUES ('BANK-1', 'credit', 500)", 0, 1),
        ("INSERT INTO once VALUES ('CaseOpened', 'invoice')", 0, 1),
        ("INSERT INTO once VALUES ('CreditUnmatched', 'credit')", 0, 1),
    ],
)
def test_a_ledger_finds_what_is_lost_and_what_is_doubled(
    ledger: Ledger, change: str, lost: int, doubled: int
) -> None:
    """A proof that cannot fail proves nothing."""
    stored(ledger).execute(change)
    assert ledger.judged()[:2] == (lost, doubled)
