"""Lies told to a stored system behind its back, and taken back afterwards.

What the database itself refuses is switched off first, as whoever has its files or is its owner
can do.
"""

# ruff: noqa: S608 - a lie is told in whatever words SQL has for it

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, MetaData, Table, text

from libs.runtime.engines import connect
from libs.runtime.settings import Settings
from services.command.opening import opened
from services.command.proving import prove_opened


class Liar:
    """Changes rows of a service's database past all its guards."""

    def __init__(self, settings: Settings, service: str) -> None:
        self.service = service
        self._engine = connect(settings, service)
        self._sqlite = self._engine.dialect.name == "sqlite"

    def say(self, sql: str, **given: Any) -> int:
        """Run a statement; return how many rows it changed."""
        with self._engine.begin() as db:
            if self._sqlite:
                for act in ("update", "delete"):
                    db.execute(text(f"DROP TRIGGER IF EXISTS events_no_{act}"))
            else:
                db.execute(text("SET LOCAL session_replication_role = replica"))
            return db.execute(text(sql), given).rowcount

    def ask(self, sql: str, **given: Any) -> Any:
        """Return one row of a query."""
        with self._engine.connect() as db:
            return db.execute(text(sql), given).one()

    @contextmanager
    def lied(self, table: str) -> Iterator[None]:
        """Put a table back as it was, at the end."""
        columns = ", ".join(_columns(self._engine, table))
        self.say(f"CREATE TABLE kept_{table} AS SELECT {columns} FROM {table}")
        try:
            yield
        finally:
            self.say(f"DELETE FROM {table}")
            self.say(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table}")
            self.say(f"DROP TABLE kept_{table}")

    def close(self) -> None:
        self._engine.dispose()


def _columns(engine: Engine, table: str) -> list[str]:
    described = Table(table, MetaData(), autoload_with=engine)
    return [f'"{column.name}"' for column in described.columns if column.computed is None]


@contextmanager
def liar(settings: Settings, service: str) -> Iterator[Liar]:
    made = Liar(settings, service)
    try:
        yield made
    finally:
        made.close()


def found(settings: Settings) -> Mapping[str, Any]:
    """Return what `quittance verify` finds; services hear each other's logs, on either engine."""
    with opened(settings) as services:
        return prove_opened(services, over_kafka=False)
