"""Read tables made again from the logs, on one core, by service.

What counts is each event that a projection of the service listens to. One that the log alone holds
costs a look at its type; one with names that are shown costs the opening of them besides.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from time import process_time

from bench.measure import Figure
from bench.played import folder
from libs.runtime.rebuild import rebuild
from libs.runtime.settings import Settings
from libs.runtime.verify import Reach
from libs.runtime.verify.tables import seen
from services.command.opening import opened

INVOICES = 3_000


def rates(settings: Settings) -> Iterator[tuple[str, int, float]]:
    """Return of each service how many events it folds, and how many a second."""
    with opened(settings) as services:
        for name, one in services.items():
            others = {other: it for other, it in services.items() if other != name}
            with one.store.writing() as db, ExitStack() as stack:
                there = {
                    other: (it.store, stack.enter_context(it.store.reading()))
                    for other, it in others.items()
                }
                reach = Reach(logs=there | {name: (one.store, db)})
                count = sum(1 for _ in seen(one.hearing, db, reach))
                begun = process_time()
                rebuild(one.hearing, db, reach)
                yield name, count, count / (process_time() - begun)


def figures() -> Iterator[Figure]:
    with folder(INVOICES) as settings:
        for name, count, rate in rates(settings):
            yield Figure(
                what=f"{name}: {count:,} events folded into its tables",
                ours=rate,
                unit="/core s",
                at_least=60_000,
            )
