"""One service under test among speakers: stand-ins that say what they are told to, through logs."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self, TypeAlias

import httpx

from libs.events import (
    BankCreditBooked,
    BankCreditReversed,
    CollectionRequested,
    CreditUnmatched,
    Event,
    HoldLifted,
    HoldPlaced,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
    PracticeConfigured,
    PracticeRegistered,
    SubmissionAccepted,
)
from libs.events.values import PracticeId
from libs.runtime.clock import MovableClock
from libs.runtime.host import Host
from libs.runtime.rebuild import rebuild
from libs.runtime.service import Decider, Parts, Service
from libs.runtime.settings import Settings
from libs.runtime.system import Build, System
from libs.runtime.verify import Reach, verify_tables
from tests.system import beside

Said: TypeAlias = (
    PracticeRegistered
    | PracticeConfigured
    | InvoiceIssued
    | PaymentReceived
    | PaymentReversed
    | InvoiceSettled
    | InvoiceCancelled
    | CreditUnmatched
    | HoldPlaced
    | HoldLifted
    | CollectionRequested
    | SubmissionAccepted
    | BankCreditBooked
    | BankCreditReversed
)


@dataclass(frozen=True, kw_only=True)
class Say:
    """Say an event, whatever was said before."""

    practice_id: PracticeId
    event: Event


def say(_: int, command: Say) -> Sequence[Any]:
    """Say it."""
    return [command.event]


def said(count: int, _: Said) -> int:
    """Count what was said."""
    return count + 1


def speaker(name: str) -> Build:
    """Return the builder of a service that only speaks."""
    decider: Decider[Any, Any, Any] = Decider(
        name="said", initial=0, decide=say, evolve=said, key=lambda command: command.practice_id
    )

    def build(_: Parts) -> Service:
        return Service(name=name, deciders=[decider])

    return build


class Among:
    """A service on a folder, its clock, and speakers for all that it hears."""

    def __init__(self, folder: Path, name: str, build: Build, speakers: Sequence[str]) -> None:
        self.name = name
        self.clock = MovableClock()
        builds = {one: speaker(one) for one in speakers} | {name: build}
        settings: dict[str, Any] = {"data": folder}
        self.system = System(Settings(**settings), builds, self.clock)

    async def __aenter__(self) -> Self:
        await self.system.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.system.stop()

    @property
    def host(self) -> Host:
        """The service under test, running."""
        return self.system.hosts[self.name]

    async def hear(self, *events: Event) -> None:
        """Have others say events, and wait until all they lead to has happened."""
        for event in events:
            source = type(event).__module__.rpartition(".")[2]
            said_by = self.system.hosts[source]
            await said_by.handle(Say(practice_id=event.practice_id, event=event))
            await self.system.settle()
        await self.system.settle(effects=True)

    async def day(self, day: date) -> None:
        """Let a day begin: set the clock, do what is due, make its letters."""
        self.clock.set_day(day)
        await self.system.tick(day)
        await self.system.settle(effects=True)

    async def get(self, path: str, practice: PracticeId, **query: Any) -> httpx.Response:
        """Ask the service over HTTP as the gateway does."""
        return await self.send("GET", path, practice, params=query)

    async def send(
        self, method: str, path: str, practice: PracticeId, **more: Any
    ) -> httpx.Response:
        """Send a request to the service over HTTP as the gateway does."""
        headers = {"X-Practice-Id": practice}
        client = self.system.call(self.name)
        return await client.request(method, path, headers=headers, **more)

    async def proved(self) -> dict[str, Any]:
        """Return the sums of all checks, having seen that none fails."""
        sums: dict[str, Any] = {}
        for check in self.host.service.checks:
            found = dict(await self.host.read(check))
            assert found.pop("failed") == []
            sums |= found
        return sums

    async def rebuilt(self) -> int:
        """Make the read tables again from the logs; they must be what they were."""
        with ExitStack() as stack:
            opened = stack.enter_context
            stores = {name: opened(beside(self.system, name)) for name in self.system.hosts}
            own = stores.pop(self.name)
            db = opened(own.writing())
            logs = {name: (one, opened(one.reading())) for name, one in stores.items()}
            reach = Reach(logs=logs | {self.name: (own, db)})
            _, failed = verify_tables(self.host.hearing, db, reach)
            assert failed == []
            count = rebuild(self.host.hearing, db, reach)
            _, failed = verify_tables(self.host.hearing, db, reach)
            assert failed == []
            return count
