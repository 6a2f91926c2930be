"""A message that was given up: later ones go on, and nobody makes its rows any more (P43, P14)."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from libs.runtime.host import Host
from libs.runtime.parked import NotParked, discard, listed, retry
from libs.runtime.rebuild import rebuild
from libs.runtime.verify import Reach, verify_positions, verify_tables
from tests import toy
from tests.bench import Bench, hear, page, said


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, lambda name: f"sqlite:///{tmp_path / name}.db")


def differences(host: Host, owner: Host) -> list[str]:
    """Return what `verify` finds in a service that hears one other."""
    with closing(owner.store.engine.connect()) as other, host.store.writing() as db:
        reach = Reach(logs={"gateway": (owner.store, other), "dunning": (host.store, db)})
        _, failed = verify_tables(host.hearing, db, reach)
        return failed + verify_positions(host.hearing, db, reach)


def test_a_discarded_message_is_left_out_by_proof_and_rebuild_and_holds_up_nobody(
    bench: Bench,
) -> None:
    async def scene() -> None:
        events = await said(bench, (1, "unsayable"), (1, "second"), (2, "other"))
        (owner,) = bench._hosts
        host = bench.host(toy.GREETER)
        await host.start()
        await hear(host, page(*events))
        assert [row["attempts"] for row in await host.read(listed)] == [1, 1]
        assert differences(host, owner) == []
        await host.write(discard, events[0].id, "nobody is called so", host.clock.now())
        later = host.clock.now() + timedelta(days=-1)
        await host.write(retry, None, later)
        await host.redrive()
        assert await host.read(toy.names) == ["other", "second"]
        assert await host.read(listed) == []
        (kept,) = await host.read(lambda db: listed(db, discarded=True))
        assert (kept["event_id"], kept["discard_reason"]) == (events[0].id, "nobody is called so")
        assert await host.read(host.hearing.count_parked) == 0
        assert differences(host, owner) == []
        with closing(owner.store.engine.connect()) as other, host.store.writing() as db:
            logs = {"gateway": (owner.store, other), "dunning": (host.store, db)}
            rebuild(host.hearing, db, Reach(logs=logs))
        assert await host.read(toy.names) == ["other", "second"]
        assert differences(host, owner) == []
        with pytest.raises(NotParked):
            await host.write(discard, events[0].id, "again", host.clock.now())

    bench.run(scene)
