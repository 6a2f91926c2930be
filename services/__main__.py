"""The command `quittance`: what runs, and what newcomers and operators do by hand."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console

from libs.events.values import Language
from libs.runtime.settings import Settings
from services.command.members import client, practice, user
from services.command.pricing import point_values, tariffs, vat_rates
from services.command.speaking import EXIT_FAILED, careful, say


@click.group()
@click.version_option(package_name="quittance")
def main() -> None:
    """Billing for a cooperative of medical practices."""


@main.command()
@click.argument("service", required=False)
@careful
def serve(service: str | None) -> None:
    """Run all services in one process, or SERVICE alone on PostgreSQL and Kafka."""
    from services.command import serving  # noqa: PLC0415 - other commands start faster
    from services.command.builds import BUILDS  # noqa: PLC0415

    if service is None:
        serving.embedded(Settings())
    elif service in BUILDS:
        serving.distributed(Settings(), service)
    else:
        raise click.BadParameter(f"one of {', '.join(BUILDS)}", param_hint="SERVICE")


@main.command()
@click.argument("names", nargs=-1)
@careful
def migrate(names: tuple[str, ...]) -> None:
    """Bring the databases of all services and of the key store to the newest revision."""
    from services.command.opening import migrate_all  # noqa: PLC0415

    for name, changed in migrate_all(Settings(), list(names)).items():
        then = f"; make its read tables again: quittance rebuild {name}" if changed else ""
        click.echo(f"{name}: up to date{then}")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print all sums as JSON.")
@click.option("--without", multiple=True, type=click.Choice(("documents", "topics")))
@careful
def verify(as_json: bool, without: tuple[str, ...]) -> None:  # noqa: FBT001 - a flag
    """Prove the invariants, while services work too; exit 1 when one does not hold."""
    from services.command.proving import prove  # noqa: PLC0415

    found = prove(Settings(), without)
    if as_json:
        say(found)
    else:
        for name, log in found["logs"].items():
            click.echo(f"{name}: {log['events']} events, {log['parked']} parked")
        for what in found["failed"]:
            click.secho(f"FAILED {what}", fg="red")
        if not found["at_rest"]:
            click.echo("Services are at work: what must agree at rest was not compared.")
        click.echo("All invariants hold." if found["ok"] else "Some invariants do not hold.")
    sys.exit(0 if found["ok"] else EXIT_FAILED)


FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@main.command()
@click.argument("target", required=False, type=FOLDER)
@click.option("--keys", type=FOLDER, help="Save the keys there, apart from the data.")
@click.option("--master-key", type=FILE, help="Save the master key there, apart from both.")
@careful
def backup(target: Path | None, keys: Path | None, master_key: Path | None) -> None:
    """Save all services as of one moment in TARGET, a new folder, while they work."""
    from services.command.backing import save  # noqa: PLC0415

    if not (target or keys or master_key):
        raise click.UsageError("Say where to: TARGET, --keys or --master-key.")
    say(save(Settings(), target, keys, master_key))


@main.command()
@click.argument("source", required=False, type=FOLDER)
@click.option("--keys", type=FOLDER, required=True, help="The newest backup of the keys.")
@click.option("--master-key", type=FILE, help="Where the master key is kept.")
@careful
def restore(source: Path | None, keys: Path, master_key: Path | None) -> None:
    """Lay the backup SOURCE out in an empty data folder or empty databases; or the keys alone."""
    from services.command.restoring import restore as lay_out  # noqa: PLC0415

    say(lay_out(Settings(), source, keys, master_key))


@main.command()
@click.argument("service")
@careful
def rebuild(service: str) -> None:
    """Make the read tables of SERVICE again from the logs."""
    from services.command.repairing import rebuild_one  # noqa: PLC0415

    click.echo(f"{service}: {rebuild_one(Settings(), service)} row changes written")


@main.group()
def parked() -> None:
    """Messages that could not be worked off: list, show, retry, discard."""


@parked.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.option("--discarded", is_flag=True, help="What was given up, too.")
@careful
def parked_list(as_json: bool, discarded: bool) -> None:  # noqa: FBT001 - flags
    """List what is parked in all services."""
    from services.command.repairing import list_parked  # noqa: PLC0415

    found = list_parked(Settings(), discarded=discarded)
    if as_json:
        say(found)
        return
    for row in found:
        click.echo(
            f"{row['service']} {row['event_id']} {row['key']} attempts={row['attempts']}"
            f" next={row['next_retry_at']} {row['last_error']}"
        )
    click.echo(f"{len(found)} parked")


@parked.command("show")
@click.argument("event_id")
@careful
def parked_show(event_id: str) -> None:
    """Show one parked message; what is personal in it stays sealed."""
    from services.command.repairing import show_parked  # noqa: PLC0415

    say(show_parked(Settings(), event_id))


@parked.command("retry")
@click.argument("event_id")
@careful
def parked_retry(event_id: str) -> None:
    """Make EVENT_ID (or all) due; the running service tries within seconds."""
    from services.command.repairing import retry_parked  # noqa: PLC0415

    click.echo(f"{retry_parked(Settings(), None if event_id == 'all' else event_id)} due")


@parked.command("discard")
@click.argument("event_id")
@click.option("--reason", required=True, help="Why it may be given up; goes to the log.")
@careful
def parked_discard(event_id: str, reason: str) -> None:
    """Give up on EVENT_ID for ever."""
    from services.command.repairing import discard_parked  # noqa: PLC0415

    discard_parked(Settings(), event_id, reason)
    click.echo("discarded")


@main.group()
def topics() -> None:
    """Kafka topics of the services."""


@topics.command("apply")
@careful
def topics_apply() -> None:
    """Create missing topics and check those that are there."""
    from services.command.repairing import apply_all_topics  # noqa: PLC0415

    for state in asyncio.run(apply_all_topics(Settings())):
        click.echo(str(state))


@topics.command("refill")
@click.option("--lost", type=FILE, required=True, help="Keep there what only the topics held.")
@careful
def topics_refill(lost: Path) -> None:
    """Replace all topics by what the logs say, after a restore; no service may run."""
    from services.command.refilling import refill  # noqa: PLC0415

    click.echo(f"{refill(Settings(), lost)} records were on the topics alone")


@main.command()
@click.argument("subject")
@click.option("--order", default="", help="Number of the order that overrides a running term.")
@careful
def erase(subject: str, order: str) -> None:
    """Destroy the key of SUBJECT (an id as in the events): its personal data is gone for ever."""
    from services.command.registering import erase_subject  # noqa: PLC0415

    click.echo(asyncio.run(erase_subject(Settings(), subject, order)))


@main.group("demo")
def demo_group() -> None:
    """Print what belongs to the demo cooperative."""


@demo_group.command("access")
@click.option("--json", "as_json", is_flag=True)
def demo_access(as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Print the demo's logins and API clients again."""
    from services.command import demo  # noqa: PLC0415

    if as_json:
        say(demo.access(Settings()))
    else:
        demo.print_access(Settings(), Console())


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@careful
def inspect(files: tuple[Path, ...]) -> None:
    """Read messages without handing them in: one JSON document for each file.

    Exit 0: all usable; 1: one is refused; 2: one cannot be read.
    """
    from services.command.messages import inspect_file  # noqa: PLC0415

    worst = 0
    for file in files:
        verdict, document = inspect_file(file)
        click.echo(json.dumps(document, ensure_ascii=False, default=str))
        worst = max(worst, verdict)
    sys.exit(worst)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--url", required=True, help="Address of Quittance, e.g. https://billing.example.ch")
@click.option("--client-id", required=True)
@click.option("--secret-file", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--language", type=click.Choice(get_args(Language)), default="de")
@careful
def upload(files: tuple[Path, ...], **given: Any) -> None:
    """Hand messages in, with progress and a table of verdicts; exit 1 if one was refused."""
    from services.command.messages import upload_files  # noqa: PLC0415

    sys.exit(0 if asyncio.run(upload_files(list(files), **given)) else EXIT_FAILED)


@main.command()
@click.option("--url", required=True, help="Address of a running Quittance.")
@click.option("--access", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--seed", type=int, default=1)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write messages here.")
@careful
def simulate(**given: Any) -> None:
    """Hand the simulated cooperative's messages in to a running Quittance, or write them out."""
    from services.command.simulating import simulate as run  # noqa: PLC0415

    asyncio.run(run(**given))


for _group in (practice, client, user, tariffs, point_values, vat_rates):
    main.add_command(_group)

if __name__ == "__main__":
    main()
