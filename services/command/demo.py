"""The demo cooperative: invented practices and half a year of theirs, played on the first start.

Everything goes through the real intake under a clock that is moved day by day. Logins and secrets
of the demo are kept in the data folder, for `quittance demo access`.
"""

import json
import os
import shutil
from datetime import date, timedelta
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from libs.events.values import COOPERATIVE, PracticeId
from libs.runtime.clock import MovableClock
from libs.runtime.settings import Settings
from libs.runtime.system import DataFolder, System
from services.command import demo_desk
from services.command.importing import take_samples
from services.gateway import registration
from services.gateway.decider.client import OPERATOR_SCOPES, PRACTICE_SCOPES
from services.gateway.decider.practice import ConfigurePractice, RegisterPractice
from services.simulator import driver
from services.simulator.partner import Access, accesses
from services.simulator.practices import Practice

FILE = "demo.json"


def prepare(settings: Settings) -> bool:
    """Return whether the demo is to be played; tidies up after one that was interrupted."""
    if not settings.demo:
        return False
    state = _read(settings)
    if state.get("state") == "playing":
        lock = DataFolder(settings.data)  # it may be playing still, in another process (F31)
        try:
            shutil.rmtree(settings.data)
        finally:
            lock.release()
        return True
    return not (settings.data / "gateway.db").exists()


async def play(system: System, clock: MovableClock, console: Console) -> None:
    """Play the half year up to today, with a bar that shows how far it has come."""
    settings = system.settings
    begun = monotonic()
    today = clock.today()
    first = today - timedelta(days=settings.demo_days)
    book: dict[str, Any] = {"state": "playing", "logins": [], "clients": []}
    _write(settings, book)
    console.print("First start: playing half a year of an invented cooperative.")
    clock.set_day(first)
    await take_samples(system)
    plan = driver.Plan(
        first_on=first,
        account=settings.creditor_iban,
        seed=settings.demo_seed,
        days=settings.demo_days,
    )
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console
    )
    with bar:
        task = bar.add_task(f"{first:%d.%m.%Y}", total=settings.demo_days)

        def progress(done: driver.Progress) -> None:
            bar.update(task, completed=done.day, description=f"{done.on:%d.%m.%Y}")

        counts = await driver.play(
            plan, system.call("gateway"), await _world(system, clock, book, progress)
        )
    book["logins"] += await demo_desk.admit_clerks(system)
    await demo_desk.hand_in_sheets(system.call("gateway"), plan, accesses(book["clients"]), today)
    await system.settle(effects=True)
    _write(settings, book | {"state": "played"})
    taken = f"{counts['accepted']} invoices in {monotonic() - begun:.0f} s."
    console.print(taken, highlight=False)


async def _world(
    system: System, clock: MovableClock, book: dict[str, Any], progress: Any
) -> driver.World:
    async def set_day(day: date) -> None:
        await system.settle(effects=True)  # a day's letters leave on their day
        clock.set_day(day)

    async def admit(practice: Practice) -> Access:
        return await join(system, clock, book, practice)

    return driver.World(
        bank=await _operator(system, book),
        join=admit,
        set_day=set_day,
        tick=system.tick,
        rest=system.settle,
        progress=progress,
    )


async def _operator(system: System, book: dict[str, Any]) -> Access:
    """Let the cooperative's own program in."""
    scopes = sorted(PRACTICE_SCOPES | OPERATOR_SCOPES)
    command, secret = registration.new_client(
        practice_id=COOPERATIVE, name="Bank interface", client_id="demo-bank", scopes=scopes
    )
    gateway = system.hosts["gateway"]
    await gateway.handle(command)
    book["clients"].append(_client("the cooperative (bank files)", command.client_id, secret))
    return Access(client_id=command.client_id, secret=secret)


def member_of(practice: Practice) -> RegisterPractice:
    """Return the command that makes a simulated practice a member."""
    return registration.register_practice(
        account_no=practice.account_no,
        name=practice.name,
        holder=practice.holder,
        kind=practice.kind,
        glns=practice.glns,
        zsrs=practice.zsrs,
        canton=practice.canton,
        language=practice.language,
        address=practice.address,
        iban=practice.iban,
        vat_number=practice.vat_number,
        phone=practice.phone,
        joined_on=practice.joined_on,
    )


async def join(
    system: System, clock: MovableClock, book: dict[str, Any], practice: Practice
) -> Access:
    """Make a practice a member, with its settings, its software and its first user."""
    gateway = system.hosts["gateway"]
    today = clock.today()
    member = member_of(practice)
    await gateway.handle(member)
    for chosen in practice.settings:
        command = ConfigurePractice(
            practice_id=member.practice_id,
            settings=chosen,
            valid_from=today,
            today=today,
            by="demo",
        )
        await gateway.handle(command)
    return await _admit(system, book, practice, member.practice_id)


async def _admit(
    system: System, book: dict[str, Any], practice: Practice, practice_id: PracticeId
) -> Access:
    """Let the practice's first user and its software in."""
    gateway = system.hosts["gateway"]
    user, password = registration.new_user(
        login=f"demo{practice.number}",
        name=practice.holder,
        role="practice_admin",
        practice_ids=[practice_id],
        language=practice.language,
    )
    await gateway.handle(user)
    client, secret = registration.new_client(
        practice_id=practice_id,
        name=f"{practice.software[0]} (demo)",
        client_id=f"demo-practice-{practice.number}",
    )
    await gateway.handle(client)
    about = f"{practice.name}, {practice.address.city}"
    book["logins"].append(
        {"login": user.login, "password": password, "practice": about, "kind": str(practice.kind)}
    )
    book["clients"].append(
        _client(about, client.client_id, secret) | {"account": practice.account_no}
    )
    return Access(client_id=client.client_id, secret=secret)


def _client(about: str, client_id: str, secret: str) -> dict[str, Any]:
    return {"for": about, "client_id": client_id, "client_secret": secret}


def access(settings: Settings) -> dict[str, Any]:
    """Return the demo's logins and API clients; empty where no demo was played."""
    found = _read(settings)
    return {"logins": found.get("logins", []), "clients": found.get("clients", [])}


def print_access(settings: Settings, console: Console) -> None:
    """Print logins and API clients as tables."""
    found = access(settings)
    if not found["logins"]:
        console.print("No demo was played here; add people with `quittance user add`.")
        return
    console.print("Demo data: every practice and person is invented.", style="yellow")
    console.print("\nPortal", style="bold")
    for row in found["logins"]:
        line = f"  {row['login']:<8} {row['password']:<26} {row['practice']}"
        console.print(line, soft_wrap=True, highlight=False)
    console.print("REST (POST /v1/oauth/token, client_id and client_secret)", style="bold")
    for row in found["clients"]:
        line = f"  {row['client_id']:<16} {row['client_secret']}  {row['for']}"
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _read(settings: Settings) -> dict[str, Any]:
    path = settings.data / FILE
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _write(settings: Settings, book: dict[str, Any]) -> None:
    path = settings.data / FILE
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(book, file, indent=2, ensure_ascii=False)
