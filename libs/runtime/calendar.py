"""The calendar: asks read tables what is due on a day and sends commands; rules decide."""

import asyncio
from datetime import date, timedelta

from sqlalchemy import Connection

from libs.runtime.clock import ZURICH
from libs.runtime.host import Host

CONSUMER = "calendar"
TICK_HOUR = 5
"""The day's work begins at five in the morning, Zurich."""
LOOK_SECONDS = 15.0


async def tick(host: Host, day: date) -> int:
    """Do what a service finds due on a day; return how many commands that made.

    A day done twice changes nothing: the rules see that the steps were taken.
    """
    count = 0
    for due in host.service.due:
        commands = await host.read(lambda db, due=due: list(due(db, day)))
        await host.handle_all(commands, f"calendar-{day}")
        count += len(commands)
    await host.write(_ticked, host, day)
    return count


async def follow(host: Host) -> None:
    """Tick each day once, in order; after a stop the missed days are caught up (F36)."""
    while True:
        await host.until_done(lambda: _catch_up(host), CONSUMER)
        await asyncio.sleep(LOOK_SECONDS)


async def _catch_up(host: Host) -> None:
    today = (host.clock.now().astimezone(ZURICH) - timedelta(hours=TICK_HOUR)).date()
    done = await host.read(host.store.position, CONSUMER, host.service.name)
    day = date.fromordinal(done) + timedelta(days=1) if done else today
    while day <= today:
        await tick(host, day)
        day += timedelta(days=1)


def _ticked(db: Connection, host: Host, day: date) -> None:
    at = host.store.position(db, CONSUMER, host.service.name)
    if at < day.toordinal():
        host.store.move(db, CONSUMER, host.service.name, 0, at, day.toordinal())
