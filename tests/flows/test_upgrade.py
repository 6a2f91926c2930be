"""Every release's data folder is opened by this one, proved, and worked on (P16, P45)."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from libs.runtime.clock import MovableClock
from libs.runtime.system import System
from services.command.builds import BUILDS
from services.command.opening import migrate_all
from services.command.proving import prove
from services.gateway.tables import invoices
from services.simulator.camt054 import Receipt
from tests import cast, releases
from tests.system import MONDAY, Cooperative, Member

NEXT_DAY = releases.LAST_DAY + timedelta(days=1)


async def shown(made: Cooperative) -> list[Any]:
    """Return the invoices as the gateway shows them, oldest first."""
    wanted = select(invoices).order_by(invoices.c.issued_on, invoices.c.number)
    return await made.system.hosts["gateway"].read(lambda db: list(db.execute(wanted)))


async def go_on(made: Cooperative) -> None:
    """Pay what an older release issued, hand in what it has seen and what nobody has."""
    doctor = cast.doctor(MONDAY)
    before = await shown(made)
    (waiting,) = [row for row in before if row.end is None]
    receipt = Receipt(
        bank_reference="upgrade",
        amount_rappen=waiting.open_rappen,
        reference=waiting.reference,
    )
    assert (await made.bank(cast.paid(2, NEXT_DAY, receipt))).is_success
    known, _, fresh = cast.invoices(doctor, MONDAY, "TG")[:3]
    door = made.system.call("ingest")
    headers = {"X-Practice-Id": waiting.practice_id, "Content-Type": "application/xml"}
    for one in (known, fresh):
        answer = await door.post("/submissions", content=cast.xml(one), headers=headers)
        assert answer.status_code in {200, 202}, answer.text
        await made.system.settle(effects=True)
    await made.system.settle()
    after = await shown(made)
    assert len(after) == len(before) + 1, "a message that is known makes no second invoice"
    assert {row.end for row in after if row.number != after[-1].number} == {"PAID"}


@pytest.mark.parametrize("release", releases.releases())
def test_what_a_release_stored_is_opened_proved_and_worked_on(release: str, tmp_path: Path) -> None:
    settings = releases.unpack(release, tmp_path / "data")

    async def scene() -> None:
        clock = MovableClock()
        clock.set_day(NEXT_DAY)
        system = System(settings, BUILDS, clock)
        await system.start()
        try:
            made = Cooperative(system, clock, system.call("gateway"), members=list[Member]())
            await made.open()
            await system.settle(effects=True)
            assert made.proof()["failed"] == []
            await go_on(made)
            await made.days(NEXT_DAY + timedelta(days=40))
        finally:
            await system.stop()

    asyncio.run(scene())
    proof = prove(settings)
    assert (proof["failed"], proof["at_rest"]) == ([], True)
    assert sum(log["parked"] for log in proof["logs"].values()) == 0


@pytest.mark.parametrize("release", releases.releases())
def test_an_upgrade_that_died_before_its_tables_were_made_is_ended_by_the_next_start_f8(
    release: str, tmp_path: Path
) -> None:
    settings = releases.unpack(release, tmp_path / "data")
    behind = {name for name, wanted in migrate_all(settings, []).items() if wanted}
    assert {"gateway", "ingest"} <= behind
    assert prove(settings)["failed"], "new columns are empty"
    assert {name for name, wanted in migrate_all(settings, []).items() if wanted} == behind

    async def scene() -> None:
        system = System(settings, BUILDS, MovableClock())
        await system.start()
        await system.stop()

    asyncio.run(scene())
    assert prove(settings)["failed"] == []
    assert not any(migrate_all(settings, []).values())
