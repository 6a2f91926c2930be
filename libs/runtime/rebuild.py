"""Makes a service's read tables again from the logs, in one transaction.

The old rows serve readers
until the new ones are whole (F8).
"""

from itertools import islice

from sqlalchemy import Connection, text

from libs.runtime import crash, rows
from libs.runtime.hearing import Hearing
from libs.runtime.verify import Reach, changes

PAGE = 5_000


def rebuild(hearing: Hearing, db: Connection, reach: Reach) -> int:
    """Empty the read tables and fill them again; return how many row changes were made."""
    if db.dialect.name == "postgresql" and hearing.service.tables.tables:
        # A running writer waits: what it changed of rows made anew meanwhile would be lost.
        names = ", ".join(f'"{table}"' for table in sorted(hearing.service.tables.tables))
        db.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
    for table in reversed(hearing.service.tables.sorted_tables):
        db.execute(table.delete())
    made = changes(hearing, db, reach)
    count = 0
    while page := list(islice(made, PAGE)):
        rows.write(db, page)
        crash.point("rebuild.before_commit")
        count += len(page)
    return count
