"""A cooperative that a browser can reach: the embedded system behind a real port, in a thread."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from libs.events.values import PracticeKind
from libs.runtime.serve import listen, server
from services.simulator.invoices import Invoice, invoice
from services.simulator.practices import Practice, Wish, practice
from services.simulator.request import message
from tests.aside import START_SECONDS, aside
from tests.system import MONDAY, Cooperative, Member, cooperative

T = TypeVar("T")
SEED = 1
FIRST_REMINDER = timedelta(days=50)
"""Default wait of the first step (BR-120)."""


def some_practice(number: int = 7) -> Practice:
    """Return an invented practice whose software writes version 5.0."""
    wish = Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="BE", version="5.0")
    return practice(SEED, number, wish, MONDAY)


def some_invoices(of: Practice, count: int, on: date = MONDAY) -> list[Invoice]:
    """Return invoices of treatments that ended three weeks before a day."""
    ended_on = on - timedelta(days=21)
    return [invoice(SEED, of, (ended_on, index), on) for index in range(count)]


async def join(made: Cooperative, of: Practice) -> Member:
    """Make an invented practice a member."""
    return await made.join(of.account_no, of.gln, name=of.name, glns=of.glns, zsrs=of.zsrs)


async def play(made: Cooperative, invoices: int) -> Member:
    """Hand in invoices of one practice, one of them unusable; jump to where reminding begins."""
    of = some_practice()
    member = await join(made, of)
    for one in some_invoices(of, invoices):
        answer = await made.submit(member, message(one))
        assert answer.status_code == 202, answer.text
    await made.submit(member, b"<nothing/>")
    await made.system.settle(effects=True)
    made.clock.set_day(MONDAY + FIRST_REMINDER)
    await made.days(MONDAY + FIRST_REMINDER + timedelta(days=2))
    await made.system.settle(effects=True)
    await made.system.settle()
    return member


@dataclass
class Served:
    """Where the portal is, who may log in, and the system behind it."""

    url: str
    member: Member
    made: Cooperative
    loop: asyncio.AbstractEventLoop

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the system do something, and return what came of it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(START_SECONDS)

    def settle(self) -> None:
        """Wait until all services have heard what was said."""
        self.wait(self.made.system.settle())


@asynccontextmanager
async def listening(made: Cooperative) -> AsyncIterator[str]:
    """Answer on a free port of this machine, with the server that operators run."""
    started = asyncio.Event()

    async def tell() -> None:
        started.set()

    settings = made.system.settings.model_copy(update={"port": 0})
    with listen(settings) as port:
        running = server(made.system.apps["gateway"], settings, tell)
        serving = asyncio.create_task(running.serve([port]))
        await started.wait()
        try:
            yield f"http://127.0.0.1:{port.getsockname()[1]}"
        finally:
            running.should_exit = True
            await serving


@contextmanager
def served(folder: Path, *, invoices: int) -> Iterator[Served]:
    """Run a cooperative with a practice, its invoices and some weeks of its life."""

    @asynccontextmanager
    async def world() -> AsyncIterator[Served]:
        async with cooperative(folder) as made:
            member = await play(made, invoices)
            async with listening(made) as url:
                yield Served(url, member, made, asyncio.get_running_loop())

    with aside(world) as running:
        yield running
