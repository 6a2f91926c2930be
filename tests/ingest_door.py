"""Ingest by itself, over HTTP, on its real log, tables and documents."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import httpx

from libs.events import PracticeRegistered
from libs.events.values import Address, PracticeId, PracticeKind
from services.ingest.app import build
from tests.speaker import Among
from tests.unit.ingest.samples import BILLER

DAY = date(2026, 2, 2)
PRACTICE, STRANGER = PracticeId("practice-1"), PracticeId("practice-2")
Scene = Callable[[Among], Awaitable[None]]


def at_ingest(folder: Path, scene: Scene) -> None:
    """Play a scene on an empty folder; at its end all is proved and the tables are rebuilt."""

    async def play() -> None:
        async with Among(folder, "ingest", build, ["gateway"]) as among:
            among.clock.set_day(DAY)
            await among.hear(
                registered(PRACTICE, 40_112, BILLER), registered(STRANGER, 7, "7601000000149")
            )
            await scene(among)
            await among.proved()
            await among.rebuilt()

    asyncio.run(play())


def registered(practice: PracticeId, account_no: int, gln: str) -> PracticeRegistered:
    return PracticeRegistered(
        practice_id=practice,
        account_no=account_no,
        name="Praxis",
        kind=PracticeKind.GENERAL_PRACTICE,
        glns=(gln,),
        zsrs=("C123456",) if practice == PRACTICE else (),
        canton="LU",
        language="de",
        address=Address(zip="6003", city="Luzern"),
        iban="CH9300762011623852957",
        joined_on=DAY,
    )


async def submit(
    among: Among, data: bytes, practice: str = PRACTICE, **headers: str
) -> httpx.Response:
    client = among.system.call("ingest")
    given = {"X-Practice-Id": practice, "Content-Type": "application/xml"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await client.post("/submissions", content=data, headers=given)
