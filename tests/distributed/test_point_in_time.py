"""PostgreSQL taken back to an instant, by its own means, as docs/operations.md says (P44).

All databases of a server share one write-ahead log, in which whoever heard a fact comes behind
whoever recorded it: at every instant of it the services fit each other.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text

from libs.runtime.clock import MovableClock
from libs.runtime.settings import Settings
from libs.runtime.system import System
from libs.runtime.vault import master_key
from services.command.backing import save
from services.command.builds import BUILDS
from services.command.opening import migrate_all, opened
from services.command.restoring import restore
from services.gateway.tables import people
from services.simulator.camt054 import Receipt
from tests import cast
from tests.distributed.cluster import PostgresServer
from tests.distributed.processes import eventually
from tests.engines import Unavailable, missing
from tests.lies import found
from tests.system import MONDAY, Cooperative, cooperative
from tests.working import erase_a_payer

pytestmark = pytest.mark.postgres

AUTO = """
restore_command = 'cp {archive}/%f %p'
recovery_target_time = '{at}'
recovery_target_action = 'promote'
"""


class Archived(PostgresServer):
    """A server that archives its write-ahead log, and can be taken back by it."""

    def __init__(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="quittance-archived-"))
        self.archive = folder / "archive"
        self.archive.mkdir()
        self.archive.chmod(0o777)  # the server runs as a user of its own
        keep = f"test ! -f {self.archive}/%f && cp %p {self.archive}/%f"
        folder.chmod(0o755)
        self._base = folder / "base"
        super().__init__(folder, ["archive_mode=on", f"archive_command={keep}"])

    def save_base(self) -> None:
        """Take a base backup while it works."""
        program = Path(self._run[self._run.index("-D") - 1]).with_name("pg_basebackup")
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        subprocess.run(
            [str(program), *where, "-D", str(self._base), "-c", "fast"],
            check=True,
            capture_output=True,
        )

    def now(self) -> str:
        with self.connect() as db:
            row = db.execute("SELECT now()::text").fetchone()
            assert row is not None
            return str(row[0])

    def close_segment(self) -> None:
        """Archive what is written so far, and wait until it is there."""
        with self.connect() as db:
            row = db.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        assert row is not None
        path = self.archive / str(row[0])
        eventually(path.exists)

    def take_back(self, at: str) -> None:
        """Lose the server, lay the base backup out, play the archive up to an instant."""
        self.kill()
        shutil.rmtree(self._data)
        self._base.rename(self._data)
        (self._data / "recovery.signal").touch()
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.write(AUTO.format(archive=self.archive, at=at))
        owner = self._owner()
        if owner is not None:
            for path in [self._data, *self._data.rglob("*")]:
                os.chown(path, *owner)
        self.start()
        eventually(self._promoted)

    def _promoted(self) -> bool:
        with self.connect() as db:
            return db.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,)

    def _owner(self) -> tuple[int, int] | None:
        if self._run[0] != "setpriv":
            return None
        uid = int(self._run[1].removeprefix("--reuid="))
        return uid, pwd.getpwuid(uid).pw_gid

    def remove(self) -> None:
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass
class Lived:
    """What stood in the logs at the instant, and who was erased after it."""

    at: str
    heads: dict[str, int]
    name: str


@pytest.fixture
def server() -> Iterator[Archived]:
    try:
        made = Archived()
    except Unavailable as error:
        missing(error)
    yield made
    made.remove()


def heads(settings: Settings) -> dict[str, int]:
    return {name: log["events"] for name, log in found(settings)["logs"].items()}


async def live(settings: Settings, server: Archived, keys: Path) -> Lived:
    """Work, note the instant, work on, erase somebody, save the keys."""
    async with cooperative(settings.data, database=settings.database) as made:
        doctor = cast.doctor(MONDAY)
        member = await cast.join(made, doctor)
        first, second, third = map(cast.xml, cast.invoices(doctor, MONDAY, "TG")[:3])
        await made.submit(member, first)
        (item,) = (await made.get(member, "/v1/invoices"))["items"]
        receipt = Receipt(
            bank_reference="paid",
            amount_rappen=item["open_rappen"],
            reference=item["reference"],
        )
        await made.bank(cast.paid(1, made.clock.today(), receipt))
        await asyncio.to_thread(server.save_base)
        await made.submit(member, second)
        await made.system.settle(effects=True)
        await made.system.settle()
        noted = await asyncio.to_thread(heads, settings)
        at = server.now()
        await made.submit(member, third)
        name = await erase_a_payer(made)
        save(settings, None, keys, None)
        return Lived(at, noted, name)


async def taken_up(settings: Settings) -> None:
    """Hand the lost message in again, beside one that was not lost."""
    clock = MovableClock()
    clock.set_day(MONDAY)
    system = System(settings, BUILDS, clock)
    await system.start()
    made = Cooperative(system, clock, system.call("gateway"))
    try:
        doctor = cast.doctor(MONDAY)
        (member,) = await system.hosts["gateway"].read(
            lambda db: list(db.execute(text("SELECT practice_id FROM practices")).scalars())
        )
        for one in cast.invoices(doctor, MONDAY, "TG")[1:3]:
            answer = await system.call("ingest").post(
                "/submissions",
                content=cast.xml(one),
                headers={"X-Practice-Id": member, "Content-Type": "application/xml"},
            )
            assert answer.status_code in {200, 202}, answer.text
        await system.settle(effects=True)
        await system.settle()
        proof = made.proof()
        assert (proof["failed"], proof["at_rest"]) == ([], True)
        assert proof["tables"]["invoicing"]["invoices"] == 3
    finally:
        await system.stop()


def test_p44_a_server_taken_back_to_an_instant_goes_on_from_there_and_keys_stay_destroyed(
    server: Archived, tmp_path: Path
) -> None:
    with server.connect() as db:
        for name in ("keys", *BUILDS):
            db.execute(f"CREATE DATABASE cooperative_{name}".encode())
    data = tmp_path / "data"
    settings = Settings(
        data=data,
        demo=False,
        database=server.url("cooperative_{service}"),
        master_key=data / "master.key",
    )
    master_key(data / "master.key")
    migrate_all(settings, [])
    lived = asyncio.run(live(settings, server, tmp_path / "keys"))
    server.close_segment()
    server.take_back(lived.at)
    assert heads(settings) == lived.heads
    assert found(settings)["failed"] == []
    new_keys(server, settings)
    restore(settings, None, tmp_path / "keys", None)
    with opened(settings) as services, services["gateway"].store.reading() as db:
        assert lived.name not in set(db.execute(select(people.c.name)).scalars())
    assert found(settings)["failed"] == []
    asyncio.run(taken_up(settings))


def new_keys(server: Archived, settings: Settings) -> None:
    """Put an empty database in place of the key store, which went back in time too."""
    name = settings.database.format(service="keys").rpartition("/")[2]
    engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        db.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
