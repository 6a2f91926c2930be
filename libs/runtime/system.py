"""Services put together: databases opened, hosts made, feeds connected.

Embedded, all run in one process and read each other's logs. Distributed, each runs alone and Kafka
carries the events. The services are the same.
"""

import asyncio
import fcntl
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from libs.events import SAID_BY
from libs.runtime import calendar, migrate
from libs.runtime.clock import Clock
from libs.runtime.courtesy import Door
from libs.runtime.documents import Documents
from libs.runtime.engines import KEYS, UnsafeSetUp, check_durable, connect
from libs.runtime.feed import Feed, StoreFeed
from libs.runtime.host import Host
from libs.runtime.rebuild import rebuild_among
from libs.runtime.service import Parts, Service
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.transit import Transit
from libs.runtime.vault import Vault, master_key
from libs.runtime.web import create_app

T = TypeVar("T")
Build = Callable[[Parts], Service]
QUIET_ROUNDS = 2
LEFT_OVER = timedelta(hours=1)
"""After so long, a file that has no name yet belongs to a process that is gone."""


class DataFolder:
    """The lock on a data folder: one system at a time (F31)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise UnsafeSetUp(
                f"{folder} is in use by another process; stop it, or set QUITTANCE_DATA."
            ) from None

    def release(self) -> None:
        """Let the next one have it."""
        os.close(self._handle)


def open_vault(settings: Settings, clock: Clock) -> Vault:
    """Return the vault on the key store; makes master key and tables where embedded."""
    path = settings.master_key or settings.data / "master.key"
    if settings.distributed and not path.exists():
        raise UnsafeSetUp("Set QUITTANCE_MASTER_KEY to the file that holds the master key.")
    engine = connect(settings, KEYS, serves=True)
    if not settings.distributed:
        migrate.upgrade(KEYS, engine)
    reader = connect(settings, KEYS, serves=True)
    vault = Vault(engine, master_key(path), clock.now, reader)
    vault.check()
    return vault


async def _nowhere(*_: Any, **__: Any) -> Any:
    raise RuntimeError("Nothing runs here.")


def parts_of(settings: Settings, clock: Clock, vault: Vault) -> Parts:
    """Return the parts for a service that is only described, not run."""
    return Parts(
        settings=settings,
        clock=clock,
        vault=vault,
        documents=Documents(settings.data / "documents", vault),
        transit=Transit(settings.data / "documents", vault),
        call=lambda _: httpx.AsyncClient(),
        read=_nowhere,
        write=_nowhere,
        handle=_nowhere,
    )


class System:
    """Some or all services in one process."""

    def __init__(self, settings: Settings, builds: Mapping[str, Build], clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.hosts: dict[str, Host] = {}
        self.apps: dict[str, FastAPI] = {}
        self._doors: list[Door] = []
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._folder = None if settings.distributed else DataFolder(settings.data)
        try:
            self.vault = open_vault(settings, clock)
            self.documents = Documents(settings.data / "documents", self.vault)
            self.documents.sweep(clock.now() - LEFT_OVER)
            changed = [name for name, build in builds.items() if self._add(name, build)]
            stores = {name: (host.read_store, host.hearing) for name, host in self.hosts.items()}
            for name in changed:
                host = self.hosts[name]
                own = {name: (host.store, host.hearing)}
                rebuild_among(stores | own, name, over_kafka=False)
        except BaseException:
            if self._folder is not None:
                self._folder.release()
            raise

    def _add(self, name: str, build: Build) -> bool:
        """Add a service; return whether this release has other read tables than were there."""
        settings = self.settings
        changed = False
        engine = connect(settings, name, serves=True)
        if not settings.distributed:
            changed = migrate.upgrade(name, engine)
        check_durable(engine)
        reader = engine if settings.distributed else connect(settings, name)
        parts = replace(
            parts_of(settings, self.clock, self.vault),
            documents=self.documents,
            call=self.call,
            read=self._read,
            write=self._write,
            handle=self._handle,
        )
        service = build(parts)
        host = Host(
            service, Store(name, engine), reader, self.vault, self.clock, settings.queue_max
        )
        host.doors = self._doors
        host.data = settings.data
        self.hosts[name] = host
        self.apps[name] = create_app(host, settings, docs=name == "gateway", hosts=self.hosts)
        return changed

    def call(self, service: str) -> httpx.AsyncClient:
        """Return the client of a service: in process where it runs here, else over the network."""
        if service not in self._clients:
            here = self.apps.get(service)
            transport = httpx.ASGITransport(here, raise_app_exceptions=False) if here else None
            self._clients[service] = httpx.AsyncClient(
                transport=transport,
                base_url=f"http://{service}" if here else self.settings.peer(service),
                timeout=30.0,
            )
        return self._clients[service]

    async def start(self) -> None:
        """Start all hosts on each other's logs, as embedded."""
        for host in self.hosts.values():
            await host.start(self.feeds_of(host))

    def follow_calendar(self) -> None:
        """Let the days pass by themselves."""
        for host in self.hosts.values():
            if host.service.due:
                host.spawn(calendar.follow(host), "calendar")

    async def tick(self, day: date) -> None:
        """Do the day's work of all services, one after the other, each until all is at rest."""
        for host in self.hosts.values():
            if await calendar.tick(host, day):
                await self.settle()

    async def settle(self, *, effects: bool = False) -> None:
        """Wait until everything that was said has been heard; with effects, until all are done."""
        quiet = 0
        while quiet < QUIET_ROUNDS:
            await asyncio.sleep(0)
            rest = True
            for host in self.hosts.values():
                if host.halted:
                    raise RuntimeError(host.halted)
                rest = rest and await host.at_rest()
                if effects:
                    rest = rest and await host.effects.at_rest(host)
            quiet = quiet + 1 if rest else 0
            if not rest:
                await asyncio.sleep(0.002)

    async def stop(self) -> None:
        """Stop hosts and clients, release the data folder."""
        for client in self._clients.values():
            await client.aclose()
        for host in self.hosts.values():
            await host.stop()
        self.close()

    def close(self) -> None:
        """Let go of documents, key store and data folder."""
        self.documents.close()
        self.vault.close()
        if self._folder is not None:
            self._folder.release()

    def feeds_of(self, host: Host) -> Sequence[Feed]:
        """Return the feeds of all that a service hears, from the logs of their owners."""
        wanted = defaultdict(set)
        for kind in host.hearing.types:
            wanted[SAID_BY[kind.__name__]].add(kind.__name__)

        async def marked(source: str, partition: int) -> str:
            return await host.read(host.store.marked, host.service.name, source, partition)

        asked = host.position_of, marked
        return [
            StoreFeed(owner.read_store, owner.read, owner.wake, sorted(types), *asked)
            for source, types in sorted(wanted.items())
            if (owner := self.hosts.get(source)) is not None
        ]

    async def _read(self, service: str, function: Callable[..., T], *args: Any) -> T:
        return await self.hosts[service].read(function, *args)

    async def _write(self, service: str, function: Callable[..., T], *args: Any) -> T:
        return await self.hosts[service].write(function, *args)

    async def _handle(self, service: str, command: Any, command_id: str | None = None) -> Any:
        return await self.hosts[service].handle(command, command_id)
