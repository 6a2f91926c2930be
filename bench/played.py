"""A data folder of a cooperative that has worked for a while, for benches that read what is stored.

Everything goes through the real intake; half of the invoices are paid by files of the bank.
Documents are left out: they have a figure of their own.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from bench.intake import XML
from bench.reading import DAY, messages
from bench.world import join, post_all, without_effects
from libs.events.values import COOPERATIVE, PracticeKind
from libs.runtime.clock import MovableClock
from libs.runtime.log import configure
from libs.runtime.settings import Settings
from libs.runtime.system import System
from services.command.builds import BUILDS
from services.invoicing.tables import invoices
from services.simulator.camt054 import Receipt, camt054
from services.simulator.practices import Wish, practice

TOGETHER = 500


async def play(settings: Settings, count: int) -> None:
    """Hand in so many invoices and pay every other one."""
    configure("error")
    clock = MovableClock()
    clock.set_day(DAY)
    builds = {name: without_effects(build) for name, build in BUILDS.items()}
    system = System(settings, builds, clock)
    await system.start()
    try:
        wish = Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version="5.0")
        headers = XML | {"X-Practice-Id": await join(system, practice(1, 1, wish, DAY))}
        bodies = messages("5.0", count)
        door = system.apps["ingest"]
        for start in range(0, count, TOGETHER):
            await post_all(door, "/submissions", bodies[start : start + TOGETHER], headers, 202)
            await system.settle()
        wanted = select(invoices.c.reference, invoices.c.open_rappen)
        rows = await system.hosts["invoicing"].read(lambda db: db.execute(wanted).all())
        bank = XML | {"X-Practice-Id": COOPERATIVE}
        for number, start in enumerate(range(0, count // 2, TOGETHER), start=1):
            receipts = [
                Receipt(bank_reference=row[0], amount_rappen=row[1], reference=row[0])
                for row in rows[start : start + TOGETHER]
            ]
            file = camt054(number, DAY, settings.creditor_iban, receipts)
            await post_all(door, "/bank-files", [file], bank, 200)
            await system.settle()
    finally:
        await system.stop()


@contextmanager
def folder(count: int) -> Iterator[Settings]:
    """Play in a folder that is gone afterwards."""
    with TemporaryDirectory() as name:
        settings = Settings(data=Path(name) / "data", demo=False)
        asyncio.run(play(settings, count))
        yield settings
