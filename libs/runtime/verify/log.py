"""The log itself: positions, chain, versions, head (event-log section 2).

Each row holds the link that follows from the link before it and from its own columns, so any
stretch of a log can be proved by itself, in any process.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection

from libs.runtime import scan
from libs.runtime.store import GENESIS
from libs.runtime.verify.findings import NAMED_MAX, Findings

GAPS = """
SELECT stream, version, position FROM (
    SELECT stream, version, position, lag(version) OVER before AS last,
           lag(position) OVER before AS place
    FROM events WINDOW before AS (PARTITION BY stream ORDER BY version)
) AS numbered
WHERE version <> coalesce(last, 0) + 1 OR position <= coalesce(place, 0)
ORDER BY position LIMIT 20
"""


def verify_chain(service: str, db: Connection, after: int, upto: int) -> Findings:
    """Prove that what lies behind `after` up to `upto` is there and is what was recorded."""
    encode = msgspec.msgpack.Encoder().encode
    failed: Findings = []
    chain: bytes | None = GENESIS
    if after:
        found = scan.query(db, "SELECT chain FROM events WHERE position = ?", (after,))
        chain = found[0][0] if found else None
    expected = after
    for row in _rows(db, after, upto):
        expected += 1
        if row[0] != expected:
            failed += _missing(service, expected, row[0] - 1)
            expected, chain = row[0], None
        if chain is not None:
            chain = sha256(chain + sha256(encode(row[1:12])).digest()).digest()
            if chain != row[12]:
                failed.append(_changed(service, row))
                if len(failed) >= NAMED_MAX:
                    return failed
        chain = row[12]
    if expected < upto:
        failed += _missing(service, expected + 1, upto)
    return failed


def _rows(db: Connection, after: int, upto: int) -> Iterator[scan.Row]:
    for page in scan.pages(db, (*scan.STORED, "chain"), after, upto):
        yield from page


def _missing(service: str, first: int, last: int) -> Findings:
    if first == last:
        return [f"{service}: position {first} is missing"]
    return [f"{service}: positions {first} to {last} are missing"]


def _changed(service: str, row: scan.Row) -> str:
    return (
        f"{service}: position {row[0]}, stream {row[1]} version {row[2]}"
        " is not what was recorded, or not where it was"
    )


def verify_head(service: str, db: Connection) -> tuple[dict[str, Any], Findings]:
    """Prove that the head fits the last event and that each stream counts without a gap."""
    failed: Findings = []
    ((head, chain),) = scan.query(db, "SELECT position, chain FROM log_head")
    last = scan.query(db, "SELECT position, chain FROM events ORDER BY position DESC LIMIT 1")
    position, link = last[0] if last else (0, GENESIS)
    if (head, chain) != (position, link):
        failed.append(
            f"{service}: the head, at position {head}, does not fit the last event, at {position}"
        )
    for stream, version, at in scan.query(db, GAPS):
        failed.append(f"{service}: position {at}, stream {stream} has a gap before {version}")
    ((streams,),) = scan.query(db, "SELECT count(*) FROM events WHERE version = 1")
    return {"events": head, "streams": streams, "chain": chain.hex()[:16]}, failed


def verify_log(service: str, db: Connection) -> tuple[dict[str, Any], Findings]:
    """Prove a whole log; return its sums and what is wrong."""
    sums, failed = verify_head(service, db)
    failed += verify_chain(service, db, 0, sums["events"])
    return sums, failed[:NAMED_MAX]
