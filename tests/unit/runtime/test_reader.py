"""The reader's thread outlives whatever a database does to it."""

import asyncio
import sqlite3
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import OperationalError

from libs.runtime.engines import open_engine
from libs.runtime.reader import Reader
from libs.runtime.store import Store


def one(db: Connection) -> int:
    """Return 1, from the database."""
    return int(db.execute(text("select 1")).scalar_one())


def test_a_snapshot_lost_after_its_last_answer_neither_spoils_it_nor_ends_the_reader() -> None:
    engine = open_engine("sqlite://")
    reader = Reader(Store("dunning", engine))
    lost = []

    @event.listens_for(engine, "commit")
    def lose(_: Any) -> None:
        lost.append(True)
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))

    async def read_twice() -> list[int]:
        return [await reader.worker.submit((one, ())) for _ in range(2)]

    answers = asyncio.run(asyncio.wait_for(read_twice(), 60))
    reader.worker.stop()
    engine.dispose()
    assert answers == [1, 1]
    assert len(lost) == 2
