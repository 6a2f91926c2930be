"""A whole embedded system for benchmarks, without documents, and raw ASGI calls to it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from libs.events.values import PracticeId
from libs.runtime.clock import MovableClock
from libs.runtime.log import configure
from libs.runtime.service import Parts, Service
from libs.runtime.settings import Settings
from libs.runtime.system import Build, System
from services.command.builds import BUILDS
from services.gateway import registration
from services.simulator.practices import Practice

TOGETHER = 32


def without_effects(build: Build) -> Build:
    """Return a service that prints nothing: documents have a figure of their own."""

    def plain(parts: Parts) -> Service:
        return replace(build(parts), effects={})

    return plain


@asynccontextmanager
async def running(on: date, *with_effects: str) -> AsyncIterator[System]:
    """Run all services in this process on an empty folder; effects of the named ones alone."""
    configure("error")
    clock = MovableClock()
    clock.set_day(on)
    with TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), demo=False)
        builds = {
            name: build if name in with_effects else without_effects(build)
            for name, build in BUILDS.items()
        }
        system = System(settings, builds, clock)
        await system.start()
        try:
            yield system
        finally:
            await system.stop()


async def join(system: System, member: Practice) -> PracticeId:
    """Make a simulated practice a member."""
    command = registration.register_practice(
        account_no=member.account_no,
        name=member.name,
        kind=member.kind,
        glns=member.glns,
        zsrs=member.zsrs,
        canton=member.canton,
        language=member.language,
        address=member.address,
        iban=member.iban,
        vat_number=member.vat_number,
        joined_on=member.joined_on,
    )
    await system.hosts["gateway"].handle(command)
    await system.settle()
    return command.practice_id


async def post(app: Any, path: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Call an ASGI application as a server would, without a client; return the status."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("bench", 80),
    }
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    status = 0

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop()
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    await app(scope, receive, send)
    return status


async def post_all(
    app: Any, path: str, bodies: Sequence[bytes], headers: Mapping[str, str], expected: int
) -> None:
    """Post all bodies, so many at once."""
    waiting = list(reversed(bodies))

    async def worker() -> None:
        while waiting:
            status = await post(app, path, waiting.pop(), headers)
            assert status == expected, f"{path}: {status}"

    await asyncio.gather(*(worker() for _ in range(TOGETHER)))
