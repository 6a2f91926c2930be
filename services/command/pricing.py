"""`quittance tariffs|point-values|vat-rates import`: the lists that prices are made of."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import click

from libs.runtime.settings import Settings
from services.command.speaking import EXIT_FAILED, careful, console, say

FILE: Final = click.Path(path_type=Path, dir_okay=False, exists=True)


def _import(name: str, file: Path) -> None:
    from services.command.importing import take  # noqa: PLC0415 - other commands start faster
    from services.command.registering import at_the_door  # noqa: PLC0415

    data = file.read_bytes()
    done = asyncio.run(at_the_door(Settings(), lambda system: take(system, name, data), "ingest"))
    if isinstance(done, dict):
        say(done)
        return
    for wrong in done:
        place = f"line {wrong.line}" + (f", {wrong.column}" if wrong.column else "")
        console.print(f"{place}: {wrong.why}", markup=False, highlight=False)
    console.print("Nothing was imported.")
    sys.exit(EXIT_FAILED)


@click.group()
def tariffs() -> None:
    """Positions of tariffs, with the days on which they stand."""


@tariffs.command("import")
@click.argument("file", type=FILE)
@careful
def tariffs_import(file: Path) -> None:
    """Take the positions in FILE, a CSV; all or none. The same file again changes nothing."""
    _import("positions", file)


@click.group("point-values")
def point_values() -> None:
    """Point values by tariff, law, canton, insurers and kind of practice."""


@point_values.command("import")
@click.argument("file", type=FILE)
@careful
def point_values_import(file: Path) -> None:
    """Take the point values in FILE, a CSV; all or none."""
    _import("point_values", file)


@click.group("vat-rates")
def vat_rates() -> None:
    """Rates of VAT by category and day."""


@vat_rates.command("import")
@click.argument("file", type=FILE)
@careful
def vat_rates_import(file: Path) -> None:
    """Take the VAT rates in FILE, a CSV; all or none."""
    _import("vat_rates", file)
