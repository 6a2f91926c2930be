"""Trouble under a running service: what passes is waited out, what lasts is parked alone (P43)."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from typing_extensions import override

from libs.events import Envelope, PracticeRegistered
from libs.runtime import calendar
from libs.runtime.effects import CONSUMER, RedrivenEffect
from libs.runtime.engines import open_engine
from libs.runtime.hearing import Heard
from libs.runtime.pages import Redrive
from libs.runtime.parked import listed, retry
from libs.runtime.rows import put
from libs.runtime.service import Service
from libs.runtime.trouble import Stopped
from libs.runtime.vault import Vault
from tests import toy
from tests.bench import AWAY, Bench, Once, hear, page, said, until


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    def create(name: str) -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        return str(request.getfixturevalue("postgres_database")())

    return Bench(tmp_path, create)


def test_what_one_instance_parked_holds_up_the_stream_at_the_other(bench: Bench) -> None:
    async def scene() -> None:
        first = bench.host(toy.GREETER)
        second = bench.second(first)
        await first.start()
        await second.start()
        quiet, bad, good = await said(bench, (1, "quiet"), (2, "unsayable"), (2, "after"))
        await hear(second, page(quiet))  # it has looked: nothing is parked
        await hear(first, page(bad, after=1))
        await hear(second, page(good, after=2))
        assert await first.read(toy.names) == ["quiet"]
        assert len(await first.read(listed)) == 2

    bench.run(scene)


def test_two_instances_that_redrive_one_message_work_it_off_once(bench: Bench) -> None:
    """The second finds it gone, and neither decides it again nor parks it again."""

    async def scene() -> None:
        host = bench.host(toy.GREETER)
        await host.start()
        (event,) = await said(bench, (1, "hello"))
        item = Heard(seq=1, source="gateway", envelope=event, error=ValueError("then"))
        await host.write(host.hearing.park, item, host.clock.now())
        later = host.clock.now() + timedelta(hours=9)
        gate = threading.Event()
        waiting = asyncio.create_task(host.write(lambda _: gate.wait(10)))
        await asyncio.sleep(0)
        both = [asyncio.create_task(host.submit(Redrive(host.hearing, later))) for _ in range(2)]
        await asyncio.sleep(0)
        gate.set()
        assert sorted(await asyncio.gather(*both)) == [0, 1]
        await waiting
        assert await host.read(toy.names) == ["hello"]
        assert await host.read(listed) == []
        assert await host.read(host.store.head) == 1

    bench.run(scene)


def test_an_effect_redriven_by_two_is_recorded_once_whatever_the_second_says(
    bench: Bench,
) -> None:
    async def scene() -> None:
        host = bench.host(toy.GREETER)
        await host.start()
        (event,) = await said(bench, (1, "hello"))
        item = Heard(seq=1, source="dunning", envelope=event, error=ValueError("then"))
        await host.write(lambda db: host.hearing.park(db, item, bench.clock.now(), CONSUMER))
        now = bench.clock.now()
        await host.submit(RedrivenEffect(host.hearing, replace(item, error=None), now))
        await host.submit(RedrivenEffect(host.hearing, item, now))
        assert await host.read(listed) == []

    bench.run(scene)


def unwritable(event: PracticeRegistered, _: Envelope) -> Iterator[Any]:
    """Make a row that only the database finds wrong: a projection's bug."""
    bad = event.name.startswith("bad")
    yield put(toy.HEARD, name=None if bad else event.name)


def unfindable(_: Connection, events: Sequence[Any]) -> None:
    """Fail for one event of a page: a lookup's bug."""
    assert not any(event.name.startswith("bad") for event in events)


@pytest.mark.parametrize(
    "service",
    [
        replace(toy.GREETER, projections=[toy.project_greetings, unwritable]),
        replace(
            toy.GREETER,
            reactions={PracticeRegistered: (lambda event, _: toy.welcome(event), unfindable)},
        ),
    ],
    ids=["rows", "lookup"],
)
def test_a_message_that_spoils_its_page_is_parked_alone_and_comes_again(
    bench: Bench, service: Service
) -> None:
    async def scene() -> None:
        events = await said(bench, (1, "fine"), (2, "bad"), (2, "behind"), (3, "more"))
        host = bench.host(service)
        feed = Once(page(*events))
        await host.start([feed])
        await feed.empty.wait()
        assert await host.read(toy.names) == ["fine", "more"]
        rows = await host.read(listed)
        assert [row["last_error"].startswith("waits") for row in rows] == [False, True]
        await host.write(retry, None, bench.clock.now())
        assert await host.redrive() == 2
        rows = await host.read(listed)
        assert [row["last_error"].startswith("waits") for row in rows] == [False, True]
        assert [row["attempts"] for row in rows] == [2, 2]
        assert await host.position_of("gateway", 0) == 4

    bench.run(scene)


