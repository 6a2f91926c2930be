"""Brings a database to the newest revision: a service's log and read tables, or the key store."""

import logging
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, bindparam, inspect, select, text

from libs.runtime import tables, vault
from libs.runtime.engines import KEYS
from libs.runtime.rows import INSERT
from libs.runtime.tables import POSITIONS

HERE = Path(__file__).parent / "migrations"
SERVICES = Path(__file__).parents[2] / "services"
TABLES = "tables"
"""Stands among the consumers, as what has worked off all that a service's read tables show."""
_OF = (POSITIONS.c.consumer == TABLES) & (POSITIONS.c.source == bindparam("service"))
_FILLED = select(POSITIONS.c.mark).where(_OF)
_FILL = POSITIONS.update().where(_OF).values(mark=bindparam("revision"))


def target(service: str) -> MetaData:
    """Return the log's tables, or the key store's: what a revision of ours must end in."""
    return vault.METADATA if service == KEYS else tables.METADATA


def config(service: str, engine: Engine) -> Config:
    """Return Alembic's configuration: one environment for all, a version folder per owner."""
    made = Config()
    folders = (
        [HERE / "keys"] if service == KEYS else [HERE / "log", SERVICES / service / "migrations"]
    )
    made.set_main_option("script_location", str(HERE))
    made.set_main_option("path_separator", "newline")
    made.set_main_option("version_locations", "\n".join(str(f) for f in folders if f.exists()))
    made.attributes["engine"] = engine
    return made


def upgrade(service: str, engine: Engine, role: str = "", to: str = "heads") -> bool:
    """Run all missing revisions in one transaction; what is there already is left alone.

    Return whether the read tables are to be made again: a revision makes columns, and only the
    logs know what belongs into them. It stays true until `rebuild` has done it (F8).

    `to` an older revision only where a backup of an older release is to be filled in.

    With a role, that role may work on all tables but only insert into and read `events` (P15).
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with engine.connect() as db:
        fresh = not _heads(db)
    command.upgrade(config(service, engine), to)
    if role and engine.dialect.name == "postgresql":
        _grant(engine, role)
    if service == KEYS or to != "heads":
        return False
    with engine.begin() as db:
        if fresh:
            filled(service, db)
        return db.execute(_FILLED, {"service": service}).scalar() != _revision(service, db)


def filled(service: str, db: Connection) -> None:
    """Note, in the transaction that fills them, for which revision read tables are filled."""
    place = {"consumer": TABLES, "source": service, "partition": 0}
    first = INSERT[db.dialect.name](POSITIONS).values(**place, seq=0)
    db.execute(first.on_conflict_do_nothing())
    db.execute(_FILL, {"service": service, "revision": _revision(service, db)})


def _heads(db: Connection) -> Sequence[str]:
    return MigrationContext.configure(db).get_current_heads()


def _revision(service: str, db: Connection) -> str:
    """Return at which revision a service's own tables are, apart from the log's."""
    return next((head for head in _heads(db) if head.startswith(f"{service}_")), "")


def _grant(engine: Engine, role: str) -> None:
    quoted = engine.dialect.identifier_preparer.quote(role)
    with engine.begin() as db:
        tables = inspect(db).get_table_names()
        for table in tables:
            name = engine.dialect.identifier_preparer.quote(table)
            rights = "SELECT, INSERT" if table == "events" else "SELECT, INSERT, UPDATE, DELETE"
            db.execute(text(f"REVOKE ALL ON {name} FROM {quoted}"))
            db.execute(text(f"GRANT {rights} ON {name} TO {quoted}"))
