"""What was sent and which receipt it got, on disk, and the proof that it is what was stored."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

SCHEMA = """
CREATE TABLE messages (practice TEXT, number TEXT, submission TEXT, PRIMARY KEY (practice, number))
    WITHOUT ROWID;
CREATE TABLE credits (reference TEXT PRIMARY KEY, rappen INT) WITHOUT ROWID;
CREATE TABLE accepted (practice TEXT, number TEXT, submission TEXT, invoice TEXT);
CREATE TABLE booked (reference TEXT, credit TEXT, rappen INT);
CREATE TABLE once (kind TEXT, id TEXT);
"""
FLUSH = 500
PAGE = 2_000
READ = "SELECT tenant, type, data FROM events WHERE type = ANY(%s) ORDER BY position"
ONCE = {
    "ingest": {"SubmissionAccepted": "submission_id", "BankCreditBooked": "credit_id"},
    "invoicing": {
        "InvoiceIssued": "invoice_id",
        "InvoiceDispatched": "invoice_id",
        "PaymentReceived": "credit_id",
        "CreditUnmatched": "credit_id",
    },
    "dunning": {"CaseOpened": "invoice_id"},
    "factoring": {"ClaimTransmitted": "invoice_id"},
}
"""What may happen once: type of event, and the field that names what it happens to."""
LOST = {
    "messages that no event tells of": """
        SELECT practice || ' ' || number FROM messages
        EXCEPT SELECT practice || ' ' || number FROM accepted""",
    "receipts that name another submission": """
        SELECT m.number FROM messages m JOIN accepted a USING (practice, number)
        WHERE m.submission <> a.submission""",
    "credits of the bank that are not booked as sent": """
        SELECT reference || ' ' || rappen FROM credits
        EXCEPT SELECT reference || ' ' || rappen FROM booked""",
    "booked credits that found no place": """
        SELECT credit FROM booked WHERE rappen > 0 EXCEPT
        SELECT id FROM once WHERE kind IN ('PaymentReceived', 'CreditUnmatched')""",
}
FOLLOWED = "SELECT invoice FROM accepted EXCEPT SELECT id FROM once WHERE kind = ?"
STEPS = ("InvoiceIssued", "InvoiceDispatched", "CaseOpened", "ClaimTransmitted")
"""What follows from each accepted message."""
DOUBLED = {
    "messages accepted twice": """
        SELECT practice || ' ' || number FROM accepted GROUP BY practice, number
        HAVING count(*) > 1""",
    "credits booked twice": "SELECT reference FROM booked GROUP BY reference HAVING count(*) > 1",
    "steps taken twice": """
        SELECT kind || ' ' || id FROM once GROUP BY kind, id HAVING count(*) > 1""",
    "credits in two places": """
        SELECT id FROM once WHERE kind IN ('PaymentReceived', 'CreditUnmatched')
        GROUP BY id HAVING count(*) > 1""",
    "events that nobody asked for": """
        SELECT practice || ' ' || number FROM accepted
        EXCEPT SELECT practice || ' ' || number FROM messages""",
}


class Verdict(NamedTuple):
    """How many are lost and doubled, and some of them by name."""

    lost: int
    doubled: int
    named: list[str]


class Ledger:
    """A file beside the system under test, that it does not know of."""

    def __init__(self, file: Path) -> None:
        file.unlink(missing_ok=True)
        self._db = sqlite3.connect(file, check_same_thread=False)
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {SCHEMA}")
        self._messages: list[tuple[str, str, str]] = []

    def taken(self, practice: str, number: str, submission: str) -> None:
        """Note the receipt of a message."""
        self._messages.append((practice, number, submission))
        if len(self._messages) >= FLUSH:
            self._flush()

    def credit(self, credits_: Iterable[tuple[str, int]]) -> None:
        """Note receipts of the bank whose file was taken; again where a second file has them."""
        self._db.executemany("INSERT OR IGNORE INTO credits VALUES (?, ?)", credits_)

    def counts(self) -> dict[str, int]:
        """Return how many messages and credits were taken."""
        self._flush()
        return {
            "messages": self._db.execute("SELECT count(*) FROM messages").fetchone()[0],
            "credits": self._db.execute("SELECT count(*) FROM credits").fetchone()[0],
        }

    def compare(self, logs: "dict[str, psycopg.Connection[tuple[Any, ...]]]") -> Verdict:
        """Read the logs of the services, by name, and compare."""
        self._flush()
        for table in ("accepted", "booked", "once"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - three names of ours
        for service, wanted in ONCE.items():
            for page in _pages(logs[service], wanted):
                self._stored(page, wanted)
        return self.judged()

    def judged(self) -> Verdict:
        """Return what is lost and what is doubled, by what was read of the logs."""
        self._db.execute("CREATE INDEX IF NOT EXISTS by_kind ON once (kind, id)")
        lost = {what: self._found(query) for what, query in LOST.items()}
        for kind in STEPS:
            lost[f"accepted and without {kind}"] = self._found(FOLLOWED, kind)
        doubled = {what: self._found(query) for what, query in DOUBLED.items()}
        return Verdict(
            lost=sum(map(len, lost.values())),
            doubled=sum(map(len, doubled.values())),
            named=[f"{what}: {ids[:3]}" for what, ids in (lost | doubled).items() if ids],
        )

    def close(self) -> None:
        self._db.close()

    def _found(self, query: str, *given: str) -> list[str]:
        return [str(row[0]) for row in self._db.execute(query, given)]

    def _flush(self) -> None:
        self._db.executemany("INSERT INTO messages VALUES (?, ?, ?)", self._messages)
        self._messages.clear()

    def _stored(self, page: Iterable[tuple[Any, ...]], wanted: dict[str, str]) -> None:
        accepted, booked, once = [], [], []
        for tenant, kind, data in page:
            event = json.loads(bytes(data))
            once.append((kind, event[wanted[kind]]))
            if kind == "SubmissionAccepted":
                request = event["facts"]["request_id"]
                accepted.append((tenant, request, event["submission_id"], event["invoice_id"]))
            elif kind == "BankCreditBooked":
                booked.append((event["bank_reference"], event["credit_id"], event["amount_rappen"]))
        self._db.executemany("INSERT INTO accepted VALUES (?, ?, ?, ?)", accepted)
        self._db.executemany("INSERT INTO booked VALUES (?, ?, ?)", booked)
        self._db.executemany("INSERT INTO once VALUES (?, ?)", once)


def _pages(
    log: "psycopg.Connection[tuple[Any, ...]]", wanted: dict[str, str]
) -> Iterator[list[tuple[Any, ...]]]:
    with log.transaction(), log.cursor("ledger") as cursor:
        cursor.execute(READ, [list(wanted)])
        while page := cursor.fetchmany(PAGE):
            yield page
