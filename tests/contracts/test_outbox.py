"""What a relay reads: pages bound by bytes, read on while one is sent, nothing once all is (P7)."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import Engine, event, text
from typing_extensions import override

from libs.runtime import outbox
from libs.runtime.engines import open_engine
from libs.runtime.outbox import Outbox
from libs.runtime.records import Record, envelope_to_record
from libs.runtime.relay import Relay
from libs.runtime.store import Broken, Store
from tests.logs import create_log, practice, recorded

KIND = "InvoiceIssued"
PRIVATE = "NothingPublic"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    if request.param == "postgres":
        made: Callable[[], str] = request.getfixturevalue("postgres_database")
        url = made()
    engine = open_engine(url)
    create_log(engine)
    yield Store("owner", engine)
    engine.dispose()


def fill(store: Store, count: int, size: int = 100, kind: str = KIND) -> None:
    """Record so many events of some practices, each of so many bytes."""
    with store.writing() as db:
        start = store.head(db)
        events = [recorded(practice(n % 5), start + n + 1, kind, "owner") for n in range(count)]
        store.append(db, [structs.replace(one, data=b"x" * size) for one in events])


class Notes:
    """A sender that notes what it is given, and what the store did by then."""

    def __init__(self) -> None:
        self.pages: list[Sequence[Record]] = []

    async def send(self, topic: str, records: Sequence[Record]) -> None:
        assert topic == "billing.owner"
        self.pages.append(records)
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """Nothing is open."""


def drained(store: Store) -> Sequence[Sequence[Record]]:
    """Return the pages in which a relay sends all that the log holds."""

    async def scene() -> Sequence[Sequence[Record]]:
        notes = Notes()
        relay = Relay(store, notes, {KIND})
        await relay.drain()
        await relay.stop()
        return notes.pages

    return asyncio.run(scene())


def test_a_row_makes_the_same_record_as_its_envelope(store: Store) -> None:
    fill(store, 7)
    page = Outbox(store, {KIND}).read()
    with store.reading() as db:
        events, _ = store.read(db, 0, 10)
    numbers: dict[str, int] = {}
    for one, record in zip(events, page.records, strict=True):
        numbers[one.tenant] = numbers.get(one.tenant, 0) + 1
        assert record == envelope_to_record(one, numbers[one.tenant])


def test_a_page_holds_no_more_bytes_than_it_may_and_at_least_one_event(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAGE_BYTES", 1_000)
    fill(store, 4, size=300)
    fill(store, 1, size=5_000)
    fill(store, 2, size=300)
    assert [len(page) for page in drained(store)] == [3, 1, 1, 2]


def test_pages_that_are_read_ahead_number_on_where_the_one_before_ended(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAGE", 10)
    fill(store, 23)
    fill(store, 4, kind=PRIVATE)
    fill(store, 3)
    pages = drained(store)
    assert sum(map(len, pages)) == 26
    numbers: dict[int, list[int]] = {}
    for record in (one for page in pages for one in page):
        numbers.setdefault(record.partition, []).append(int(dict(record.headers)["pseq"]))
    for found in numbers.values():
        assert found == list(range(1, len(found) + 1))
    assert drained(store) == []


def test_what_was_read_ahead_is_forgotten_when_sending_fails(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAGE", 10)
    fill(store, 25)

    class FailsOnce(Notes):
        @override
        async def send(self, topic: str, records: Sequence[Record]) -> None:
            await super().send(topic, records)
            if len(self.pages) == 2:
                raise ConnectionError

    async def scene() -> None:
        sender = FailsOnce()
        relay = Relay(store, sender, {KIND})
        assert await relay.step()
        with pytest.raises(ConnectionError):
            await relay.step()
        await relay.drain()
        await relay.stop()
        first, second, again, last = sender.pages
        assert second == again
        assert [len(page) for page in (first, again, last)] == [10, 10, 5]

    asyncio.run(scene())


def test_a_gap_behind_a_page_stops_the_relay_only_after_that_page(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAGE", 10)
    fill(store, 15)
    lose(store.engine, 13)

    async def scene() -> None:
        notes = Notes()
        relay = Relay(store, notes, {KIND})
        assert await relay.step()
        with pytest.raises(Broken, match="position 13 is missing"):
            await relay.step()
        assert [len(page) for page in notes.pages] == [10]
        assert relay.sent_up_to == 10
        await relay.stop()

    asyncio.run(scene())


def lose(engine: Engine, position: int) -> None:
    """Delete an event, which no service may."""
    name = "events_no_delete" if engine.dialect.name == "sqlite" else "events_no_change ON events"
    with engine.begin() as db:
        db.execute(text(f"DROP TRIGGER {name}"))
        db.execute(text("DELETE FROM events WHERE position = :at"), {"at": position})


def test_a_relay_that_has_sent_all_asks_the_log_no_more_than_where_it_ends(store: Store) -> None:
    fill(store, 3)
    read: list[object] = []
    note = read.append

    async def scene() -> None:
        relay = Relay(store, Notes(), {KIND})
        await relay.drain()
        event.listen(store.engine, "begin", note)
        for _ in range(5):
            assert not await relay.step()
        if store.engine.dialect.name == "postgresql":
            assert read == []
        event.remove(store.engine, "begin", note)
        fill(store, 1)
        assert await relay.step()
        await relay.stop()

    asyncio.run(scene())
