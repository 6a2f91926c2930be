"""Brings a database to the newest revision: a service's log and read tables, or the key store."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, inspect, text

from libs.runtime import tables, vault
from libs.runtime.engines import KEYS

HERE = Path(__file__).parent / "migrations"
SERVICES = Path(__file__).parents[2] / "services"


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

    Return whether read tables that were there became others: a revision makes columns, and only
    the logs know what belongs into them, so the tables are to be made again.

    `to` an older revision only where a backup of an older release is to be filled in.

    With a role, that role may work on all tables but only insert into and read `events` (P15).
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    before = _revisions(service, engine)
    command.upgrade(config(service, engine), to)
    if role and engine.dialect.name == "postgresql":
        _grant(engine, role)
    return bool(before) and before != _revisions(service, engine)


def _revisions(service: str, engine: Engine) -> set[str]:
    """Return at which revision a service's own tables are, apart from the log's."""
    with engine.connect() as db:
        heads = MigrationContext.configure(db).get_current_heads()
    return {head for head in heads if head.startswith(f"{service}_")}


def _grant(engine: Engine, role: str) -> None:
    quoted = engine.dialect.identifier_preparer.quote(role)
    with engine.begin() as db:
        tables = inspect(db).get_table_names()
        for table in tables:
            name = engine.dialect.identifier_preparer.quote(table)
            rights = "SELECT, INSERT" if table == "events" else "SELECT, INSERT, UPDATE, DELETE"
            db.execute(text(f"REVOKE ALL ON {name} FROM {quoted}"))
            db.execute(text(f"GRANT {rights} ON {name} TO {quoted}"))
