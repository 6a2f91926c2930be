"""What an operator does and sees while services run (P14, P39, P40, F24, F29, F31, F52)."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from libs.events import Envelope, PracticeRegistered
from libs.runtime import calendar, distributed
from libs.runtime.engines import UnsafeSetUp, open_engine
from libs.runtime.feed import StoreFeed
from libs.runtime.host import Host
from libs.runtime.rebuild import rebuild
from libs.runtime.records import Record
from libs.runtime.relay import Relay
from libs.runtime.rows import change, put
from libs.runtime.settings import Settings
from libs.runtime.store import Broken, Store
from libs.runtime.system import DataFolder
from libs.runtime.verify import Reach
from libs.runtime.web import create_app
from services.command import demo
from tests import toy
from tests.bench import Bench, until
from tests.logs import create_log, practice, recorded


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, lambda name: f"sqlite:///{tmp_path / name}.db")


def test_ready_names_what_is_halted_in_any_service_of_the_process(bench: Bench) -> None:
    async def ending() -> None:
        raise Broken("a gap")

    async def scene() -> None:
        seen, unseen = bench.host(toy.REGISTRY), bench.host(toy.GREETER)
        await seen.start()
        await unseen.start()
        app = create_app(seen, Settings(), hosts={"gateway": seen, "dunning": unseen})
        unseen.spawn(ending(), "feed:gateway")
        await until(lambda: bool(unseen.halted))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get("/health/ready")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready", "degraded": "dunning feed:gateway: a gap"}

    bench.run(scene)


def test_a_consumer_ahead_of_a_restored_log_stops_with_an_alarm(bench: Bench) -> None:
    async def scene() -> None:
        owner, host = bench.host(toy.REGISTRY), bench.host(toy.GREETER)
        await owner.start()
        await owner.handle(toy.Rename(practice_id=toy.practice(1), name="one"))
        with host.store.writing() as db:
            host.store.move(db, "dunning", "gateway", 0, 0, 7)
        feed = StoreFeed(
            owner.read_store, owner.read, owner.wake, ["PracticeRegistered"], host.position_of
        )
        await host.start([feed])
        await until(lambda: "heard up to 7, but the log ends at 1" in host.halted)

    bench.run(scene)


def test_one_failing_proposal_of_the_calendar_leaves_the_others_alone(bench: Bench) -> None:
    places = {toy.practice(number): number for number in range(1_000)}

    def due(_: Connection, __: Any, last: toy.Rename | None) -> Iterator[toy.Rename]:
        for number in range(0 if last is None else places[last.practice_id] + 1, 1_000):
            name = "bug" if number == 3 else "fine"
            yield toy.Rename(practice_id=toy.practice(number), name=name)

    async def scene() -> None:
        host = bench.host(replace(toy.REGISTRY, due=[due]))
        await host.start()
        with pytest.raises(ZeroDivisionError):
            await calendar.tick(host, toy.DAY)
        assert await host.read(host.store.head) == 999

    bench.run(scene)


class Nowhere:
    """A sender that never sends."""

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        raise AssertionError(topic, records)

    async def stop(self) -> None:
        """Nothing is open."""


def test_a_relay_halted_by_a_gap_does_not_keep_a_service_from_stopping(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'log.db'}")
    create_log(engine)
    store = Store("owner", engine)
    with store.writing() as db:
        events = [recorded(practice(1), number, "InvoiceIssued", "owner") for number in (1, 2)]
        store.append(db, events)
        db.execute(text("DROP TRIGGER events_no_delete"))
        db.execute(text("DELETE FROM events WHERE position = 1"))

    async def scene() -> None:
        relay = Relay(store, Nowhere(), {"InvoiceIssued"})
        with pytest.raises(Broken):
            await relay.drain()
        await distributed.drain(relay)
        await relay.stop()

    asyncio.run(scene())
    engine.dispose()


def test_a_database_that_never_answers_is_noticed_within_five_seconds() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        engine = open_engine(f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing")
        begun = monotonic()
        with pytest.raises(OperationalError):
            engine.connect()
        assert monotonic() - begun < 5
        engine.dispose()


def test_a_demo_that_another_process_is_playing_is_not_wiped(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    playing = DataFolder(settings.data)
    (settings.data / demo.FILE).write_text(json.dumps({"state": "playing"}))
    with pytest.raises(UnsafeSetUp, match="in use by another process"):
        demo.prepare(settings)
    assert (settings.data / demo.FILE).exists()
    playing.release()
    assert demo.prepare(settings)
    assert not settings.data.exists()


def project_lasts(event: PracticeRegistered, _: Envelope) -> Iterator[Any]:
    """Keep one row for all, made by the first event and changed by the others."""
    if event.account_no == 0:
        yield put(toy.GREETINGS, practice_id="all", name="all", guest=event.name, number=0)
    else:
        yield change(toy.GREETINGS, practice_id="all", name="all", guest=event.name)


@pytest.mark.postgres
def test_a_rebuild_beside_a_running_writer_loses_none_of_its_changes(
    postgres_database: Callable[[], str], tmp_path: Path
) -> None:
    bench = Bench(tmp_path, lambda _: postgres_database())
    service = replace(toy.REGISTRY, projections=[project_lasts], tables=toy.METADATA)

    async def rename(host: Host, name: str) -> None:
        await host.handle(toy.Rename(practice_id=toy.practice(1), name=name))

    def guest(db: Connection) -> Any:
        return db.execute(toy.GREETINGS.select()).one().guest

    async def scene() -> None:
        host = bench.host(service)
        await host.start()
        await rename(host, "first")
        with host.read_store.engine.connect() as watching, host.store.writing() as db:
            rebuild(host.hearing, db, Reach(logs={"gateway": (host.store, db)}))
            task = asyncio.create_task(rename(host, "second"))
            while not watching.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).all():
                watching.rollback()
                await asyncio.sleep(0.01)
        await task
        assert await host.read(guest) == "second"

    bench.run(scene)
