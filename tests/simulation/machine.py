"""All five services in one thread: databases and documents in memory, one clock, one loop.

Built once for each process; a seed begins by setting everything back to a snapshot, which copies
pages of memory and reads nothing. The services are the real ones on the real stores; only a page's
typesetting is left out, as pages are not the subject here.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from typing_extensions import override

from libs.events import SAID_BY
from libs.events.values import DocumentId, SubjectId
from libs.runtime import migrate
from libs.runtime.clock import MovableClock
from libs.runtime.distributed import heard_by
from libs.runtime.documents import Documents
from libs.runtime.engines import KEYS, open_engine
from libs.runtime.host import Host
from libs.runtime.relay import Relay
from libs.runtime.service import Service
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import parts_of
from libs.runtime.vault import Vault
from services.command.builds import BUILDS
from tests.simulation.broker import Broker
from tests.simulation.still import Inline, StillLoop, still
from tests.simulation.troubles import Fuse, failing

NAMES = tuple(BUILDS)
MASTER = b"m" * 32


class Kept(sqlite3.Connection):
    """A database in memory that outlives whoever holds it: a process that dies rolls back."""

    @override
    def close(self) -> None:
        if self.in_transaction:
            self.rollback()


class MemoryDocuments(Documents):
    """Documents in a dictionary, sealed as the real ones are."""

    def __init__(self, vault: Vault) -> None:
        super().__init__(Path("nowhere"), vault)
        self.kept: dict[str, tuple[SubjectId, bytes]] = {}

    @override
    async def put(
        self, data: bytes, subject: SubjectId, also: Collection[SubjectId] = ()
    ) -> DocumentId:
        self._vault.ensure({subject, *also})
        document = DocumentId(hashlib.sha256(data).hexdigest())
        if document not in self.kept or await self.get(document) is None:
            sealed = self._vault.seal_bytes(data, subject, document)
            if sealed is not None:
                self.kept[document] = (subject, sealed)
        return document

    @override
    async def get(self, document: DocumentId, subject: SubjectId | None = None) -> bytes | None:
        if document not in self.kept:
            return None
        owner, sealed = self.kept[document]
        if subject is not None and subject != owner:
            return None
        return self._vault.open_bytes(sealed, owner, document)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that outlives a process, and the time."""

    databases: Mapping[str, sqlite3.Connection]
    documents: Mapping[str, tuple[SubjectId, bytes]]
    broker: Broker
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """What is run; a test changes a part of it to see that the simulation notices."""

    service: Callable[[Service], Service] = lambda service: service
    host: Callable[[Host], Host] = lambda host: host


class Machine:
    """The running services and all that lies around them."""

    def __init__(self, wiring: Wiring | None = None) -> None:
        self.wiring = wiring or Wiring()
        self.loop = StillLoop()
        self.settings = Settings(demo=False)
        self.clock = MovableClock()
        self.fuse = Fuse()
        self.engines: dict[str, Engine] = {}
        self.databases: dict[str, sqlite3.Connection] = {}
        for name in (KEYS, *NAMES):
            self._open(name)
        self.vault = Vault(self.engines[KEYS], MASTER, self.clock.now)
        self.documents = MemoryDocuments(self.vault)
        self.parts = replace(
            parts_of(self.settings, self.clock, self.vault),
            documents=self.documents,
            read=self._read,
        )
        self.services = {
            name: self.wiring.service(failing(build(self.parts), self.fuse))
            for name, build in BUILDS.items()
        }
        self.broker = Broker()
        self.hosts: dict[str, Host] = {}
        self.former: dict[str, Host] = {}
        """Instances that were taken for dead, and yet may come back (F9)."""
        self.relays: dict[str, Relay] = {}
        self.types: dict[str, dict[str, frozenset[str]]] = {}
        for name in NAMES:
            self.restart(name)
            heard = heard_by(self.hosts[name])
            self.types[name] = {source: frozenset(types) for source, types in heard.items()}

    def _open(self, name: str) -> None:
        engine = open_engine("sqlite://")
        kept = sqlite3.connect(":memory:", factory=Kept)
        event.listen(engine, "do_connect", lambda *_: kept)
        migrate.upgrade(name, engine)
        self.fuse.watch(engine)
        self.engines[name], self.databases[name] = engine, kept

    def restart(self, name: str) -> None:
        """Begin a service anew from its store; the former instance may still be there."""
        if name in self.hosts:
            self.former[name] = self.hosts[name]
        engine = self.engines[name]
        host = Host(self.services[name], Store(name, engine), engine, self.vault, self.clock)
        self.hosts[name] = self.wiring.host(still(host))
        said = [kind for kind, service in SAID_BY.items() if service == name]
        relay = Relay(Store(name, engine), self.broker, said)
        relay._thread = Inline()
        self.relays[name] = relay

    def snapshot(self) -> Snapshot:
        """Return what there is now."""
        return Snapshot(
            databases={name: _copied(one) for name, one in self.databases.items()},
            documents=dict(self.documents.kept),
            broker=self.broker.copy(),
            at=self.clock.now(),
        )

    def set_back(self, to: Snapshot) -> None:
        """Make everything as it was, all services freshly started."""
        for name, pages in to.databases.items():
            pages.backup(self.databases[name])
        self.vault._known.clear()
        self.documents.kept = dict(to.documents)
        self.broker = to.broker.copy()
        self.clock._at = to.at
        for name in NAMES:
            self.restart(name)
        self.former.clear()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end; of one that dies nothing goes on."""
        try:
            return self.loop.run_until_complete(work)
        finally:
            self.loop.end_all()

    def close(self) -> None:
        """Let go of loop and databases."""
        for name, engine in self.engines.items():
            engine.dispose()
            sqlite3.Connection.close(self.databases[name])
        self.loop.close()

    async def _read(self, service: str, function: Callable[..., Any], *args: Any) -> Any:
        return await self.hosts[service].read(function, *args)


def _copied(database: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    database.backup(copy)
    return copy
