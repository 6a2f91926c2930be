"""Lies told to a stored system behind its back, and taken back afterwards.

What the database itself refuses is switched off first, as whoever has its files or is its owner
can do.
"""

# ruff: noqa: S608 - a lie is told in whatever words SQL has for it

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, text

from libs.runtime.engines import connect
from libs.runtime.settings import Settings
from libs.runtime.system import System
from libs.runtime.vault import master_key
from services.command.builds import BUILDS
from services.command.opening import migrate_all, opened
from services.command.proving import prove_opened
from services.command.proving_parts import Part, Shape, heads_of, prove_part
from services.gateway import registration
from tests import releases
from tests.engines import Databases
from tests.system import cooperative


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
    """Return the columns of a table but those that the database computes."""
    sql = "SELECT name FROM pragma_table_xinfo(:table) WHERE hidden = 0"
    if engine.dialect.name == "postgresql":
        sql = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = :table AND is_generated = 'NEVER'"
        )
    with engine.connect() as db:
        return [f'"{name}"' for name in db.execute(text(sql), {"table": table}).scalars()]


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


def wrong(settings: Settings, *names: str) -> str:
    """Return all that does not hold, a line each; of these services, or of all."""
    with opened(settings) as services:
        shape, heads = Shape(over_kafka=False), heads_of(services)
        failed = [
            what
            for name in names or services
            for kind in ("chain", "service", "documents")
            for what in prove_part(services, Part(kind, name, 0, heads[name]), shape)["failed"]
        ]
    return "\n".join(failed)


async def played(settings: Settings) -> None:
    """Play the scene; then say two things more that nobody has heard yet."""
    async with cooperative(settings.data, database=settings.database) as made:
        await releases.scene(made)
        clock = made.clock
    alone = System(settings, {"gateway": BUILDS["gateway"]}, clock)
    await alone.start()
    for number in (1, 2):
        command, _ = registration.new_client(
            practice_id=made.members[0].practice_id, name=f"more {number}"
        )
        await alone.hosts["gateway"].handle(command)
    await alone.stop()


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Return where the scene is stored, on each engine, played once in a run."""
    folder = tmp_path_factory.mktemp(request.param)
    master_key(folder / "master.key")
    if request.param == "sqlite":
        settings = Settings(data=folder, demo=False)
        asyncio.run(played(settings))
        yield settings
        return
    databases = Databases(request.getfixturevalue("postgres_server"))
    url = databases.create("keys", *BUILDS)
    settings = Settings(data=folder, demo=False, database=url, master_key=folder / "master.key")
    migrate_all(settings, [])
    asyncio.run(played(settings))
    yield settings
    databases.drop()


@pytest.fixture
def invoicing(stored: Settings) -> Iterator[Liar]:
    """Return who lies about invoicing."""
    with liar(stored, "invoicing") as made:
        yield made
