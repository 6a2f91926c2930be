"""A toy service on a database that can be made to fail, and what it hears."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from libs.events import Envelope
from libs.runtime.clock import MovableClock
from libs.runtime.engines import open_engine
from libs.runtime.feed import Page
from libs.runtime.host import Host
from libs.runtime.pages import PageWork
from libs.runtime.service import Service
from libs.runtime.store import Store
from tests import toy

AWAY = OperationalError("", None, OSError("the database is away"))


class Shaky(Store):
    """A store whose next transactions fail, before they begin or once they are committed."""

    before = 0
    after = 0

    @override
    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if self.before:
            self.before -= 1
            raise AWAY
        with super().writing() as db:
            yield db
        if self.after:
            self.after -= 1
            raise AWAY

    @override
    @contextmanager
    def reading(self) -> Iterator[Connection]:
        if self.before:
            self.before -= 1
            raise AWAY
        with super().reading() as db:
            yield db


class Bench:
    """One toy service on a shaky store, and what it hears."""

    def __init__(self, folder: Path, create: Callable[[str], str]) -> None:
        self.clock = MovableClock()
        self.clock.set_day(toy.DAY)
        self.folder = folder
        self.keys = toy.vault(folder, self.clock)
        self._create = create
        self._hosts: list[Host] = []

    def host(self, service: Service, name: str = "") -> Host:
        """Return a host on a database of its own."""
        url = self._create(name or service.name)
        engine, reader = open_engine(url), open_engine(url)
        made = toy.host(service, engine, reader, self.keys, self.clock)
        return self._shaken(made, engine, reader)

    def second(self, first: Host) -> Host:
        """Return another instance on the same database."""
        engine, reader = first.store.engine, first.read_store.engine
        made = Host(first.service, first.store, reader, self.keys, self.clock)
        return self._shaken(made, engine, reader)

    def _shaken(self, host: Host, engine: Engine, reader: Engine) -> Host:
        host.store = host.writer.store = host.hearing.store = Shaky(host.service.name, engine)
        host.read_store = host.reader.store = Shaky(host.service.name, reader)
        self._hosts.append(host)
        return host

    def run(self, scene: Callable[[], Awaitable[None]]) -> None:
        """Run a scene, then stop all hosts that it started."""

        async def play() -> None:
            try:
                async with asyncio.timeout(60):
                    await scene()
            finally:
                for host in self._hosts:
                    if host.started and not host.stopping:
                        await host.stop()
                self.keys.close()

        asyncio.run(play())


async def said(bench: Bench, *names: tuple[int, str]) -> Sequence[Envelope]:
    """Return the envelopes of names registered by an owner."""
    owner = bench.host(toy.REGISTRY)
    await owner.start()
    for number, name in names:
        await owner.handle(toy.Rename(practice_id=toy.practice(number), name=name))
    events, _ = await owner.read(owner.store.read, 0, 100)
    return events


def page(*events: Envelope, after: int = 0) -> Page:
    """Return a page of these events."""
    items = [(event.position, event) for event in events]
    upto = events[-1].position
    return Page(source="gateway", partition=0, after=after, upto=upto, items=items)


def hear(host: Host, heard: Page) -> Awaitable[Any]:
    return host.submit(PageWork(host.hearing, heard, host.clock.now))


class Once:
    """A feed of given pages, then silence."""

    source = "gateway"

    def __init__(self, *pages: Page) -> None:
        self.pages = list(pages)
        self.empty = asyncio.Event()

    async def start(self) -> None:
        """Nothing to do."""

    async def next(self) -> Page:
        if self.pages:
            return self.pages[0]
        self.empty.set()
        return await asyncio.Future()

    async def done(self, page: Page, *, moved: bool) -> None:
        assert moved
        assert page is self.pages.pop(0)

    async def stop(self) -> None:
        """Nothing is held."""

    async def lag(self) -> int:
        return len(self.pages)

    async def catch_up(self) -> None:
        """Everything is given at once."""


async def until(true: Callable[[], bool]) -> None:
    """Wait for what another loop does."""
    while not true():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
