"""`quittance practice|client|user add`: the first members of a cooperative."""

import asyncio
from datetime import date
from typing import Any, get_args

import click

from libs.events.values import Language, PracticeKind
from libs.runtime.settings import Settings
from services.command.speaking import careful, say


@click.group()
def practice() -> None:
    """Practices of the cooperative."""


@practice.command("add")
@click.option("--account", type=int, required=True, help="Account number at the cooperative.")
@click.option("--name", required=True)
@click.option("--holder", default="", help="Who runs it.")
@click.option("--kind", type=click.Choice([str(kind) for kind in PracticeKind]), required=True)
@click.option("--gln", "glns", multiple=True, required=True, help="Biller GLN; repeatable.")
@click.option("--zsr", "zsrs", multiple=True)
@click.option("--canton", required=True)
@click.option("--language", type=click.Choice(get_args(Language)), default="de")
@click.option("--street", default="")
@click.option("--house-no", default="")
@click.option("--zip", "zip_", required=True)
@click.option("--city", required=True)
@click.option("--iban", required=True, help="Account to which it is paid.")
@click.option("--vat-number", default="")
@click.option("--phone", default="")
@click.option("--joined-on", type=click.DateTime(["%Y-%m-%d"]), default=None)
@careful
def practice_add(**given: Any) -> None:
    """Register a practice and print its id."""
    from services.command.registering import add_practice  # noqa: PLC0415

    joined = given.pop("joined_on")
    on: date | None = joined.date() if joined else None
    say(asyncio.run(add_practice(Settings(), given, on)))


@click.group()
def client() -> None:
    """Programs that speak to the REST interface."""


@client.command("add")
@click.option("--practice", "practice_id", default="", help="Practice id; none: cooperative-wide.")
@click.option("--name", required=True)
@click.option("--scope", "scopes", multiple=True, help="Repeatable; default: those of a practice.")
@careful
def client_add(practice_id: str, name: str, scopes: tuple[str, ...]) -> None:
    """Let a program in; its secret is printed this once."""
    from services.command.registering import add_client  # noqa: PLC0415

    say(asyncio.run(add_client(Settings(), practice_id, name, scopes)))


@click.group()
def user() -> None:
    """People who log in to the portal."""


@user.command("add")
@click.option("--login", required=True)
@click.option("--name", required=True)
@click.option("--role", default="practice_admin")
@click.option("--practice", "practice_ids", multiple=True)
@click.option("--language", type=click.Choice(get_args(Language)), default="de")
@careful
def user_add(**given: Any) -> None:
    """Let a person in; the password is printed this once."""
    from services.command.registering import add_user  # noqa: PLC0415

    say(asyncio.run(add_user(Settings(), **given)))
