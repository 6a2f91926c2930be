"""What happens between services and by the calendar: one page, one effect, one day at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from random import Random
from typing import NamedTuple

from libs.runtime import calendar
from libs.runtime.calendar import CONSUMER as CALENDAR
from libs.runtime.clock import ZURICH
from libs.runtime.effects import CONSUMER as EFFECTS
from libs.runtime.feed import Page
from libs.runtime.host import Host
from libs.runtime.relay import CONSUMER as RELAY
from libs.runtime.relay import LOG
from tests.simulation.broker import Cut, Given
from tests.simulation.ledger import hold
from tests.simulation.machine import NAMES, Machine
from tests.simulation.steps import favourite
from tests.simulation.troubles import Trouble

MISSED_MAX = 4
"""Who missed so few days makes them up one after the other; else only today is worked off."""
PARKED_FOR = timedelta(hours=7)
"""Longer than any parked message waits for its next try."""


class Place(NamedTuple):
    """A partition that a service hears."""

    consumer: str
    source: str
    partition: int


@dataclass
class Inside:
    """Works on the machine; each step says in words what it did."""

    machine: Machine
    trouble: Trouble | None = None
    """What goes wrong in the step under way."""
    acting: str = ""
    """Which service is at work: if the process dies, it is this one's."""

    def host(self, name: str) -> Host:
        """Return the service's instance, or a former one that wakes up and goes on (F9)."""
        self.acting = name
        if self.trouble is not None and self.trouble.kind == "wakes up":
            return self.machine.former.get(name, self.machine.hosts[name])
        return self.machine.hosts[name]

    def positions(self, name: str, consumer: str) -> dict[tuple[str, int], int]:
        """Return where a consumer stands in each partition of each source."""
        found = self.machine.databases[name].execute(
            "SELECT source, partition, seq FROM positions WHERE consumer = ?", (consumer,)
        )
        return {(source, partition): seq for source, partition, seq in found.fetchall()}

    def behind(self) -> Iterator[tuple[Place, int]]:
        """Yield the partitions that hold something not heard yet, with the position there."""
        sources = self.machine.broker.sources()
        for name in NAMES:
            heard, at = self.machine.types[name], self.positions(name, name)
            for source, partition in sources:
                position = at.get((source, partition), 0)
                if source in heard and position < self.machine.broker.last(source, partition):
                    yield Place(name, source, partition), position

    def unsent(self, name: str) -> int:
        """Return how many events of a log were not sent yet."""
        (head,) = self.machine.databases[name].execute("SELECT position FROM log_head").fetchone()
        return int(head) - self.positions(name, RELAY).get((LOG, 0), 0)

    def undone(self, name: str) -> int:
        """Return how many events of a log its service's effects have not looked at yet."""
        if not self.machine.services[name].effects:
            return 0
        (head,) = self.machine.databases[name].execute("SELECT position FROM log_head").fetchone()
        return int(head) - self.positions(name, EFFECTS).get((name, 0), 0)

    async def relay(self, draw: Random) -> str:
        """Send what a log has got; the connection may break on the way."""
        waiting = [name for name in NAMES if self.unsent(name)]
        if not waiting:
            return "nothing to send"
        name = self.acting = favourite(draw, waiting)
        if self.trouble is not None and self.trouble.kind == "cut off":
            self.machine.broker.cut = Cut(records=self.trouble.after)
        try:
            await self.machine.relays[name].step()
        finally:
            self.machine.broker.cut = None
        return f"relay of {name}"

    async def deliver(self, draw: Random) -> str:
        """Deliver a few pages, of whichever partitions."""
        told = [await self._deliver(draw) for _ in range(draw.choice((1, 2, 4)))]
        return "; ".join(told)

    async def _deliver(self, draw: Random) -> str:
        """Deliver a page: whole or cut short, some of it again, or as one who is long behind."""
        waiting = dict(self.behind())
        if not waiting:
            return "nothing to deliver"
        place = favourite(draw, waiting)
        position = waiting[place]
        count, back = draw.choice((1, 2, 5, 500, 500)), draw.choice((0, 0, 0, 0, 1, 5))
        late = back > 0 and draw.random() < 0.3
        page = self._page(place, max(0, position - back) if late else position, back, count)
        feed = Given(page)
        await self.host(place.consumer).consume(feed)
        if late and page.after != position:
            hold(not feed.moved, f"{place}: a page from before {position} had an effect")
        words = f"{place.source} p{place.partition} to {place.consumer}: {page.after}-{page.upto}"
        return words + (" again" if back else "")

    def _page(self, place: Place, after: int, back: int, count: int) -> Page:
        types = self.machine.types[place.consumer][place.source]
        broker = self.machine.broker
        return broker.page(place.source, place.partition, after, types, back=back, count=count)

    async def effects(self, draw: Random) -> str:
        """Do the effects of a page of one service's log."""
        waiting = [name for name in NAMES if self.undone(name)]
        if not waiting:
            return "nothing to do"
        name = favourite(draw, waiting)
        late = draw.random() < 0.1  # one who is long behind does effects again, and records none
        await self._effects_of(self.host(name), back=5 if late else 0)
        return f"effects of {name}"

    async def _effects_of(self, host: Host, back: int = 0) -> None:
        name = host.service.name
        at = self.positions(name, EFFECTS).get((name, 0), 0)
        await host.effects.step(host, max(0, at - back))

    async def redrive(self, draw: Random) -> str:
        """Try what is parked again, where it is due."""
        name = draw.choice(NAMES)
        return f"redrive of {name}: {await self.host(name).redrive()} tried"

    async def restart(self, draw: Random) -> str:
        """End a service and start it anew."""
        name = draw.choice(NAMES)
        self.machine.restart(name)
        return f"restart of {name}"

    async def day(self, draw: Random) -> str:
        """Let days pass; services with work for the day do it, once, twice, or miss it (F36)."""
        clock = self.machine.clock
        days = draw.choice((0, 1, 1, 2, 3, 5, 8, 13, 21, 34))
        day = clock.now().astimezone(ZURICH).date() + timedelta(days=days)
        clock.set_day(day, time(draw.randint(5, 22)))
        asked = [name for name in NAMES if self.machine.services[name].due]
        ticking = draw.choices(asked, k=draw.choice((0, 1, 2, 2, 3)))
        for name in ticking:
            done = self.positions(name, CALENDAR).get((name, 0), 0)
            if day.toordinal() - done <= MISSED_MAX and draw.random() < 0.3:
                await self._hear_all(name)
                await calendar._catch_up(self.host(name))
            else:
                await calendar.tick(self.host(name), day)
        return f"{day}: work of {', '.join(ticking) or 'nobody'}"

    async def rest(self) -> bool:
        """Let everything be heard and done once; return whether anything was left to do."""
        moved = False
        for name in ("gateway", "ingest", "invoicing", "dunning", "factoring", "gateway"):
            self.acting = name
            moved |= await self._hear_all(name)
            while self.undone(name):
                await self._effects_of(self.host(name))
                moved = True
            while self.unsent(name):
                await self.machine.relays[name].step()
                moved = True
        return moved

    async def _hear_all(self, name: str) -> bool:
        """Deliver all that was sent to one service; return whether there was anything."""
        waiting = [one for one in self.behind() if one[0].consumer == name]
        for place, position in waiting:
            await self.host(name).consume(Given(self._page(place, position, 0, 500)))
        return bool(waiting)

    async def redrive_all(self) -> bool:
        """Try all that is parked, later; return whether anything is."""
        parked = [name for name in NAMES if self.parked(name)]
        if parked:
            self.machine.clock._at = self.machine.clock.now() + PARKED_FOR
        for name in parked:
            await self.host(name).redrive()
        return bool(parked)

    def parked(self, name: str) -> int:
        """Return how many messages of a service are parked."""
        found = self.machine.databases[name].execute("SELECT count(*) FROM parked").fetchone()
        return int(found[0])
