"""Says over webhooks what became of invoices: follows the feed, each webhook at its own place.

At least once and in order for each webhook. One that is slow or fails holds up no other.
"""

import asyncio
import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Row

from libs.events.values import PracticeId
from libs.runtime import crash
from libs.runtime.host import Host
from libs.runtime.ids import new_id
from libs.runtime.metrics import WEBHOOKS_FAILING, WEBHOOKS_FAILING_AGE, WEBHOOKS_SENT
from libs.runtime.service import Loop
from services.gateway import calling, deliveries, feed
from services.gateway.access import aware
from services.gateway.calling import Caller
from services.gateway.decider.webhook import DisableWebhook, Reason
from services.gateway.deliveries import FAILING_MAX, GONE, Held, Outcome
from services.gateway.feed import Fact

log = structlog.get_logger()

PAGE_FACTS: Final = 20
LOOK_SECONDS: Final = 1
"""How often it looks whose next try is due."""
SWEEP: Final = timedelta(seconds=30)
"""How often all are looked at: another instance may have heard of their practices."""
PACE: Final = timedelta(milliseconds=100)
"""How long news are gathered: on a busy day there are some with every page that is heard."""


def deliver(caller: Caller, *, alone: bool) -> Loop:
    """Return the loop that sends messages as long as the gateway runs; alone, on its own data."""

    async def follow(host: Host) -> None:
        if alone:
            await host.until_done(lambda: host.write(deliveries.take_over), "webhooks")
        await Delivering(host, caller).follow()

    return follow


class Delivering:
    """One process's share of the work: a task for each webhook that has something to send."""

    def __init__(self, host: Host, caller: Caller) -> None:
        self._host = host
        self._caller = caller
        self._me = new_id()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        for end in ("delivered", "failed"):
            WEBHOOKS_SENT.labels(end)  # shown before the first, which is an increase

    async def follow(self) -> None:
        """Send what there is, then what comes, for ever."""
        clock = asyncio.get_running_loop().time
        swept = clock()
        try:
            with self._host.news.listen() as ear:
                heard: Collection[str] | None = None
                while True:
                    await self._look(heard)
                    await asyncio.sleep(PACE.total_seconds())
                    heard = await ear.wait(LOOK_SECONDS)
                    if clock() - swept > SWEEP.total_seconds():
                        swept, heard = clock(), None
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _look(self, practices: Collection[str] | None) -> None:
        host = self._host
        try:
            for row in await host.read(deliveries.due, host.clock.now(), practices):
                self._begin(row)
            if practices:
                return
            many, since = await host.read(deliveries.failing)
        except Exception as error:  # noqa: BLE001 - the store is away: looking again is the remedy
            log.warning("webhooks_wait", error=type(error).__name__)
            return
        now = host.clock.now()
        WEBHOOKS_FAILING.set(many)
        WEBHOOKS_FAILING_AGE.set((now - aware(since, now)).total_seconds() if since else 0)

    def _begin(self, row: Row[Any]) -> None:
        """Work on a webhook; one that is worked on already is looked at once more afterwards."""
        name = row.webhook_id
        if name in self._tasks:
            self._again.add(name)
            return
        self._tasks[name] = asyncio.create_task(self._work(row), name=f"webhook-{name}")

    async def _work(self, row: Row[Any]) -> None:
        name = row.webhook_id
        try:
            while True:
                self._again.discard(name)
                await self._through(row)
                if name not in self._again:
                    return
        except Exception as error:  # noqa: BLE001 - nothing was recorded: the next look tries again
            log.warning("webhook_work_failed", webhook=name, error=type(error).__name__)
        finally:
            self._tasks.pop(name, None)
            self._again.discard(name)

    async def _through(self, row: Row[Any]) -> None:
        """Send everything that waits for a webhook, until nothing does or it fails."""
        host, name = self._host, row.webhook_id
        held = await host.write(deliveries.hold, row, self._me, host.clock.now())
        if held is None:
            return
        try:
            now: Row[Any] | None = row
            while held is not None and now is not None:
                held = await self._page(now, held)
                now = await host.read(deliveries.current, name)
        finally:
            await host.write(deliveries.release, name, self._me)

    async def _page(self, row: Row[Any], held: Held) -> Held | None:
        """Send a page; return where to go on, None where there is nothing more to do now."""
        host, name = self._host, row.webhook_id
        types = frozenset(json.loads(row.types))
        practice = PracticeId(row.practice_id)
        page = await host.read(feed.page, practice, held.place, types, PAGE_FACTS)
        for fact in page.facts:
            outcome = await send(host, self._caller, row, fact)
            crash.point("webhook.after_send", host.service.name)
            place = {**held.place, fact.source: fact.position}
            if not await self._recorded(row, held, fact, outcome, place):
                return None
            held = Held(place=place, tries=0, failing_since=None)
        if page.place != held.place:
            if not await host.write(deliveries.move, name, self._me, page.place, host.clock.now()):
                return None
            held = Held(place=page.place, tries=0, failing_since=None)
        return held if page.more else None

    async def _recorded(
        self, row: Row[Any], held: Held, fact: Fact, outcome: Outcome, place: feed.Place
    ) -> bool:
        """Record what came of a message; return whether the next one may be sent."""
        host, name, now = self._host, row.webhook_id, self._host.clock.now()
        WEBHOOKS_SENT.labels("delivered" if outcome.good else "failed").inc()
        tried = deliveries.tried(fact, outcome, now, held.tries + 1)
        if outcome.good:
            moved: bool = await host.write(deliveries.taken, name, self._me, place, tried)
            return moved
        await host.write(deliveries.failed, name, self._me, held, tried)
        reason = given_up(held, outcome, now)
        if reason is not None:
            await self._disable(row, reason, now)
        return False

    async def _disable(self, row: Row[Any], reason: Reason, now: datetime) -> None:
        command = DisableWebhook(
            practice_id=PracticeId(row.practice_id),
            webhook_id=row.webhook_id,
            reason=reason,
            at=now,
        )
        await self._host.handle(command, limited=False)
        log.warning("webhook_disabled", webhook=row.webhook_id, reason=reason)


def given_up(held: Held, outcome: Outcome, now: datetime) -> Reason | None:
    """Return why nothing more is sent after a failure: 410, or three days of failing (P25)."""
    if outcome.status == GONE:
        return "GONE"
    failing = held.failing_since is not None and now - held.failing_since >= FAILING_MAX
    return "FAILING" if failing else None


async def send(host: Host, caller: Caller, row: Row[Any], fact: Fact) -> Outcome:
    """Send a fact to a webhook under the event's own id, which is the same at each try."""
    now = host.clock.now()
    until = aware(row.old_until, now) if row.old_until else None
    secrets = calling.secrets_of(host.vault, row.webhook_id, row.secret_number, until, now)
    body = calling.body_of(fact)
    return await caller.post(row.url, calling.headers_of(secrets, fact.id, now, body), body)
