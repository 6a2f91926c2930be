"""Connections to SQLite and PostgreSQL; ones that may lose what they took are refused."""

import re
from pathlib import Path
from typing import Any

from psycopg import Cursor
from psycopg.pq import Format
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import StaticPool

from libs.runtime.settings import Settings

KEYS = "keys"
"""Name of the key store's database; it has a backup of its own."""

SOON = {"connect_timeout": 3, "tcp_user_timeout": 10_000, "keepalives_idle": 10}
"""A PostgreSQL that is cut off is noticed in seconds: ready turns 503 within five (P39, F24)."""


class BinaryCursor(Cursor[Any]):
    """Reads values as the server has them: events as text would come in hexadecimal digits."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.format = Format.BINARY


class UnsafeSetUp(Exception):
    """The program refuses to start like this; the message says what to change."""


def database_url(settings: Settings, service: str, *, owner: bool = False) -> str:
    """Return the URL of a service's database, without its password."""
    if not settings.distributed:
        return f"sqlite:///{settings.data / service}.db"
    chosen = (owner and settings.database_owner) or settings.database
    return re.sub("^postgres(ql)?:", "postgresql+psycopg:", chosen.format(service=service))


IDLE_SECONDS = 15
"""A transaction in which nobody says anything for so long is ended by PostgreSQL (F9)."""


def connect(
    settings: Settings, service: str, *, owner: bool = False, serves: bool = False
) -> Engine:
    """Return the engine of a service's database; `serves`: for a process others must not wait for.

    One that freezes in a transaction holds the head of the log, and all other instances wait. When
    it wakes up its transaction is gone, and it decides again. Commands that look at all of a log in
    one transaction take their time.
    """
    url = database_url(settings, service, owner=owner)
    secret = settings.database_owner_password if owner else settings.database_password
    return open_engine(url, secret, idle_seconds=IDLE_SECONDS if serves else 0)


def open_engine(url: str, password_file: Path | None = None, idle_seconds: int = 0) -> Engine:
    """Return an engine; for SQLite it holds one connection, to be used by one thread at a time."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    if password_file is not None:
        parsed = parsed.set(password=password_file.read_text().strip())
    if idle_seconds:
        limit = f"-c idle_in_transaction_session_timeout={idle_seconds}s"
        said = " ".join((*parsed.normalized_query.get("options", ()), limit))
        parsed = parsed.update_query_dict({"options": said})
    return create_engine(
        parsed,
        pool_size=3,
        max_overflow=2,
        pool_timeout=2,
        pool_pre_ping=True,
        connect_args={**soon(parsed), "cursor_factory": BinaryCursor},
    )


def soon(url: URL) -> dict[str, int]:
    """Return the driver's arguments that notice a lost server, as far as the URL leaves them."""
    return {name: value for name, value in SOON.items() if name not in url.query}


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(
        url, poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": 30.0}
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in (
            "page_size=16384",
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "wal_autocheckpoint=4000",
            "cache_size=-32000",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        # A deferred transaction that reads first fails under load, and no timeout helps.
        reading = db.get_execution_options().get("reading", False)
        db.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def check_durable(engine: Engine) -> None:
    """Refuse a database that may answer before the disk has it (P2, section 0 number 12)."""
    with engine.connect() as db:
        if engine.dialect.name == "sqlite":
            if db.exec_driver_sql("PRAGMA synchronous").scalar_one() < 2:  # noqa: PLR2004 - FULL
                raise UnsafeSetUp("SQLite runs with synchronous below FULL; set it to FULL.")
            return
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            value = db.exec_driver_sql(f"SHOW {setting}").scalar_one()
            if value == "off":
                raise UnsafeSetUp(f"PostgreSQL runs with {setting} = off; switch it on.")
