"""The distributed shape on engines of its own, all of it breakable: what chaos is made in."""

import asyncio
import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, func, select

from libs.events.values import COOPERATIVE
from libs.runtime.clock import MovableClock
from libs.runtime.records import topic_of
from libs.runtime.settings import Settings
from libs.runtime.system import System
from libs.runtime.tables import LOG_HEAD, PARKED, POSITIONS
from services.command import demo
from services.command.builds import BUILDS
from services.command.opening import Opened, opened
from services.command.registering import at_the_door
from services.gateway import registration
from services.gateway.tables import practices as directory
from services.simulator.partner import Access
from services.simulator.practices import Practice
from tests.chaos.ledger import Ledger, Verdict
from tests.distributed.cluster import Brokers, PostgresServer
from tests.distributed.fleet import Fleet
from tests.distributed.processes import SERVICES, NeverCame
from tests.distributed.proxy import Proxy
from tests.engines import ROOT

T = TypeVar("T")
QUIET_ROUNDS = 2
PATIENCE_SECONDS = 240.0
"""How long anything may take to come: a start, or rest once everything is repaired."""


class World:
    """Brokers and PostgreSQL behind proxies, and instances of all services."""

    def __init__(
        self, brokers: int = 1, seconds: Sequence[str] = SERVICES, *, plain: bool = True
    ) -> None:
        self.folder = Path(mkdtemp(prefix="quittance-chaos-"))
        self.brokers = Brokers(brokers)
        self.postgres = PostgresServer()
        self.to_database = Proxy(self.postgres.port)
        self.to_brokers = [Proxy(one.port) for one in self.brokers.each]
        self._seconds, self._plain = seconds, plain
        self.fleet: Fleet
        self.settings: Settings
        """As the services have them, but past the proxy: who looks on is not cut off."""

    async def start(self) -> None:
        """Start engines, databases, topics and all instances."""
        for proxy in (self.to_database, *self.to_brokers):
            await proxy.start()
        self.brokers.doors = [proxy.port for proxy in self.to_brokers]
        await asyncio.to_thread(self.brokers.start)
        key = base64.b64encode(b"a key for tests, 32 bytes long..")
        (self.folder / "master.key").write_bytes(key)
        with self.postgres.connect() as db:
            for name in ("keys", *SERVICES):
                db.execute(f"CREATE DATABASE {name}".encode())
        self.settings = Settings(
            data=self.folder,
            database=self.postgres.url("{service}", self.postgres.port),
            kafka=self.brokers.address,
            demo=False,
        )
        url = self.postgres.url("{service}", self.to_database.port)
        address = self.brokers.address
        self.fleet = Fleet(self.folder, url, address, self._seconds, plain=self._plain)
        await asyncio.to_thread(self.fleet.command, "migrate")
        await asyncio.to_thread(self.fleet.command, "topics", "apply")
        for name in self.fleet.names:
            await asyncio.to_thread(self.fleet.begin, name)
        await self.ready()

    async def ready(self) -> None:
        """Wait until all instances are."""
        for name in self.fleet.names:
            await self.patiently(partial(asyncio.to_thread, self.fleet.ready, name))

    async def join(self, members: Sequence[Practice]) -> tuple[dict[int, tuple[str, Access]], Any]:
        """Make practices members; return their ids and programs by number, and the bank's."""
        book: dict[str, Any] = {"logins": [], "clients": []}
        clock = MovableClock()

        async def work(system: System) -> tuple[dict[int, tuple[str, Access]], Access]:
            gateway = system.hosts["gateway"]
            command, secret = registration.new_client(
                practice_id=COOPERATIVE, name="Bank", scopes=["bank:write"]
            )
            await gateway.handle(command)
            joined = {}
            for one in members:
                access = await demo.join(system, clock, book, one)
                joined[one.number] = (await gateway.read(_id_of, one.account_no), access)
            return joined, Access(client_id=command.client_id, secret=secret)

        return await at_the_door(self.settings, work)

    async def patiently(self, what: Callable[[], Awaitable[T]]) -> T:
        """Return what a question about all logs answers, once it answers something."""
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < end:
            if found := await what():
                return found
            await asyncio.sleep(0.5)
        raise NeverCame("; ".join(await asyncio.to_thread(self.waits)) or "an answer")

    async def at_rest(self) -> None:
        """Wait until everything recorded was sent, heard and done; twice in a row, all the same.

        However much there is to do: patience ends only where nothing moves any more.
        """
        still, before = 0, -1
        waited = asyncio.get_running_loop().time()
        while still < QUIET_ROUNDS:
            waiting = await asyncio.to_thread(self.waits)
            done = await asyncio.to_thread(self._done)
            if done != before:
                still, before, waited = 0, done, asyncio.get_running_loop().time()
            elif not waiting:
                still += 1
            elif asyncio.get_running_loop().time() - waited > PATIENCE_SECONDS:
                raise NeverCame("; ".join(waiting))
            await asyncio.sleep(0.5)

    def _done(self) -> int:
        """Return a number that grows with whatever is recorded, sent, heard or done."""
        total = sum(self.heads().values())
        for name in SERVICES:
            with self.postgres.connect(name) as db:
                row = db.execute("SELECT coalesce(sum(seq), 0) FROM positions").fetchone()
                total += int(str(row[0])) if row else 0
        return total

    def verify(self) -> dict[str, Any]:
        """Return what `quittance verify` finds, however long it takes."""
        done = subprocess.run(
            [sys.executable, "-m", "services", "verify", "--json"],
            cwd=ROOT,
            env=self.fleet.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout or '{"ok": false}')
        return {"failed": [done.stderr[-2_000:]]} | found

    def heads(self) -> dict[str, int]:
        """Return how many events each service has recorded; empty while the database is away."""
        try:
            found = {}
            for name in SERVICES:
                with self.postgres.connect(name) as db:
                    row = db.execute("SELECT position FROM log_head").fetchone()
                    found[name] = int(str(row[0])) if row else 0
        except psycopg.Error:
            return {}
        return found

    def waits(self) -> list[str]:
        """Return what is recorded and not yet sent, heard or done."""
        with opened(self.settings) as services, ExitStack() as stack:
            logs = {
                name: stack.enter_context(one.store.reading()) for name, one in services.items()
            }
            return [what for name, one in services.items() for what in _behind(name, one, logs)]

    def compare(self, ledger: Ledger) -> Verdict:
        """Compare what was sent with what the services' logs hold."""
        with ExitStack() as stack:
            return ledger.compare(
                {name: stack.enter_context(self.postgres.connect(name)) for name in SERVICES}
            )

    async def close(self) -> None:
        if hasattr(self, "fleet"):
            await asyncio.to_thread(self.fleet.close)
        for proxy in (self.to_database, *self.to_brokers):
            await proxy.stop()
        await asyncio.to_thread(self.brokers.close)
        await asyncio.to_thread(self.postgres.close)
        shutil.rmtree(self.folder, ignore_errors=True)


