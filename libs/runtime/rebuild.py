"""Makes a service's read tables again from the logs, in one transaction.

The old rows serve readers until the new ones are whole (F8). All is folded in memory first, so each
row is written once, by the driver's own bulk path.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from sqlalchemy import Connection, Table, text

from libs.runtime import crash
from libs.runtime.hearing import Hearing
from libs.runtime.migrate import filled
from libs.runtime.store import Store
from libs.runtime.verify import Reach, changes, fold
from libs.runtime.verify.tables import Stored, Values


def rebuild_among(
    services: Mapping[str, tuple[Store, Hearing]], name: str, *, over_kafka: bool
) -> int:
    """Make a service's read tables again from its log and the others'; nothing runs meanwhile."""
    store, hearing = services[name]
    with store.writing() as db, ExitStack() as stack:
        logs = {
            other: (log, stack.enter_context(log.reading()))
            for other, (log, _) in services.items()
            if other != name
        }
        return rebuild(hearing, db, Reach(logs=logs | {name: (store, db)}, over_kafka=over_kafka))


def rebuild(hearing: Hearing, db: Connection, reach: Reach) -> int:
    """Empty the read tables and fill them again; return how many rows they have now.

    The logs in `reach` must not have been read before in their transactions: they are to be as new
    as what the writer, who waits from here on, has last heard of them.
    """
    tables = hearing.service.tables.sorted_tables
    if db.dialect.name == "postgresql" and tables:
        # A running writer waits: what it changed of rows made anew meanwhile would be lost.
        names = ", ".join(f'"{name}"' for name in sorted(table.name for table in tables))
        db.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
    made = fold(changes(hearing, db, reach), tables)
    for table in reversed(tables):
        db.execute(table.delete())
    count = 0
    for table in tables:
        rows = made.pop(table)
        _fill(db, table, rows)
        crash.point("rebuild.before_commit")
        count += len(rows)
    filled(hearing.service.name, db)
    return count


def _fill(db: Connection, table: Table, rows: Mapping[Any, Values]) -> None:
    """Write rows in the order of their keys, past SQLAlchemy: a third of the time."""
    stored = Stored(table, db.dialect)
    given = (stored.row(rows[key]) for key in sorted(rows))
    driver: Any = db.connection.driver_connection
    into = f"{stored.table} ({stored.columns})"
    if db.dialect.name == "sqlite":
        marks = ", ".join("?" * len(stored.names))
        driver.executemany(f"INSERT INTO {into} VALUES ({marks})", given)  # noqa: S608 - our names
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in given:
            copy.write_row(row)
