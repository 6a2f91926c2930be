"""The running gateway by itself: two practices, their people and programs, a browser for each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from libs.events.values import (
    Address,
    PracticeId,
    PracticeKind,
)
from libs.runtime.clock import ZURICH
from services.gateway import registration
from services.gateway.app import build
from services.gateway.decider.client import PRACTICE_SCOPES
from tests.speaker import Among
from tests.unit.gateway.facts import DAY

OTHERS = ["ingest", "invoicing", "dunning", "factoring"]
PASSWORD = "Regen am Lindenhof"  # noqa: S105 - of an invented user


@dataclass
class Door:
    """The running gateway, two practices, and the people and programs of the first."""

    among: Among
    anna: PracticeId
    bruno: PracticeId

    def visitor(self, token: str = "") -> httpx.AsyncClient:
        """Return somebody with cookies of their own."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.among.system.apps["gateway"])
        return httpx.AsyncClient(
            transport=transport, base_url="http://quittance.example", headers=headers
        )

    async def handle(self, command: Any) -> None:
        await self.among.host.handle(command)

    async def program(self, practice_id: PracticeId, *scopes: str) -> tuple[str, str, str]:
        """Let a program in; return its id, secret and a token."""
        command, secret = registration.new_client(
            practice_id=practice_id, name="x", scopes=scopes or sorted(PRACTICE_SCOPES)
        )
        await self.handle(command)
        answer = await self.ask_token(
            grant_type="client_credentials", client_id=command.client_id, client_secret=secret
        )
        assert answer.status_code == 200, answer.text
        return command.client_id, secret, answer.json()["access_token"]

    async def ask_token(self, **form: str) -> httpx.Response:
        async with self.visitor() as visitor:
            return await visitor.post("/v1/oauth/token", data=form)

    async def password(self, login: str, password: str) -> httpx.Response:
        """Ask for a token as practice software does."""
        return await self.ask_token(
            grant_type="password", username=login, password=password, client_id="", client_secret=""
        )

    @asynccontextmanager
    async def logged_in(self, login: str = "anna") -> AsyncIterator[httpx.AsyncClient]:
        """Give the browser of somebody who has logged in."""
        async with self.visitor() as visitor:
            answer = await visitor.post("/login", data={"login": login, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            yield visitor

    def stand(self, at: datetime) -> None:
        """Set the clock to an instant."""
        local = at.astimezone(ZURICH)
        self.among.clock.set_day(local.date(), local.time())


async def member(among: Among, number: int, login: str, role: str = "practice_admin") -> PracticeId:
    command = registration.register_practice(
        account_no=number,
        name=f"Praxis {number}",
        kind=PracticeKind.GENERAL_PRACTICE,
        glns=("7601000000002",),
        canton="ZH",
        language="de",
        address=Address(city="Zürich"),
        iban="CH9300762011623852957",
        joined_on=DAY,
    )
    await among.host.handle(command)
    user, _ = registration.new_user(
        login=login,
        name=login,
        role=role,
        practice_ids=[command.practice_id],
        password=PASSWORD,
    )
    await among.host.handle(user)
    return command.practice_id


def at_the_door(folder: Path, scene: Callable[[Door], Awaitable[None]]) -> None:
    """Play a scene at a gateway of its own."""

    async def run() -> None:
        async with Among(folder, "gateway", build, OTHERS) as among:
            among.clock.set_day(DAY)
            anna = await member(among, 40112, "anna")
            bruno = await member(among, 40113, "bruno", "practice_user")
            await scene(Door(among, anna, bruno))
            assert await among.rebuilt() > 0

    asyncio.run(run())
