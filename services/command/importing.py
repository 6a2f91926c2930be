"""Takes the lists that prices are made of into ingest's log: all of a file or nothing."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from libs.runtime.system import System
from services.ingest.decider.tariffs import (
    ImportPointValues,
    ImportPositions,
    ImportVatRates,
    ValidityOverlaps,
)
from services.ingest.prices.price_lists import PointValue, Position, VatRate
from services.ingest.prices.tariff_lists import Rows, Wrong, read_list

_LISTS: Final[Mapping[str, tuple[type[Any], type[Any]]]] = {
    "positions": (Position, ImportPositions),
    "point_values": (PointValue, ImportPointValues),
    "vat_rates": (VatRate, ImportVatRates),
}


async def take(system: System, name: str, data: bytes) -> dict[str, Any] | tuple[Wrong, ...]:
    """Import a list; return its digest and how many rows it has, or every line that is wrong."""
    kind, command = _LISTS[name]
    found = read_list(data, kind)
    if not isinstance(found, Rows):
        return found
    ingest = system.hosts["ingest"]
    file = hashlib.sha256(data).hexdigest()
    try:
        await ingest.handle(command(file=file, at=ingest.clock.now(), rows=found.rows))
    except ValidityOverlaps as refused:
        why = "stands on the same day as another row of its key; close the earlier one first"
        return tuple(Wrong(found.lines[row], "valid_from", why) for row in refused.rows)
    return {"file": file, "rows": len(found.rows)}


async def take_samples(system: System) -> None:
    """Import the lists that ship as samples; all their rows say that they are no official ones."""
    for name in _LISTS:
        data = (files("services.ingest.prices") / "samples" / f"{name}.csv").read_bytes()
        done = await take(system, name, data)
        assert isinstance(done, dict), done
