"""What is attacked: the embedded system behind its real server, two practices, their programs."""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvloop
from sqlalchemy import Connection, func, select

from libs.events.values import COOPERATIVE, PracticeId
from libs.runtime.tables import EVENTS
from services.gateway import registration
from services.simulator.request import message
from tests import papers
from tests.archives import zipped
from tests.aside import aside
from tests.browser.served import join, listening, some_invoices, some_practice
from tests.system import MONDAY, Cooperative, Member, cooperative

T = TypeVar("T")
PATIENCE = 120
"""Seconds until a test gives up waiting for what must come."""
REMINDED = timedelta(days=52)
"""By then the first reminders of what was handed in at the beginning are printed."""
CANARY = "Kanarienvogel7731"
"""Stands in what is sent; no answer may hold it."""
SECRETS = (CANARY, "Traceback", "sqlalchemy", "SELECT ", ".py", "site-packages", "lxml", "expat")
"""What no refusal tells (P21)."""


@dataclass
class Target:
    """The running system, where it listens, and who may ask it."""

    url: str
    made: Cooperative
    member: Member
    other: Member
    spare: Iterator[bytes]
    """Messages of the first practice that have not been handed in."""
    loop: asyncio.AbstractEventLoop

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the system do something, and return what came of it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        assert url.port is not None
        return url.host, url.port

    def client(self, token: str | None = None, **more: Any) -> httpx.Client:
        """Return a program with a token, by default the first practice's."""
        bearer = self.member.token if token is None else token
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, **more)

    @contextmanager
    def browser(self, of: Member | None = None) -> Iterator[httpx.Client]:
        """Give the browser of a practice's user, the first one's unless said, logged in."""
        member = of or self.member
        with self.client("") as made:
            made.headers["Accept"] = "text/html"
            form = {"login": member.login, "password": member.password}
            assert made.post("/login", data=form).status_code == 303
            yield made

    def program(self, practice: PracticeId, *scopes: str) -> tuple[str, str]:
        """Let another program in; return its id and a token."""
        command, secret = registration.new_client(practice_id=practice, name="x", scopes=scopes)
        self.wait(self.made.system.hosts["gateway"].handle(command))
        return command.client_id, self.wait(self.made.token(command.client_id, secret))

    def draft(self, of: Member) -> str:
        """Have a practice begin to enter services; return the id of its draft."""
        with self.browser(of) as browser:
            found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/records").text)
            assert found is not None
            begun = browser.post("/records", data={"csrf": found[1]})
            assert begun.status_code == 303, begun.text
            return begun.headers["location"].removeprefix("/records/")

    def events(self) -> int:
        """Count all events of all services."""

        def count(db: Connection) -> int:
            return db.execute(select(func.count()).select_from(EVENTS)).scalar_one()

        async def all_of_them() -> int:
            await self.made.system.settle(effects=True)
            await self.made.system.settle()
            hosts = self.made.system.hosts.values()
            return sum([await host.read(count) for host in hosts])

        return self.wait(all_of_them())

    def usable(self) -> bytes:
        """Return a message that nothing is wrong with, another one each time."""
        return next(self.spare)

    def handed_in(self) -> list[dict[str, Any]]:
        """Return what the first practice handed in, newest first, once all have heard of it."""
        self.wait(self.made.system.settle())
        with self.client() as client:
            answer = client.get("/v1/submissions", params={"limit": 200})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def still_works(self) -> None:
        """See that the next good message is taken."""
        with self.client() as client:
            headers = {"Content-Type": "application/xml"}
            answer = client.post("/v1/submissions", content=self.usable(), headers=headers)
        assert answer.status_code == 202, answer.text


async def leader(made: Cooperative, member: Member) -> str:
    """Return the token of who leads a practice."""
    form = {"grant_type": "password", "username": member.login, "password": member.password}
    answer = await made.door.post("/v1/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


async def hooked(made: Cooperative, member: Member) -> None:
    """Have a practice's events sent to where nobody listens."""
    headers = {"Authorization": f"Bearer {await leader(made, member)}", "Idempotency-Key": "x"}
    body = {"url": "http://127.0.0.1:9/", "types": ["InvoiceSettled"]}
    answer = await made.door.post("/v1/webhooks", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def inhabited(made: Cooperative, *, reminded: bool) -> tuple[Member, Member, Iterator[bytes]]:
    """Let two practices join and hand in; reminded, let weeks pass until letters were sent."""
    members = []
    for number in (7, 8):
        of = some_practice(number)
        member = await join(made, of)
        for one in some_invoices(of, 2):
            answer = await made.submit(member, message(one))
            assert answer.status_code == 202, answer.text
        await made.submit(member, b"<nothing/>")
        archive = zipped([b"<nothing/>", b"<something/>"])
        answer = await made.submit(
            member, archive, path="/v1/submission-jobs", kind="application/zip"
        )
        assert answer.status_code == 202, answer.text
        sheet = papers.pdf(text=f"Blatt {number}")
        answer = await made.submit(member, sheet, path="/v1/sheets", kind="application/pdf")
        assert answer.status_code == 202, answer.text
        members.append(member)
    await made.system.settle(effects=True)
    if reminded:
        made.clock.set_day(MONDAY + REMINDED - timedelta(days=2))
        await made.days(MONDAY + REMINDED)
        await made.system.settle(effects=True)
    for member in members:
        await hooked(made, member)
    await made.system.settle()
    return members[0], members[1], map(message, some_invoices(some_practice(7), 2_000)[2:])


@contextmanager
def attacked(folder: Path, *, reminded: bool = False, **settings: Any) -> Iterator[Target]:
    """Run a cooperative in a thread of its own; at the end its invariants must hold."""

    @asynccontextmanager
    async def world() -> AsyncIterator[Target]:
        here = {"webhook_networks": "127.0.0.0/8", **settings}
        async with cooperative(folder, **here) as made:
            member, other, spare = await inhabited(made, reminded=reminded)
            async with listening(made) as url:
                loop = asyncio.get_running_loop()
                yield Target(url, made, member, other, spare, loop)

    with aside(world, uvloop.run) as running:
        yield running


def told(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """See that a refusal is a problem document that says nothing but what is wrong (P21)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["status"], document["code"]) == (status, code), answer.text
    assert document["request_id"] == answer.headers["x-request-id"]
    assert not [one for one in SECRETS if one in answer.text], answer.text
    return document


__all__ = ["CANARY", "COOPERATIVE", "Target", "attacked", "told"]
