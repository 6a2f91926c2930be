"""A dunning day over a million open cases: the calendar asks, the rules decide, reminders are due.

It is a Monday, on which the cases of three days come due. Letters are left out: documents have a
figure of their own.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import msgspec
from sqlalchemy import Connection, func, insert, select

from bench.facts import practice
from bench.measure import Figure
from bench.processes import forget_peak, memory
from bench.servers import Create, on_postgres, on_sqlite
from libs.days.holidays_ch import calendar_around
from libs.events.terms import Reminding
from libs.events.values import InvoiceId, Payer
from libs.runtime import calendar, migrate
from libs.runtime.batch import Commands, Pending
from libs.runtime.clock import MovableClock
from libs.runtime.engines import KEYS, open_engine
from libs.runtime.host import Host
from libs.runtime.ids import derived, new_id
from libs.runtime.log import configure
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import parts_of
from libs.runtime.tables import EVENTS
from libs.runtime.vault import Vault
from services.dunning import app
from services.dunning.decider import OpenCase
from services.dunning.ladder import Policy
from services.dunning.tables import remindings

CASES = 1_000_000
DUE_EACH = 10
"""One case of so many is due on the day; over the weeks of a ladder it is one of thirty."""
PRACTICES = 23_000
BATCH = 2_000
MONDAY = date(2026, 6, 15)
WAIT = timedelta(days=50)
"""The ladder's first wait (BR-120)."""
LATER_DAYS = 45
CANTONS = ("ZH", "BE", "LU", "VD", "GE", "TI")


def figures() -> Iterator[Figure]:
    yield from measured("PostgreSQL", on_postgres)


def asked_figures() -> Iterator[Figure]:
    """Do the same on SQLite, where an embedded system has it."""
    yield from figures()
    yield from measured("SQLite", on_sqlite)


def measured(engine: str, on: Callable[[], AbstractContextManager[Create]]) -> Iterator[Figure]:
    configure("error")
    with on() as create, TemporaryDirectory() as folder:
        seconds, reminders, more = asyncio.run(day(create, Path(folder)))
    what = f"{engine}: dunning day, {CASES:,} open cases"
    yield Figure(what=what, ours=seconds, unit="s", at_most=120)
    yield Figure(what=f"{what}, reminders", ours=reminders / seconds)
    yield Figure(what=f"{what}, memory it adds", ours=more, unit="MB", at_most=64)


async def day(create: Create, folder: Path) -> tuple[float, int, float]:
    """Return the seconds that the day took, how many reminders it made, and memory."""
    clock = MovableClock()
    clock.set_day(MONDAY - WAIT)
    keys = open_engine(create("keys"))
    migrate.upgrade(KEYS, keys)
    vault = Vault(keys, b"m" * 32, clock.now)
    url = create("dunning")
    writer = open_engine(url)
    migrate.upgrade("dunning", writer)
    service = replace(app.build(parts_of(Settings(data=folder), clock, vault)), effects={})
    host = Host(service, Store("dunning", writer), open_engine(url), vault, clock)
    await host.start()
    await host.write(settle_wishes)
    for start in range(0, CASES, BATCH):
        pending = [waiting(number) for number in range(start, min(start + BATCH, CASES))]
        await host.submit(Commands(pending))
    clock.set_day(MONDAY)
    forget_peak()
    before, begun = memory(), perf_counter()
    proposals = await calendar.tick(host, MONDAY)
    seconds, more = perf_counter() - begun, memory(field="VmHWM") - before
    reminders = await host.read(reminded)
    assert proposals == reminders == CASES // DUE_EACH, f"{proposals}, {reminders}"
    await host.stop()
    vault.close()
    return seconds, reminders, more


def settle_wishes(db: Connection) -> None:
    """Let every practice have said how it wants its debtors reminded."""
    data = msgspec.json.encode(Reminding()).decode()
    rows: Sequence[dict[str, object]] = [
        {"practice_id": practice(number), "version": 1, "valid_from": date(2026, 1, 1)}
        for number in range(PRACTICES)
    ]
    db.execute(insert(remindings), [row | {"data": data} for row in rows])


def waiting(number: int) -> Pending:
    """Return the command that opens a case, of which one of some is due on the day."""
    ahead = 0 if number % DUE_EACH == 0 else 1 + number % LATER_DAYS
    issued_on = MONDAY - WAIT + timedelta(days=ahead) - timedelta(days=number % 3 * (not ahead))
    command = OpenCase(
        practice_id=practice(number % PRACTICES),
        invoice_id=InvoiceId(derived("case", str(number))),
        payer=Payer.PATIENT,
        canton=CANTONS[number % len(CANTONS)],
        open_rappen=100_00 + number % 400_00,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=30),
        policy=Policy(),
        calendar=calendar_around(issued_on),
    )
    return Pending(command=command, id=new_id(), correlation_id="bench")


def reminded(db: Connection) -> int:
    """Return how many steps were taken."""
    count = select(func.count()).where(EVENTS.c.type == "ReminderEscalated")
    return int(db.execute(count).scalar_one())
