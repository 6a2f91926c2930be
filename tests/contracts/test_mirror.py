"""The topic of parked messages follows the table, whoever dies on the way (P43)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from libs.events import Envelope
from libs.runtime.hearing import Heard
from libs.runtime.host import Host
from libs.runtime.mirror import Mirror
from libs.runtime.parked import discard, retry
from libs.runtime.records import Record
from tests import toy
from tests.bench import Bench, said


class Board:
    """A compacted topic in memory: the newest record of each key."""

    name = "billing.dunning.parked"

    def __init__(self) -> None:
        self.records: dict[bytes, Record] = {}
        self.sent: list[Record] = []
        self.refuses = False

    async def read(self) -> dict[bytes, dict[str, str]]:
        return {key: told(record) for key, record in self.records.items()}

    async def send(self, records: Sequence[Record]) -> None:
        if self.refuses:
            raise OSError("no broker answers")
        for record in records:
            self.sent.append(record)
            if record.value is None:
                self.records.pop(record.key, None)
            else:
                self.records[record.key] = record

    async def stop(self) -> None:
        """Nothing is open."""


def told(record: Record) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, lambda name: f"sqlite:///{tmp_path / name}.db")


def mirror(host: Host, board: Board, *, leads: bool = True) -> Mirror:
    async def leading() -> bool:
        return leads

    return Mirror(board, host.read, leading, host.clock.now)


async def park(host: Host, *events: Envelope) -> None:
    """Park messages: the first for an error, those behind it because they wait."""
    for number, event in enumerate(events):
        error = None if number else KeyError("Kanarienvogel")
        item = Heard(seq=number + 7, source="gateway", envelope=event, error=error)
        await host.write(host.hearing.park, item, host.clock.now())


def test_a_parked_message_tells_where_it_came_from_and_why_and_quotes_nothing(
    bench: Bench,
) -> None:
    async def scene() -> None:
        host, board = bench.host(toy.GREETER), Board()
        await host.start()
        first, behind = await said(bench, (1, "unsayable"), (1, "after"))
        at = host.clock.now()
        await park(host, first, behind)
        assert await mirror(host, board).step() == 2
        record = board.records[f"dunning/{first.id}".encode()]
        headers = told(record)
        assert record.value == first.data
        assert (headers["ce_id"], headers["ce_subject"]) == (first.id, first.stream)
        assert (headers["origin_topic"], headers["pseq"]) == ("billing.gateway", "7")
        assert headers["position"] == str(first.position)
        assert (headers["error"], headers["attempts"]) == ("KeyError", "1")
        assert headers["waits_with"] == f"gateway/{first.stream}"
        failed_at = datetime.fromisoformat(headers["first_failed_at"])
        assert timedelta(0) <= failed_at - at < timedelta(seconds=1)
        assert headers["last_failed_at"] == headers["first_failed_at"]
        assert told(board.records[f"dunning/{behind.id}".encode()])["error"] == "waits"
        assert b"Kanarienvogel" not in repr(board.sent).encode()

    bench.run(scene)


def test_nothing_is_sent_twice_and_a_new_try_is_told(bench: Bench) -> None:
    async def scene() -> None:
        host, board = bench.host(toy.GREETER), Board()
        await host.start()
        (event,) = await said(bench, (1, "unsayable"))
        await park(host, event)
        following = mirror(host, board)
        assert [await following.step() for _ in range(3)] == [1, 0, 0]
        assert await mirror(host, board).step() == 0, "the next process reads what was sent"
        begun = told(*board.records.values())
        bench.clock.set_day(toy.DAY + timedelta(days=1))
        assert await host.redrive() == 1
        assert await following.step() == 1
        again = told(*board.records.values())
        assert (again["attempts"], again["first_failed_at"]) == ("2", begun["first_failed_at"])
        tried = datetime.fromisoformat(again["last_failed_at"])
        assert timedelta(0) <= host.clock.now() - tried < timedelta(seconds=1)
        await host.write(retry, None, datetime.fromisoformat(begun["first_failed_at"]))
        assert await following.step() == 0, "being due is no news"

    bench.run(scene)


def test_what_is_discarded_goes_and_what_was_not_sent_is_sent_when_the_broker_is_back(
    bench: Bench,
) -> None:
    async def scene() -> None:
        host, board = bench.host(toy.GREETER), Board()
        await host.start()
        one, other = await said(bench, (1, "unsayable"), (2, "unsayable"))
        await park(host, one)
        await park(host, other)
        following = mirror(host, board)
        board.refuses = True
        with pytest.raises(OSError, match="no broker"):
            await following.step()
        board.refuses = False
        assert await following.step() == 2
        await host.write(discard, one.id, "a test", host.clock.now())
        assert await following.step() == 1
        assert (board.sent[-1].key, board.sent[-1].value) == (f"dunning/{one.id}".encode(), None)
        assert list(board.records) == [f"dunning/{other.id}".encode()]

    bench.run(scene)


def test_an_instance_that_does_not_lead_sends_nothing_and_a_new_leader_puts_right_what_is_stale(
    bench: Bench,
) -> None:
    async def scene() -> None:
        host, board = bench.host(toy.GREETER), Board()
        await host.start()
        (event,) = await said(bench, (1, "unsayable"))
        await park(host, event)
        assert await mirror(host, board, leads=False).step() == 0
        assert await mirror(host, board).step() == 1
        await host.write(discard, event.id, "a test", host.clock.now())
        assert await mirror(host, board).step() == 1, "the old leader died before it said so"
        assert board.records == {}

    bench.run(scene)