def _id_of(db: Connection, account_no: int) -> str:
    wanted = select(directory.c.practice_id).where(directory.c.account_no == account_no)
    return str(db.execute(wanted).scalar_one())


def _behind(name: str, one: Opened, logs: Mapping[str, Connection]) -> Iterable[str]:
    """Yield what a service has not sent, heard, done, or could not work off."""
    db = logs[name]
    head = db.execute(select(LOG_HEAD.c.position)).scalar_one()
    if _positions(db, "relay", "log").get(0, 0) != head:
        yield f"{name} has not sent all of {head}"
    if one.service.effects and _positions(db, "effects", name).get(0, 0) != head:
        yield f"{name} has letters to print"
    if parked := db.execute(select(func.count()).select_from(PARKED)).scalar_one():
        yield f"{name} has parked {parked}"
    sources = {kind.__module__.rpartition(".")[2] for kind in one.hearing.types}
    for source in sources & set(BUILDS):
        said = _positions(logs[source], "relay", topic_of(source))
        heard = {n: seq for n, seq in _positions(db, name, source).items() if seq}
        if said != heard:
            yield f"{name} has not heard all of {source}"


def _positions(db: Connection, consumer: str, source: str) -> dict[int, int]:
    at = (POSITIONS.c.consumer == consumer) & (POSITIONS.c.source == source)
    found = select(POSITIONS.c.partition, POSITIONS.c.seq).where(at)
    return {row.partition: row.seq for row in db.execute(found)}
