"""All databases as of one moment, while services go on: what a backup copies.

Nobody may append while the snapshots are opened: on SQLite each database's write lock is held, on
PostgreSQL each log's head. That takes milliseconds, and makes a cut in which no service has heard
what its owner has not recorded. Keys come last: they hold at least what the logs need.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, select, text

from libs.runtime.backup import CHUNK, Database, Folder
from libs.runtime.engines import KEYS
from libs.runtime.tables import LOG_HEAD

LOCK_SECONDS = 30
_STORED = text(
    "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    " AND table_name = :table AND is_generated = 'NEVER' ORDER BY ordinal_position"
)
"""What a table holds besides what the server computes of it."""


@contextmanager
def snapshots(engines: Mapping[str, Engine]) -> Iterator[Mapping[str, Connection]]:
    """Open a reading transaction on every database at once, the key store's last."""
    names = sorted(engines, key=lambda name: name == KEYS)
    with ExitStack() as stack:
        with ExitStack() as locks:
            for name in names:
                if name != KEYS:
                    locks.enter_context(_still(engines[name]))
            found = {}
            for name in names:
                found[name] = stack.enter_context(_snapshot(engines[name]))
        yield found


@contextmanager
def _still(engine: Engine) -> Iterator[None]:
    """Keep everybody from appending to a log."""
    if engine.dialect.name == "sqlite":
        path = engine.url.database
        with closing(sqlite3.connect(str(path), timeout=LOCK_SECONDS, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")
        return
    with engine.connect() as held, held.begin():
        held.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        held.execute(select(LOG_HEAD).with_for_update())
        yield


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with engine.connect().execution_options(**options) as db, db.begin():
        db.execute(text("SELECT count(*) FROM alembic_version"))  # the moment is the first read's
        yield db


def save(name: str, db: Connection, folder: Folder) -> Database:
    """Write a database of the cut into a backup; return what the manifest says of it."""
    revisions = sorted(db.execute(text("SELECT version_num FROM alembic_version")).scalars())
    position, chain = 0, ""
    if name != KEYS:
        head = db.execute(select(LOG_HEAD.c.position, LOG_HEAD.c.chain)).one()
        position, chain = head.position, bytes(head.chain).hex()
    tables: Mapping[str, Sequence[str]] = {}
    if db.dialect.name == "sqlite":
        with folder.file(f"{name}.db") as path, closing(sqlite3.connect(path)) as copy:
            source: Any = db.connection.driver_connection
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself
    else:
        tables = {table: _save_table(name, table, db, folder) for table in _tables(db)}
    return Database(revisions=revisions, position=position, chain=chain, tables=tables)


def _tables(db: Connection) -> list[str]:
    return sorted(set(inspect(db).get_table_names()) - {"alembic_version"})


def _save_table(name: str, table: str, db: Connection, folder: Folder) -> Sequence[str]:
    columns = db.execute(_STORED, {"table": table}).scalars().all()
    driver: Any = db.connection.driver_connection
    sql = f"COPY {_into(db, table, columns)} TO STDOUT"
    with (
        folder.file(f"{name}/{table}.copy") as path,
        path.open("wb") as file,
        driver.cursor() as cursor,
        cursor.copy(sql) as copy,
    ):
        for piece in copy:
            file.write(piece)
    return columns


def load(name: str, db: Connection, source: Path, saved: Database) -> None:
    """Fill the empty tables of a PostgreSQL database with what was saved of them."""
    driver: Any = db.connection.driver_connection
    if name != KEYS:
        db.execute(LOG_HEAD.delete())  # the row that a new log begins with
    for table, columns in saved.tables.items():
        sql = f"COPY {_into(db, table, columns)} FROM STDIN"
        with (
            (source / name / f"{table}.copy").open("rb") as file,
            driver.cursor() as cursor,
            cursor.copy(sql) as copy,
        ):
            while piece := file.read(CHUNK):
                copy.write(piece)


def _quoted(db: Connection, name: str) -> str:
    return db.dialect.identifier_preparer.quote(name)


def _into(db: Connection, table: str, columns: Sequence[str]) -> str:
    return f"{_quoted(db, table)} ({', '.join(_quoted(db, name) for name in columns)})"
