"""`quittance simulate`: the simulated cooperative's messages, handed in or written to a folder."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress

from libs.runtime.clock import Clock
from services.simulator.driver import Plan
from services.simulator.invoices import handed_in
from services.simulator.partner import Partner, accesses
from services.simulator.request import message

TOGETHER = 16
TAKEN = (200, 202, 409, 422)


async def simulate(*, url: str, access: Path, seed: int, out: Path | None) -> None:
    """Hand in one simulated month up to today, for the practices of `demo access --json`.

    With a folder, write the messages there instead; the same seed gives the same bytes.
    """
    console = Console()
    days = 30
    first = Clock().today() - timedelta(days=days)
    plan = Plan(first_on=first, account="", seed=seed, days=days)
    messages = [
        (practice.account_no, invoice.request_id, message(invoice))
        for practice in plan.practices()
        for day in range(days)
        for invoice in handed_in(seed, practice, first + timedelta(days=day), plan.share)
    ]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for account, request_id, xml in messages:
            (out / f"{account}_{request_id}.xml").write_bytes(xml)
        console.print(f"{len(messages)} messages written to {out}")
        return
    known = accesses(json.loads(access.read_text())["clients"])
    async with httpx.AsyncClient(base_url=url, timeout=60) as door:
        partners = {account: Partner(door, one) for account, one in known.items()}
        await _hand_in(partners, messages, console)


async def _hand_in(
    partners: dict[int, Partner], messages: list[tuple[int, str, bytes]], console: Console
) -> None:
    room = asyncio.Semaphore(TOGETHER)
    taken = 0
    with Progress(console=console) as bar:
        task = bar.add_task("Handing in", total=len(messages))

        async def one(account: int, xml: bytes) -> None:
            nonlocal taken
            async with room:
                answer = await partners[account].send("/v1/submissions", xml, *TAKEN)
                taken += answer.status_code in (200, 202)
                bar.advance(task)

        await asyncio.gather(
            *(one(account, xml) for account, _, xml in messages if account in partners)
        )
    console.print(f"{taken} of {len(messages)} taken")
