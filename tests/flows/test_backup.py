"""Backup and restore: of one moment, whole or refused, nothing done twice afterwards (P34, P44)."""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from libs.runtime.backup import PARTS, saved_at
from libs.runtime.clock import MovableClock
from libs.runtime.engines import UnsafeSetUp
from libs.runtime.settings import Settings
from libs.runtime.system import System
from libs.runtime.tables import EVENTS
from libs.runtime.vault import master_key
from services.__main__ import main
from services.command.backing import save
from services.command.builds import BUILDS
from services.command.opening import migrate_all, opened
from services.command.restoring import restore
from services.gateway.tables import people
from tests import cast, releases
from tests.engines import ROOT, Databases
from tests.lies import found
from tests.system import MONDAY, Cooperative, cooperative
from tests.working import erase_a_payer, work

Make = Callable[[str], Settings]
LETTERS = ("InvoiceDispatched", "PatientCopySent", "ReminderDispatched")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Return a maker of places that hold nothing yet: a folder, and databases if need be."""
    made: list[Databases] = []

    def settings(name: str) -> Settings:
        folder = tmp_path / name
        if request.param == "sqlite":
            return Settings(data=folder, demo=False)
        made.append(Databases(request.getfixturevalue("postgres_server")))
        url = made[-1].create("keys", *BUILDS)
        return Settings(data=folder, demo=False, database=url, master_key=folder / "master.key")

    yield settings
    for databases in made:
        databases.drop()


def begun(settings: Settings) -> Settings:
    """Give a place its master key and its tables."""
    master_key(settings.data / "master.key")
    if settings.distributed:
        migrate_all(settings, [])
    return settings


def events(settings: Settings, kinds: Sequence[str]) -> Counter[tuple[str, str]]:
    """Return how often each stream has each of these events, in all logs."""
    counted: Counter[tuple[str, str]] = Counter()
    with opened(settings) as services:
        for one in services.values():
            with one.store.reading() as db:
                wanted = select(EVENTS.c.stream, EVENTS.c.type).where(EVENTS.c.type.in_(kinds))
                counted.update((row.stream, row.type) for row in db.execute(wanted))
    return counted


async def saved_at_work(made: Cooperative, settings: Settings, target: Path) -> None:
    """Take a backup in the middle of the work."""
    working = asyncio.create_task(work(made))
    host = made.system.hosts["invoicing"]
    grown = host.wake.listen()
    while await host.read(host.store.head) < 30:
        grown.clear()
        await grown.wait()
    keys = target.with_name("keys")
    await asyncio.to_thread(save, settings, target, keys, target.with_name("master"))
    assert not working.done(), "the work was done before the backup"
    await working


async def taken_up(settings: Settings) -> None:
    """Run what was restored until everything is heard and every letter made; go on working."""
    clock = MovableClock()
    clock.set_day(MONDAY)
    system = System(settings, BUILDS, clock)
    await system.start()
    try:
        await system.settle(effects=True)
        await system.settle()
        made = Cooperative(system, clock, system.call("gateway"))
        await made.open()
        doctor = cast.doctor(MONDAY, number=2)
        member = await cast.join(made, doctor)
        answer = await made.submit(member, cast.xml(cast.invoices(doctor, MONDAY)[0]))
        assert answer.status_code == 202
        await system.settle(effects=True)
        await system.settle()
        proof = made.proof()
        assert (proof["ok"], proof["at_rest"], proof["failed"]) == (True, True, [])
    finally:
        await system.stop()


def test_p44_a_backup_taken_at_work_is_taken_up_elsewhere_without_a_second_letter(
    place: Make, tmp_path: Path
) -> None:
    first, second = begun(place("first")), place("second")

    async def scene() -> None:
        async with cooperative(first.data, database=first.database) as made:
            await saved_at_work(made, first, tmp_path / "backup")

    asyncio.run(scene())
    restored = restore(second, tmp_path / "backup", tmp_path / "keys", tmp_path / "master")
    there = found(second)
    assert (there["failed"], there["ok"]) == ([], True)
    assert {name: log["events"] for name, log in there["logs"].items()} == restored["positions"]
    before = events(second, LETTERS)
    asyncio.run(taken_up(second))
    letters, issued = events(second, LETTERS), events(second, ["InvoiceIssued"])
    assert before, "no letter had been made"
    assert not before - letters
    assert set(letters.values()) == {1}, "a letter was made again"
    dispatched = {stream for stream, kind in letters if kind == "InvoiceDispatched"}
    assert dispatched == {stream for stream, _ in issued}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where a small backup lies: data, keys and the master key."""
    folder = tmp_path_factory.mktemp("saved")
    settings = releases.unpack(releases.releases()[-1], folder / "data")
    System(settings, BUILDS, MovableClock()).close()
    save(settings, folder / "backup", folder / "keys", folder / "master")
    return folder


def lay_out(saved: Path, data: Path) -> dict[str, Any]:
    settings = Settings(data=data, demo=False)
    return restore(settings, saved / "backup", saved / "keys", saved / "master")


def copied(saved: Path, tmp_path: Path) -> Path:
    """Return a copy of the backup to be spoilt."""
    return Path(shutil.copytree(saved, tmp_path / "spoilt"))