def test_a_key_store_that_is_away_parks_nothing(bench: Bench) -> None:
    """Neither while a rule's event is sealed nor while a heard one is opened."""

    class Away(Vault):
        failures = 2

        @override
        def seal(self, event: Any, event_id: Any) -> Any:
            self._fail()
            return super().seal(event, event_id)

        @override
        def open_event(self, event: Any, event_id: Any) -> Any:
            self._fail()
            return super().open_event(event, event_id)

        def _fail(self) -> None:
            if self.failures:
                self.failures -= 1
                raise AWAY

    async def scene() -> None:
        events = await said(bench, (1, "hello"))
        engine = open_engine(f"sqlite:///{bench.folder / 'keys.db'}")
        bench.keys = Away(engine, b"m" * 32, bench.clock.now)
        opens = frozenset({PracticeRegistered})
        for number, service in enumerate([toy.GREETER, replace(toy.GREETER, opens=opens)]):
            bench.keys.failures = 2
            host = bench.host(service, f"greeter-{number}")
            feed = Once(page(*events))
            await host.start([feed])
            await feed.empty.wait()
            assert bench.keys.failures == 0
            assert await host.read(listed) == []
            assert await host.read(toy.names) == ["hello"]

    bench.run(scene)


def test_a_commit_that_came_through_unheard_is_answered_and_not_decided_again(
    bench: Bench,
) -> None:
    """F28: the answer to COMMIT was lost. The writer finds the events and says what is."""

    async def scene() -> None:
        host = bench.host(toy.REGISTRY)
        await host.start()
        host.store.after = 1  # type: ignore[attr-defined]  # it is a shaky one
        gate = threading.Event()
        waiting = asyncio.create_task(host.write(lambda _: gate.wait(10)))
        await asyncio.sleep(0)
        commands = [toy.Rename(practice_id=toy.practice(n), name="once") for n in range(3)]
        tasks = [asyncio.create_task(host.handle(command)) for command in commands]
        await asyncio.sleep(0)
        gate.set()
        await waiting
        assert await asyncio.gather(*tasks) == [toy.Count(1)] * 3
        assert await host.read(host.store.head) == 3

    bench.run(scene)


def test_effects_outlive_a_database_that_was_away(bench: Bench) -> None:
    async def effect(event: PracticeRegistered, _: Envelope) -> toy.Rename:
        if event.name.startswith("done"):
            return []  # type: ignore[return-value]
        return toy.Rename(practice_id=event.practice_id, name=f"done-{event.name}")

    async def scene() -> None:
        host = bench.host(replace(toy.REGISTRY, effects={PracticeRegistered: effect}))
        host.read_store.before = 1_000  # type: ignore[attr-defined]
        await host.start()
        await host.handle(toy.Rename(practice_id=toy.practice(1), name="one"))
        await until(lambda: bool(host.troubles))
        host.read_store.before = 0  # type: ignore[attr-defined]
        await until(lambda: not host.troubles)
        while await host.read(host.store.head) < 2:  # noqa: ASYNC110 - another loop is asked
            await asyncio.sleep(0.01)

    bench.run(scene)


def test_an_effect_whose_command_spoils_its_page_is_parked_alone(bench: Bench) -> None:
    async def effect(event: PracticeRegistered, _: Envelope) -> Any:
        if event.name == "bad":
            return object()  # a command that nobody decides
        done = event.name.startswith("done")
        command = toy.Rename(practice_id=event.practice_id, name=f"done-{event.name}")
        return None if done else command

    async def scene() -> None:
        host = bench.host(replace(toy.REGISTRY, effects={PracticeRegistered: effect}))
        names = ["one", "bad", "two"]
        commands = [toy.Rename(practice_id=toy.practice(1), name=name) for name in names]
        await host.handle_all(commands)
        await host.start()
        while not await host.effects.at_rest(host):  # noqa: ASYNC110 - another loop is asked
            await asyncio.sleep(0.01)
        assert await host.read(host.store.head) == 5
        (row,) = await host.read(listed)
        assert (row["consumer"], row["attempts"]) == (CONSUMER, 1)
        await host.write(retry, None, bench.clock.now())
        await host.redrive()
        (row,) = await host.read(listed)
        assert (row["attempts"], row["first_error"]) == (2, row["last_error"])

    bench.run(scene)


def test_the_calendar_outlives_a_database_that_was_away_and_shows_trouble_that_stays(
    bench: Bench,
) -> None:
    def due(_: Connection, day: Any, last: Any) -> Iterator[toy.Rename]:
        assert last is None, "a page that is not full is the last"
        yield toy.Rename(practice_id=toy.practice(1), name=f"day-{day}")

    async def scene() -> None:
        host = bench.host(replace(toy.REGISTRY, due=[due]))
        await host.start()
        host.read_store.before = 1_000  # type: ignore[attr-defined]
        host.spawn(calendar.follow(host), "calendar")
        await until(lambda: host.halted.startswith("calendar: "))
        host.read_store.before = 0  # type: ignore[attr-defined]
        await until(lambda: not host.halted)
        assert await host.read(host.store.head) == 1

    bench.run(scene)


def test_a_stopped_service_takes_no_more_work(bench: Bench) -> None:
    async def scene() -> None:
        host = bench.host(toy.REGISTRY)
        await host.start()
        await host.read(host.store.head)
        await host.stop()
        with pytest.raises(Stopped):
            async with asyncio.timeout(5):
                await host.handle(toy.Rename(practice_id=toy.practice(1), name="late"))

    bench.run(scene)
