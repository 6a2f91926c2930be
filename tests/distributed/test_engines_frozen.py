"""An instance that stands still, its connections open: the others go on, and it does no harm (F9).

Here in one process and with short limits; test_engines_broken.py freezes whole processes.
"""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from libs.runtime.engines import connect, open_engine
from libs.runtime.ids import new_id
from libs.runtime.kafka import Cluster
from libs.runtime.kafka.group import KafkaGroup
from libs.runtime.relay import Lock
from libs.runtime.settings import Settings
from libs.runtime.store import Conflict, Store
from tests.logs import PATIENCE, create_log, practice, recorded

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

KIND = "InvoiceIssued"
ONE = practice(1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def url(postgres_database: Callable[[], str]) -> str:
    """Return the URL of an empty log."""
    made = postgres_database()
    engine = open_engine(made)
    create_log(engine)
    engine.dispose()
    return made


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(true):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def test_a_relay_that_says_nothing_any_more_loses_the_lock_to_one_that_waits(
    url: str,
) -> None:
    """F9: a process under SIGSTOP keeps its connection, and with it the lock, for ever."""
    engine = open_engine(url)
    frozen, waiting = Lock(engine, silent_seconds=1), Lock(engine, silent_seconds=1)
    assert await asyncio.to_thread(frozen.held)
    await until(waiting.held)
    with pytest.raises(DBAPIError):  # it wakes up, and its connection is gone
        frozen.held()
    assert not await asyncio.to_thread(frozen.held)
    assert await asyncio.to_thread(waiting.held)
    frozen.release()
    waiting.release()
    engine.dispose()


async def test_a_relay_that_works_keeps_the_lock_however_long_another_waits(url: str) -> None:
    engine = open_engine(url)
    working, waiting = Lock(engine, silent_seconds=1), Lock(engine, silent_seconds=1)
    async with asyncio.timeout(PATIENCE):
        for _ in range(40):
            assert await asyncio.to_thread(working.held)
            assert not await asyncio.to_thread(waiting.held)
            await asyncio.sleep(0.05)
    working.release()
    await until(waiting.held)
    waiting.release()
    engine.dispose()


async def test_a_writer_that_freezes_with_the_head_of_the_log_holds_up_nobody_for_long(
    url: str,
) -> None:
    """F9: PostgreSQL ends its transaction; when it wakes up it finds nothing stored, and knows."""
    frozen, other = (Store("owner", open_engine(url, idle_seconds=1)) for _ in range(2))
    with pytest.raises(Conflict, match="idle"):  # so its writer decides again
        await asyncio.to_thread(freeze, frozen, lambda: append(other, 1))
    with other.reading() as db:
        events, _ = other.read(db, 0, 10)
    assert [event.version for event in events] == [1]
    append(frozen, 2)
    for store in (frozen, other):
        store.engine.dispose()


def freeze(store: Store, meanwhile: Callable[[], None]) -> None:
    """Take the head of the log and let it go only after something else was done."""
    with store.writing() as db:
        store.append(db, [recorded(ONE, 1, KIND, "owner")])
        meanwhile()
        store.head(db)


def append(store: Store, number: int) -> None:
    with store.writing() as db:
        store.append(db, [recorded(ONE, number, KIND, "owner")])


def test_a_service_asks_postgres_to_end_what_it_leaves_open_and_a_command_does_not(
    url: str,
) -> None:
    settings = Settings(database=url, kafka="nowhere:1")

    def limit(engine: Engine) -> str:
        with engine.connect() as db:
            return str(db.execute(text("show idle_in_transaction_session_timeout")).scalar_one())

    engines = [connect(settings, "owner", serves=True), connect(settings, "owner")]
    assert [limit(engine) for engine in engines] == ["15s", "0"]
    for engine in engines:
        engine.dispose()


@pytest.mark.kafka
async def test_a_member_that_was_stopped_while_others_waited_for_it_starts_nothing(
    kafka_bootstrap: str,
) -> None:
    """A feed asks for the member just when the group stops: it waits, and joins nothing anew."""
    group = KafkaGroup(Cluster(bootstrap=kafka_bootstrap), f"consumer-{new_id()}", ["nobody"])
    async with group._starting:
        asking = asyncio.create_task(group.member())
        stopping = asyncio.create_task(group.stop())
        await asyncio.sleep(0)
    await stopping
    done, _ = await asyncio.wait({asking}, timeout=0.2)
    assert not done
    assert group._consumer is None
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
