"""The calendar: asks read tables what is due on a day and sends commands; rules decide.

What is due is asked for and decided in pages, so a day of a million proposals needs no more memory
than a day of ten.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import islice

import structlog
from sqlalchemy import Connection

from libs.runtime import crash
from libs.runtime.batch import Commands, Pending
from libs.runtime.clock import ZURICH
from libs.runtime.host import Host
from libs.runtime.ids import new_id
from libs.runtime.metrics import PROPOSALS_FAILED
from libs.runtime.service import DUE_PAGE, Command, Due
from libs.runtime.trouble import lasts

log = structlog.get_logger()

CONSUMER = "calendar"
TICK_HOUR = 5
"""The day's work begins at five in the morning, Zurich."""
LOOK_SECONDS = 15.0


class Day:
    """One day's work of one service, and what became of it."""

    def __init__(self, host: Host, day: date) -> None:
        self._host = host
        self._day = day
        self.proposals = 0
        self.failed: list[Exception] = []
        """Errors of the proposals that failed by a bug in a rule; all others were decided."""

    async def work_off(self) -> None:
        """Decide all that is due, then note the day as done.

        A proposal that fails holds up no other, and the day goes on without it: what was not done
        is still due tomorrow. A question that fails holds up no other question, but the day is not
        done then, as nobody knows what it would have found.
        """
        unanswered: list[Exception] = []
        for due in self._host.service.due:
            try:
                await self._decide(due)
            except Exception as error:
                if not lasts(error):
                    raise
                unanswered.append(error)
        if unanswered:
            raise unanswered[0]
        crash.point("calendar.before_mark", self._host.service.name)
        await self._host.write(_ticked, self._host, self._day)
        crash.point("calendar.after_mark", self._host.service.name)

    async def _decide(self, due: Due) -> None:
        last: Command | None = None
        refused: Counter[str] = Counter()
        while page := await self._host.read(_page, due, self._day, last):
            assert page[-1] != last, "a question that was answered is asked for what lies behind"
            last = page[-1]
            self.proposals += len(page)
            for done in await self._decided(page):
                if done.refused is not None:
                    refused[type(done.refused).__name__] += 1
                if done.failed is not None:
                    self._fails(done.command, done.failed)
            crash.point("calendar.after_page", self._host.service.name)
            if len(page) < DUE_PAGE:
                break
        if refused:
            log.info("proposals_refused", service=self._host.service.name, reasons=dict(refused))

    async def _decided(self, page: Sequence[Command]) -> Sequence[Pending]:
        of_today = f"calendar-{self._day}"
        work = Commands(
            [Pending(command=one, id=new_id(), correlation_id=of_today) for one in page]
        )
        decided: Sequence[Pending] = await self._host.submit(work)
        return decided

    def _fails(self, command: Command, error: Exception) -> None:
        service, name = self._host.service.name, type(command).__name__
        PROPOSALS_FAILED.labels(service, name).inc()
        stream = self._host.writer.stream_of(command)[1]
        log.error("proposal_failed", command=name, stream=stream, error=type(error).__name__)
        self.failed.append(error)


async def tick(host: Host, day: date) -> int:
    """Do what a service finds due on a day; return how many commands that made.

    A day done twice changes nothing: the rules see that the steps were taken. Where proposals
    failed by a bug, the first error is raised once the day is done.
    """
    work = Day(host, day)
    await work.work_off()
    if work.failed:
        raise work.failed[0]
    return work.proposals


async def follow(host: Host) -> None:
    """Tick each day once, in order; after a stop the missed days are caught up (F36).

    First all is heard that was said by then: a reminder must not go out while the payment lies
    unread. As long as brokers or others' news are away, nothing is due (F12).
    """
    while True:
        await host.until_done(lambda: _catch_up(host), CONSUMER)
        await asyncio.sleep(LOOK_SECONDS)


async def _catch_up(host: Host) -> None:
    today = (host.clock.now().astimezone(ZURICH) - timedelta(hours=TICK_HOUR)).date()
    done = await host.read(host.store.position, CONSUMER, host.service.name)
    day = date.fromordinal(done) + timedelta(days=1) if done else today
    if day <= today:
        await host.catch_up()
    while day <= today:
        await Day(host, day).work_off()
        day += timedelta(days=1)


def _page(db: Connection, due: Due, day: date, last: Command | None) -> Sequence[Command]:
    return list(islice(due(db, day, last), DUE_PAGE))


def _ticked(db: Connection, host: Host, day: date) -> None:
    at = host.store.position(db, CONSUMER, host.service.name)
    if at < day.toordinal():
        place = CONSUMER, host.service.name, 0, at, day.toordinal()
        host.store.move(db, *place, mark=day.isoformat())
