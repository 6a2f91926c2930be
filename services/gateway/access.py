"""What the door remembers that is no fact of the business: sessions, tokens, failed logins.

These tables are not made from events and a rebuild does not touch them; their loss would make
everybody log in again and nothing worse. No secret is in them, only digests.
"""

from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    select,
    update,
)

from libs.runtime.rows import INSERT

metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", Text, primary_key=True),
    Column("user_id", Text, nullable=False, index=True),
    Column("stamp", Text, nullable=False),
    Column("practice_id", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False, index=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # user, client
    Column("holder", Text, nullable=False),
    Column("stamp", Text, nullable=False),  # digest of the credential it was given for
    Column("scopes", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False, index=True),
)

FAILURES_FREE = 10
"""How often one may mistype before waiting."""
WAIT_FIRST = timedelta(seconds=30)
WAIT_MAX = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)


def wait_after(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row: none, then doubling to the limit."""
    if failures < FAILURES_FREE:
        return timedelta(0)
    return min(WAIT_FIRST * (1 << min(failures - FAILURES_FREE, 10)), WAIT_MAX)


def add_token(db: Connection, now: datetime, **row: object) -> None:
    """Keep a token, and forget those that have ended."""
    db.execute(delete(tokens).where(tokens.c.expires_at < now))
    db.execute(tokens.insert().values(row))


def find_token(db: Connection, token_hash: str) -> Row[tuple[str, ...]] | None:
    """Return a token's row."""
    return db.execute(select(tokens).where(tokens.c.token_hash == token_hash)).one_or_none()


def add_session(db: Connection, oldest: datetime, **row: object) -> None:
    """Begin a session, and forget those not seen since `oldest`."""
    db.execute(delete(sessions).where(sessions.c.seen_at < oldest))
    db.execute(sessions.insert().values(row))


def find_session(db: Connection, session_hash: str) -> Row[tuple[str, ...]] | None:
    """Return a session's row."""
    return db.execute(select(sessions).where(sessions.c.session_hash == session_hash)).one_or_none()


def change_session(db: Connection, session_hash: str, **columns: object) -> None:
    """Set columns of a session; nothing if it has ended."""
    db.execute(update(sessions).where(sessions.c.session_hash == session_hash).values(columns))


def end_session(db: Connection, session_hash: str) -> None:
    """End a session on the server's side; its cookie opens nothing any more."""
    db.execute(delete(sessions).where(sessions.c.session_hash == session_hash))


def count_try(db: Connection, bucket: str, now: datetime) -> datetime | None:
    """Count a try as failed until it succeeds; return until when to wait if it may not be made."""
    db.execute(delete(login_failures).where(login_failures.c.last_at < now - FORGOTTEN_AFTER))
    row = db.execute(select(login_failures).where(login_failures.c.bucket == bucket)).one_or_none()
    if row is not None:
        until = aware(row.last_at, now) + wait_after(row.failures)
        if until > now:
            return until
    first = INSERT[db.dialect.name](login_failures).values(bucket=bucket, failures=1, last_at=now)
    again = {"failures": login_failures.c.failures + 1, "last_at": now}
    db.execute(first.on_conflict_do_update(index_elements=["bucket"], set_=again))
    return None


def forget_failures(db: Connection, bucket: str) -> None:
    """Begin to count anew after a success."""
    db.execute(delete(login_failures).where(login_failures.c.bucket == bucket))


def aware(instant: datetime, like: datetime) -> datetime:
    """Return an instant as stored, in UTC; SQLite gives back naive ones."""
    return instant if instant.tzinfo else instant.replace(tzinfo=like.tzinfo)
