"""The one path on both engines: log, writer and hearing (P2 to P8, P14, P15)."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DatabaseError

from libs.runtime import verify
from libs.runtime.clock import MovableClock
from libs.runtime.engines import open_engine
from libs.runtime.feed import StoreFeed
from libs.runtime.host import Host
from libs.runtime.pages import PageWork
from libs.runtime.parked import listed, retry
from libs.runtime.rebuild import rebuild
from libs.runtime.tables import EVENTS
from libs.runtime.verify import Reach
from tests import toy

Make = Callable[[str], tuple[Engine, Engine]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Return a maker of fresh databases: an engine for the writer and one for the reader."""
    engines: list[Engine] = []

    def make(name: str) -> tuple[Engine, Engine]:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / name}.db"
            pair = (open_engine(url), open_engine(url))
        else:
            url = request.getfixturevalue("postgres_database")()
            pair = (open_engine(url), open_engine(url))
        engines.extend(pair)
        return pair

    yield make
    for engine in engines:
        engine.dispose()


class Pair:
    """The two toy services, the second hearing the first."""

    def __init__(self, databases: Make, folder: Path) -> None:
        self.clock = MovableClock()
        self.clock.set_day(toy.DAY)
        self.keys = toy.vault(folder, self.clock)
        self.registry = toy.host(toy.REGISTRY, *databases("registry"), self.keys, self.clock)
        self.greeter = toy.host(toy.GREETER, *databases("greeter"), self.keys, self.clock)

    def feed(self) -> StoreFeed:
        """Return a feed of the registry for the greeter."""
        owner = self.registry
        types = ["PracticeRegistered"]
        return StoreFeed(owner.read_store, owner.read, owner.wake, types, self.greeter.position_of)

    async def start(self) -> None:
        """Start both."""
        await self.registry.start()
        await self.greeter.start([self.feed()])

    async def rest(self) -> None:
        """Wait until the greeter has heard everything."""
        async with asyncio.timeout(20):
            while not (await self.registry.at_rest() and await self.greeter.at_rest()):  # noqa: ASYNC110 - two loops are asked
                await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Stop both."""
        await self.greeter.stop()
        await self.registry.stop()
        self.keys.close()

    def proof(self) -> list[str]:
        """Return all that `verify` finds wrong."""
        with (
            self.registry.read_store.reading() as one,
            self.greeter.read_store.reading() as two,
        ):
            _, logs = verify.verify_log("gateway", one)
            _, more = verify.verify_log("dunning", two)
            reach = Reach(
                logs={
                    "gateway": (self.registry.read_store, one),
                    "dunning": (self.greeter.read_store, two),
                }
            )
            _, tables = verify.verify_tables(self.greeter.hearing, two, reach)
        return logs + more + tables


@pytest.fixture
def pair(databases: Make, tmp_path: Path) -> Pair:
    return Pair(databases, tmp_path)


def run(pair: Pair, scene: Callable[[], object]) -> None:
    """Run a scene between start and stop."""

    async def play() -> None:
        await pair.start()
        try:
            await scene()  # type: ignore[misc]  # scenes are coroutine functions
        finally:
            await pair.stop()

    asyncio.run(play())


def test_what_is_said_is_heard_once_and_in_order(pair: Pair) -> None:
    async def scene() -> None:
        commands = [
            toy.Rename(practice_id=toy.practice(n % 5), name=f"name-{n}") for n in range(200)
        ]
        await asyncio.gather(*(pair.registry.handle(command) for command in commands))
        await pair.rest()
        assert len(await pair.greeter.read(toy.names)) == 200
        assert pair.proof() == []

    run(pair, scene)


def test_a_command_that_was_said_before_changes_nothing_and_gets_its_answer(pair: Pair) -> None:
    async def scene() -> None:
        command = toy.Rename(practice_id=toy.practice(1), name="once")
        first = await pair.registry.handle(command, "the-key")
        second = await pair.registry.handle(command, "the-key")
        assert first == second == toy.Count(1)
        together = await asyncio.gather(
            *(pair.registry.handle(command, "another-key") for _ in range(10))
        )
        assert set(together) == {toy.Count(2)}
        assert await pair.registry.read(pair.registry.store.head) == 2

    run(pair, scene)


def test_a_refused_command_and_a_failed_one_leave_their_neighbours_alone(pair: Pair) -> None:
    async def scene() -> None:
        def handle(name: str) -> object:
            return pair.registry.handle(toy.Rename(practice_id=toy.practice(1), name=name))

        got = await asyncio.gather(
            handle("good"), handle("x"), handle("bug"), handle("fine"), return_exceptions=True
        )  # type: ignore[call-overload]  # coroutines behind a helper
        assert [type(one) for one in got] == [
            toy.Count,
            toy.TooShort,
            ZeroDivisionError,
            toy.Count,
        ]
        assert await pair.registry.read(pair.registry.store.head) == 2

    run(pair, scene)


def test_a_message_that_fails_is_parked_and_later_ones_of_its_stream_wait_behind(
    pair: Pair,
) -> None:
    async def scene() -> None:
        for number, name in [(1, "unsayable"), (1, "after"), (2, "other")]:
            await pair.registry.handle(toy.Rename(practice_id=toy.practice(number), name=name))
        await pair.rest()
        assert await pair.greeter.read(toy.names) == ["other"]
        assert [row["attempts"] for row in await pair.greeter.read(listed)] == [1, 1]
        assert pair.proof() == []
        await pair.greeter.write(retry, None, pair.clock.now())
        await pair.greeter.redrive()
        assert [row["attempts"] for row in await pair.greeter.read(listed)] == [2, 2]
        assert pair.proof() == []

    run(pair, scene)


def test_a_page_delivered_twice_has_one_effect(pair: Pair) -> None:
    async def scene() -> None:
        feed = pair.feed()
        await feed.start()
        await pair.registry.handle(toy.Rename(practice_id=toy.practice(1), name="once"))
        page = await feed.next()
        await pair.rest()
        again = await pair.greeter.submit(PageWork(pair.greeter.hearing, page, pair.clock.now))
        assert again is False
        assert await pair.greeter.read(toy.names) == ["once"]
        assert pair.proof() == []

    run(pair, scene)


def test_two_instances_on_one_log_lose_no_race(databases: Make, tmp_path: Path) -> None:
    pair = Pair(databases, tmp_path)
    registry = pair.registry
    if registry.store.engine.dialect.name == "sqlite":
        pytest.skip("SQLite belongs to one process; the data folder's lock says so")
    second = Host(toy.REGISTRY, registry.store, registry.read_store.engine, pair.keys, pair.clock)

    async def scene() -> None:
        await second.start()
        hosts = [registry, second]
        commands = [toy.Rename(practice_id=toy.practice(n % 3), name=f"n-{n}") for n in range(120)]
        await asyncio.gather(*(hosts[i % 2].handle(command) for i, command in enumerate(commands)))
        await pair.rest()
        assert await registry.read(registry.store.head) == 120
        assert pair.proof() == []
        await asyncio.to_thread(second.writer.worker.stop)

    run(pair, scene)


def test_personal_fields_are_ciphertext_in_the_log_and_gone_after_erasure(pair: Pair) -> None:
    async def scene() -> None:
        await pair.registry.handle(toy.Rename(practice_id=toy.practice(1), name="abc"))
        await pair.rest()
        with pair.greeter.read_store.reading() as db:
            row = db.execute(select(EVENTS)).one()
        assert b"Hidden" not in row.data
        event = toy_event(row.data)
        opened = pair.keys.open_event(event, row.event_id)
        assert opened.guest is not None
        hidden = opened.guest.reveal()
        assert hidden is not None
        assert hidden.name == "Hidden Guest"
        assert pair.keys.destroy(opened.guest.subject)
        after = pair.keys.open_event(event, row.event_id)
        assert after.guest is not None
        assert after.guest.reveal() is None
        sealed = pair.keys.seal(opened, row.event_id)
        assert sealed.guest is not None
        assert sealed.guest.erased

    run(pair, scene)


def toy_event(data: bytes) -> toy.Greeted:
    """Return a stored greeting."""
    return msgspec.json.decode(data, type=toy.Greeted)


def test_the_database_refuses_to_change_what_was_recorded(pair: Pair) -> None:
    async def scene() -> None:
        await pair.registry.handle(toy.Rename(practice_id=toy.practice(1), name="abc"))
        for act in ("UPDATE events SET data = data", "DELETE FROM events"):
            with pytest.raises(DatabaseError, match="never changed"):
                await pair.registry.write(lambda db, act=act: db.execute(text(act)))

    run(pair, scene)


def test_verify_names_the_position_of_a_changed_event_and_a_changed_row(pair: Pair) -> None:
    async def scene() -> None:
        for number in range(5):
            command = toy.Rename(practice_id=toy.practice(number), name=f"name-{number}")
            await pair.registry.handle(command)
        await pair.rest()
        assert pair.proof() == []
        await pair.registry.write(_falsify_event)
        await pair.greeter.write(_falsify_rows)
        found = "\n".join(pair.proof())
        assert "gateway: position 3" in found
        assert "greetings" in found
        assert "differs: number is 9, should be 6" in found
        assert "heard lacks the row name-2" in found
        with pair.registry.read_store.reading() as other:
            assert await pair.greeter.write(_rebuild, pair, other) == 10
        assert not [one for one in pair.proof() if one.startswith("dunning")]

    run(pair, scene)


def _falsify_event(db: Connection) -> None:
    if db.dialect.name == "sqlite":
        db.execute(text("DROP TRIGGER events_no_update"))
    else:
        db.execute(text("ALTER TABLE events DISABLE TRIGGER events_no_change"))
    db.execute(text("UPDATE events SET tenant = 'x' WHERE position = 3"))


def _falsify_rows(db: Connection) -> None:
    db.execute(text("UPDATE greetings SET number = 9 WHERE name = 'name-1'"))
    db.execute(text("DELETE FROM heard WHERE name = 'name-2'"))


def _rebuild(db: Connection, pair: Pair, other: Connection) -> int:
    logs = {
        "gateway": (pair.registry.read_store, other),
        "dunning": (pair.greeter.store, db),
    }
    return rebuild(pair.greeter.hearing, db, Reach(logs=logs))
