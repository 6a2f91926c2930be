"""python -m tests.chaos --seed 1 --events 100000: break everything under load, then prove it all.

Prints one JSON document; exit 1 if anything was lost or doubled or does not hold.
"""

import asyncio
import json
import sys

import click
import uvloop

from libs.runtime.log import configure
from tests.chaos.run import Wish, chaos


@click.command()
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--events", type=int, default=20_000, show_default=True)
@click.option("--members", type=int, default=8, show_default=True, help="Practices at once.")
@click.option("--brokers", type=click.IntRange(1, 3), default=1, show_default=True)
@click.option("--every", type=float, default=6.0, show_default=True, help="Seconds between faults.")
def main(**given: int) -> None:
    """Run chaos once."""
    configure("error")
    uvloop.install()
    found = asyncio.run(chaos(Wish(**given)))
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    sys.exit(0 if found["ok"] else 1)


if __name__ == "__main__":
    main()