def change(path: Path, old: str, new: str) -> None:
    text_ = path.read_text()
    assert old in text_
    path.write_text(text_.replace(old, new, 1))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed database": (lambda at: flip(at / "backup/dunning.db"), "not what was saved"),
    "a missing database": (lambda at: (at / "backup/dunning.db").unlink(), "is missing"),
    "a changed document": (
        lambda at: flip(next(p for p in (at / "backup/documents").rglob("*") if p.is_file())),
        "not what was saved",
    ),
    "a changed key store": (lambda at: flip(at / "keys/keys.db"), "not what was saved"),
    "no manifest": (lambda at: (at / "backup/manifest.json").unlink(), "is no backup"),
    "half a manifest": (
        lambda at: (at / "backup/manifest.json").write_text("{"),
        "is damaged",
    ),
    "a later format": (
        lambda at: change(at / "backup/manifest.json", '"format": 1', '"format": 2'),
        "later release",
    ),
    "a later revision": (
        lambda at: change(at / "backup/manifest.json", '"log_0002"', '"log_9999"'),
        "later release",
    ),
    "older keys": (
        lambda at: change(at / "keys/manifest.json", '"taken_at": "20', '"taken_at": "19'),
        "is older than",
    ),
    "keys in place of data": (
        lambda at: (at / "keys/manifest.json").replace(at / "backup/manifest.json"),
        "missing",
    ),
}


@pytest.mark.parametrize("how", SPOILT)
def test_p44_a_backup_that_is_not_whole_is_refused_and_leaves_nothing_behind(
    saved: Path, tmp_path: Path, how: str
) -> None:
    spoilt = copied(saved, tmp_path)
    spoil, why = SPOILT[how]
    spoil(spoilt)
    with pytest.raises(UnsafeSetUp, match=why):
        lay_out(spoilt, tmp_path / "data")
    left = {path.name for path in (tmp_path / "data").glob("*")} - {"lock"}
    assert left == set()


def test_a_restore_never_overwrites_what_is_there(saved: Path, tmp_path: Path) -> None:
    lay_out(saved, tmp_path / "data")
    with pytest.raises(UnsafeSetUp, match="is not empty"):
        lay_out(saved, tmp_path / "data")
    assert found(Settings(data=tmp_path / "data", demo=False))["failed"] == []


def test_a_backup_never_overwrites_another(saved: Path) -> None:
    settings = Settings(data=saved / "data", demo=False)
    with pytest.raises(UnsafeSetUp, match="is not empty"):
        save(settings, saved / "backup", None, None)
    with pytest.raises(UnsafeSetUp, match="holds another key"):
        save(settings, None, None, saved / "backup/manifest.json")


def test_p46_the_data_folder_says_when_data_and_keys_were_saved(saved: Path) -> None:
    said = json.loads((saved / "backup/manifest.json").read_text())
    taken_at = datetime.fromisoformat(said["taken_at"]).timestamp()
    for what in PARTS:
        assert saved_at(saved / "data", what) == pytest.approx(taken_at, abs=1)
        assert saved_at(saved / "backup", what) == 0, "a restored folder was never saved"


def test_without_its_master_key_nothing_is_laid_out(saved: Path, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", demo=False)
    with pytest.raises(UnsafeSetUp, match="--master-key"):
        restore(settings, saved / "backup", saved / "keys", None)


def test_the_manifest_says_where_each_log_ended(saved: Path) -> None:
    said = json.loads((saved / "backup/manifest.json").read_text())
    with opened(Settings(data=saved / "data", demo=False)) as services:
        for name, one in services.items():
            with one.store.reading() as db:
                position, chain = db.execute(text("SELECT position, chain FROM log_head")).one()
            kept = said["databases"][name]
            assert (kept["position"], kept["chain"]) == (position, chain.hex())


def test_p34_an_older_backup_brings_back_neither_an_erased_key_nor_a_name(
    place: Make, tmp_path: Path
) -> None:
    """The data is of before the erasure, the keys are of after it; the other way is refused."""
    first, second = begun(place("first")), place("second")

    async def scene() -> str:
        async with cooperative(first.data, database=first.database) as made:
            await releases.scene(made)
            await made.system.settle(effects=True)
            save(first, tmp_path / "before", tmp_path / "old keys", tmp_path / "master")
            name = await erase_a_payer(made)
            save(first, tmp_path / "after", tmp_path / "new keys", None)
            return name

    name = asyncio.run(scene())
    with pytest.raises(UnsafeSetUp, match="is older than"):
        restore(second, tmp_path / "after", tmp_path / "old keys", tmp_path / "master")
    done = restore(second, tmp_path / "before", tmp_path / "new keys", tmp_path / "master")
    assert done["erased_since"] >= 1
    with opened(second) as services, services["gateway"].store.reading() as db:
        assert name not in set(db.execute(select(people.c.name)).scalars())
    there = found(second)
    assert (there["failed"], there["ok"]) == ([], True)


def test_the_commands_that_operators_are_told_do_it(saved: Path, tmp_path: Path) -> None:
    """Run what docs/operations.md shows under Backup, in folders of the test's own."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8").split("## Backup")[1]
    block = page.split("```sh\n")[1].split("```")[0]
    told = [line.partition("#")[0].split() for line in block.splitlines() if line]
    assert [words[:2] for words in told] == [["quittance", "backup"]] * 3 + [
        ["quittance", "restore"]
    ]
    for _, *words in told:
        here = [f"{tmp_path}{word}" if word.startswith("/") else word for word in words]
        data = saved / "data" if words[0] == "backup" else tmp_path / "restored"
        done = CliRunner().invoke(main, here, env={"QUITTANCE_DATA": str(data)})
        assert done.exit_code == 0, done.output
    assert found(Settings(data=tmp_path / "restored", demo=False))["ok"]
