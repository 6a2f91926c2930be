"""`verify` while services work: nothing is reported that only comes of reading them one by one."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libs.runtime.settings import Settings
from libs.runtime.vault import master_key
from services.command.builds import BUILDS
from services.command.opening import migrate_all
from services.command.proving import prove
from tests.engines import Databases
from tests.lies import found, liar
from tests.system import Cooperative, cooperative
from tests.working import work

Prove = Callable[[], Any]


async def proved_meanwhile(made: Cooperative, prove: Prove) -> list[Any]:
    """Prove again and again while there is work, and once more at rest."""
    proofs = []
    working = asyncio.create_task(work(made))
    while not working.done():
        proofs.append(await asyncio.to_thread(prove))
    await working
    await made.system.settle(effects=True)
    await made.system.settle()
    return [*proofs, await asyncio.to_thread(prove)]


def play(settings: Settings, prove: Prove) -> None:
    async def run() -> list[Any]:
        async with cooperative(settings.data, database=settings.database) as made:
            return await proved_meanwhile(made, prove)

    proofs = asyncio.run(run())
    assert [what for proof in proofs for what in proof["failed"]] == []
    assert sum(not proof["at_rest"] for proof in proofs) >= 2, "nothing went on meanwhile"
    assert proofs[-1]["at_rest"]


def test_no_difference_is_reported_that_only_comes_of_the_moment(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, demo=False)
    play(settings, lambda: prove(settings))


@pytest.mark.postgres
def test_nor_on_postgresql(postgres_server: str, tmp_path: Path) -> None:
    databases = Databases(postgres_server)
    master_key(tmp_path / "master.key")
    settings = Settings(
        data=tmp_path,
        demo=False,
        database=databases.create("keys", *BUILDS),
        master_key=tmp_path / "master.key",
    )
    migrate_all(settings, [])
    try:
        play(settings, lambda: found(settings))
    finally:
        databases.drop()


@pytest.mark.parametrize("stored", ["sqlite"], indirect=True)
def test_on_all_cores_the_same_is_found(stored: Settings) -> None:
    """Each stretch of a log, each service's tables, each document by whichever process is free."""
    apart, alone = prove(stored, apart_from=0), prove(stored)
    assert apart == alone
    with liar(stored, "dunning") as one, one.lied("cases"):
        one.say("UPDATE cases SET open_rappen = open_rappen + 1")
        assert prove(stored, apart_from=0)["failed"] == prove(stored)["failed"] != []
