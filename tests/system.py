"""The embedded system for flow tests: all services, a movable clock, HTTP through the gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx

from libs.events.terms import Contract, Reminding, Terms
from libs.events.terms import Settings as PracticeSettings
from libs.events.values import COOPERATIVE, Address, PracticeId, PracticeKind
from libs.runtime.clock import MovableClock
from libs.runtime.engines import connect
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import System
from services.command.builds import BUILDS
from services.command.opening import Opened
from services.command.proving import prove_opened
from services.gateway import registration
from services.gateway.decider.client import OPERATOR_SCOPES, PRACTICE_SCOPES
from services.gateway.decider.practice import ConfigurePractice

MONDAY = date(2026, 1, 5)
DEFAULTS: tuple[PracticeSettings, ...] = (
    Terms(),
    Reminding(collection_agency="Inkasso Muster AG", secrecy_basis="CONSENT"),
    Contract(),
)


@dataclass
class Member:
    """A practice of a test, with what its software and its staff know."""

    practice_id: PracticeId
    account_no: int
    gln: str
    client_id: str
    secret: str
    login: str
    password: str
    token: str = ""


@dataclass
class Cooperative:
    """The running system as tests see it."""

    system: System
    clock: MovableClock
    door: httpx.AsyncClient
    bank_access: tuple[str, str] = ("", "")
    bank_token: str = ""
    members: list[Member] = field(default_factory=list)

    async def token(self, client_id: str, secret: str) -> str:
        """Return an access token by client credentials."""
        answer = await self.door.post(
            "/v1/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": secret,
            },
        )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    async def open(self) -> None:
        """Give the cooperative's own program its token."""
        command, secret = registration.new_client(
            practice_id=COOPERATIVE, name="bank", scopes=sorted(PRACTICE_SCOPES | OPERATOR_SCOPES)
        )
        await self.system.hosts["gateway"].handle(command)
        self.bank_access = (command.client_id, secret)
        self.bank_token = await self.token(*self.bank_access)

    async def join(
        self, number: int, gln: str, *settings: PracticeSettings, **particulars: Any
    ) -> Member:
        """Make a practice a member, with a program and a user of its own."""
        gateway = self.system.hosts["gateway"]
        told: dict[str, Any] = {
            "name": f"Praxis Nummer {number}",
            "kind": PracticeKind.GENERAL_PRACTICE,
            "glns": (gln,),
            "canton": "ZH",
            "language": "de",
            "address": Address(street="Seestrasse", house_no="1", zip="8002", city="Zürich"),
            "iban": "CH9300762011623852957",
            "joined_on": self.clock.today(),
        }
        member = registration.register_practice(account_no=number, **(told | particulars))
        await gateway.handle(member)
        today = self.clock.today()
        for chosen in settings or DEFAULTS:
            await gateway.handle(
                ConfigurePractice(
                    practice_id=member.practice_id,
                    settings=chosen,
                    valid_from=today,
                    today=today,
                    by="test",
                )
            )
        client, secret = registration.new_client(practice_id=member.practice_id, name="software")
        await gateway.handle(client)
        user, password = registration.new_user(
            login=f"user{number}",
            name="Muster",
            role="practice_admin",
            practice_ids=[member.practice_id],
        )
        await gateway.handle(user)
        await self.system.settle()
        joined = Member(
            practice_id=member.practice_id,
            account_no=number,
            gln=gln,
            client_id=client.client_id,
            secret=secret,
            login=user.login,
            password=password,
        )
        joined.token = await self.token(joined.client_id, joined.secret)
        self.members.append(joined)
        return joined

    async def submit(
        self,
        member: Member,
        content: bytes,
        path: str = "/v1/submissions",
        kind: str = "application/xml",
        **headers: str,
    ) -> httpx.Response:
        """Hand something in as practice software does, and wait until all have heard of it."""
        told = {"Authorization": f"Bearer {member.token}", "Content-Type": kind, **headers}
        answer = await self.door.post(path, content=content, headers=told)
        await self.system.settle()
        return answer

    async def bank(self, camt: bytes) -> httpx.Response:
        """Hand in a file of the bank."""
        answer = await self.door.post(
            "/v1/bank-files",
            content=camt,
            headers={
                "Authorization": f"Bearer {self.bank_token}",
                "Content-Type": "application/xml",
            },
        )
        await self.system.settle()
        return answer

    async def get(self, member: Member, path: str, **params: str) -> Any:
        """Read over REST as the practice's program; the answer must be 200."""
        answer = await self.door.get(
            path, params=params, headers={"Authorization": f"Bearer {member.token}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def days(self, until: date) -> None:
        """Let the calendar do its work day by day until a day, that day too."""
        day = self.clock.today()
        while day < until:
            day += timedelta(days=1)
            self.clock.set_day(day)
            await self.system.tick(day)
            await self.system.settle()
        self.bank_token = await self.token(*self.bank_access)
        for member in self.members:  # programs fetch a new token when theirs has run out
            member.token = await self.token(member.client_id, member.secret)

    def proof(self) -> dict[str, Any]:
        """Return what `quittance verify` says of the running system."""
        with ExitStack() as stack:
            opened = {
                name: Opened(
                    host.service,
                    stack.enter_context(beside(self.system, name)),
                    host.hearing,
                    self.system.documents,
                )
                for name, host in self.system.hosts.items()
            }
            return prove_opened(opened, over_kafka=False)


@contextmanager
def beside(system: System, name: str) -> Iterator[Store]:
    """Open a service's log once more: the running one's connections belong to its threads."""
    store = Store(name, connect(system.settings, name))
    yield store
    store.engine.dispose()


@asynccontextmanager
async def cooperative(
    folder: Path, on: date = MONDAY, **settings: Any
) -> AsyncIterator[Cooperative]:
    """Run the embedded system on an empty folder; at the end its invariants must hold."""
    clock = MovableClock()
    clock.set_day(on)
    system = System(Settings(data=folder, demo=False, **settings), BUILDS, clock)
    await system.start()
    try:
        made = Cooperative(system, clock, system.call("gateway"))
        await made.open()
        yield made
        await system.settle(effects=True)
        await system.settle()
        found = made.proof()
        assert found["ok"], found["failed"]
        assert found["at_rest"], "what services count alike was not compared"
        assert all(log["parked"] == 0 for log in found["logs"].values()), "something is parked"
    finally:
        await system.stop()


def play(folder: Path, scene: Callable[[Cooperative], Awaitable[None]], on: date = MONDAY) -> None:
    """Run one scene in a cooperative of its own."""

    async def run() -> None:
        async with cooperative(folder, on) as made:
            await scene(made)

    asyncio.run(run())
