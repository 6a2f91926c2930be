"""Hearing: a page of messages in one transaction, against a transaction for each message.

Both do the same to each message: move the position, decode, decide, append, project. Only how many
share a transaction differs.
"""

import asyncio
from collections.abc import Iterator, Sequence

from bench.facts import NAME, SHOWN, Register, envelopes, fact, hosted, practice
from bench.measure import Figure, rates
from bench.servers import ENGINES, Create
from libs.events import Envelope, PracticeRegistered
from libs.runtime.feed import PAGE_EVENTS, Page
from libs.runtime.host import Host
from libs.runtime.pages import PageWork
from libs.runtime.service import Service

PAGES = 8
SINGLE = 250
PRACTICES = 50
SOURCE = "elsewhere"


def heard(event: PracticeRegistered) -> Register:
    return Register(practice_id=event.practice_id, key=f"{event.practice_id}-{event.account_no}")


LISTENER = Service(
    name=NAME,
    deciders=SHOWN.deciders,
    projections=SHOWN.projections,
    tables=SHOWN.tables,
    reactions={PracticeRegistered: heard},
)


class Listener:
    """A host that is given pages as a feed would."""

    def __init__(self, create: Create, name: str, page: int, pages: int) -> None:
        self._page = page
        self._pages = pages
        self._at = 0
        self._runner = asyncio.Runner()
        self._host: Host = hosted(create, name, LISTENER)
        self._runner.run(self._host.start())

    def __call__(self, _: int) -> int:
        count = self._page * self._pages
        events = [fact(self._at + n, practice(n % PRACTICES)) for n in range(count)]
        said = envelopes(events, SOURCE)
        return self._runner.run(self._hear(said))

    def close(self) -> None:
        self._runner.run(self._host.stop())
        self._runner.close()
        self._host.vault.close()

    async def _hear(self, said: Sequence[Envelope]) -> int:
        for start in range(0, len(said), self._page):
            after = self._at
            self._at += self._page
            some = said[start : start + self._page]
            page = Page(
                source=SOURCE,
                partition=0,
                after=after,
                upto=self._at,
                items=list(enumerate(some, after + 1)),
            )
            moved = await self._host.submit(
                PageWork(self._host.hearing, page, self._host.clock.now)
            )
            assert moved
        return len(said)


def figures() -> Iterator[Figure]:
    for engine, databases in ENGINES:
        with databases() as create:
            pages = Listener(create, "pages", PAGE_EVENTS, PAGES)
            single = Listener(create, "single", 1, SINGLE)
            ours, anchor = rates(pages, single)
            pages.close()
            single.close()
        yield Figure(
            what=f"{engine}: consumer, pages of {PAGE_EVENTS}, rule and projection",
            ours=ours,
            anchor=anchor,
            against="a transaction a message",
            at_least=20,
        )
