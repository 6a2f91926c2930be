"""What must not stop a log or a feed: an event that no broker takes, a record that is not ours."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from libs.events import PracticeRegistered
from libs.runtime.batch import EVENT_BYTES_MAX, TooLarge
from libs.runtime.feed import Page, Undecodable
from libs.runtime.kafka.sender import RECORD_BYTES_MAX
from libs.runtime.parked import discard, listed
from tests import toy
from tests.bench import Bench, hear, page, said


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    def create(name: str) -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        return str(request.getfixturevalue("postgres_database")())

    return Bench(tmp_path, create)


def test_an_event_that_no_broker_would_take_fails_its_command_and_nothing_else(
    bench: Bench,
) -> None:
    """Once recorded it would stand before all that follow it, and the relay would stand too."""
    assert EVENT_BYTES_MAX < RECORD_BYTES_MAX

    async def scene() -> None:
        host = bench.host(toy.REGISTRY)
        await host.start()
        huge = toy.Rename(practice_id=toy.practice(1), name="x" * EVENT_BYTES_MAX)
        with pytest.raises(TooLarge):
            await host.handle(huge)
        await host.handle(toy.Rename(practice_id=toy.practice(1), name="hello"))
        assert await host.read(host.store.head) == 1

    bench.run(scene)


def test_a_message_that_leads_to_too_large_an_event_is_parked(bench: Bench) -> None:
    def inflate(event: Any) -> toy.Greet:
        return toy.Greet(practice_id=event.practice_id, name=event.name * EVENT_BYTES_MAX)

    async def scene() -> None:
        (event,) = await said(bench, (1, "hello"))
        host = bench.host(replace(toy.GREETER, reactions={PracticeRegistered: inflate}))
        await host.start()
        await hear(host, page(event))
        (row,) = await host.read(listed)
        assert row["last_error"].startswith("TooLarge")

    bench.run(scene)


def test_a_stranger_that_is_read_again_stays_as_it_is_parked_or_discarded(bench: Bench) -> None:
    """B65: after a rebalance a feed reads some records again; those of ours it skips by number."""

    async def scene() -> None:
        host = bench.host(toy.GREETER)
        await host.start()
        await hear(host, strange())
        before = await host.read(listed)
        await hear(host, strange())
        assert await host.read(listed) == before
        assert [row["attempts"] for row in before] == [1]
        await host.write(discard, "stranger", "sent by a tool", bench.clock.now())
        await hear(host, strange())
        assert await host.read(listed) == []

    bench.run(scene)


def strange() -> Page:
    items: Sequence[tuple[int, Undecodable]] = [
        (0, Undecodable(id="stranger", data=b"{", error="billing.gateway/0/0 header is missing"))
    ]
    return Page(source="gateway", partition=0, after=0, upto=0, items=items)
