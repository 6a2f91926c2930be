"""How a cooperative that starts empty gets its first practices, programs and people."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from libs.events import Refused
from libs.events.values import COOPERATIVE, Address, PracticeId, PracticeKind, SubjectId
from libs.runtime import crash
from libs.runtime.clock import Clock
from libs.runtime.problems import sentence_of
from libs.runtime.settings import Settings
from libs.runtime.system import System
from services.command.builds import BUILDS
from services.gateway import registration

T = TypeVar("T")


async def at_the_door(
    settings: Settings, work: Callable[[System], Awaitable[T]], service: str = "gateway"
) -> T:
    """Do work on a service's log; the other services hear of it when they next run.

    Embedded, all services are opened, so that everybody has heard when this returns. Raises
    UnsafeSetUp when a running process holds the data folder.
    """
    crash.arm(settings.data)
    builds = {service: BUILDS[service]} if settings.distributed else BUILDS
    system = System(settings, builds, Clock())
    await system.start()
    try:
        done = await work(system)
        await system.settle()
    finally:
        await system.stop()
    return done


async def handle(system: System, command: Any) -> Any:
    """Decide a command of the gateway."""
    return await system.hosts["gateway"].handle(command)


async def add_practice(
    settings: Settings, given: dict[str, Any], joined_on: date | None
) -> dict[str, Any]:
    """Register a practice; return its id and account number."""
    address = Address(
        street=given.pop("street"),
        house_no=given.pop("house_no"),
        zip=given.pop("zip_"),
        city=given.pop("city"),
    )
    kind = PracticeKind(given.pop("kind"))
    command = registration.register_practice(
        account_no=given.pop("account"),
        address=address,
        kind=kind,
        joined_on=joined_on or Clock().today(),
        **given,
    )
    await at_the_door(settings, lambda system: handle(system, command))
    return {"practice_id": command.practice_id, "account_no": command.account_no}


async def add_client(
    settings: Settings, practice_id: str, name: str, scopes: Sequence[str]
) -> dict[str, str]:
    """Let a program in; return its id and the secret that is shown this once."""
    chosen: dict[str, Any] = {"scopes": tuple(scopes)} if scopes else {}
    command, secret = registration.new_client(
        practice_id=PracticeId(practice_id) if practice_id else COOPERATIVE, name=name, **chosen
    )
    await at_the_door(settings, lambda system: handle(system, command))
    return {"client_id": command.client_id, "client_secret": secret}


async def add_user(settings: Settings, **given: Any) -> dict[str, str]:
    """Let a person in; return login and the password that is shown this once."""
    given["practice_ids"] = [PracticeId(one) for one in given["practice_ids"]]
    command, password = registration.new_user(**given)
    await at_the_door(settings, lambda system: handle(system, command))
    return {"login": command.login, "password": password}


async def erase_subject(settings: Settings, subject: str, order: str) -> str:
    """Ask for a person's erasure, which the rules may refuse, and wait until the key is gone."""

    async def work(system: System) -> str:
        gateway = system.hosts["gateway"]
        command = await gateway.read(
            registration.erasure_request,
            SubjectId(subject),
            gateway.clock.today(),
            "command line",
            order,
        )
        if command is None:
            return "Nobody is known by this id."
        try:
            await gateway.handle(command)
        except Refused as refused:
            return sentence_of(refused)
        await system.settle(effects=True)
        return "The key is destroyed."

    return await at_the_door(settings, work)
