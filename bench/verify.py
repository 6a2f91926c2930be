"""`quittance verify` over a stored cooperative, embedded: logs alone, then all of it.

The log check recomputes the chain: every stored column of every event, two digests each. The rest
folds all that each service has heard and compares every row. All cores work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from bench.facts import envelopes, fact
from bench.measure import ROUNDS, Figure
from bench.played import folder
from libs.runtime import migrate
from libs.runtime.engines import KEYS, connect
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from services.command.builds import BUILDS
from services.command.proving import prove

LOGGED = 600_000
BATCH = 2_000
INVOICES = 3_000


@contextmanager
def logged(count: int) -> Iterator[Settings]:
    """Fill one log with events of some 1.2 kB that no projection listens to."""
    with TemporaryDirectory() as name:
        settings = Settings(data=Path(name), demo=False)
        for service in (KEYS, *BUILDS):
            engine = connect(settings, service)
            migrate.upgrade(service, engine)
            if service == "ingest":
                store = Store(service, engine)
                for _ in range(0, count, BATCH):
                    with store.writing() as db:
                        store.append(db, envelopes([fact(number) for number in range(BATCH)]))
            engine.dispose()
        yield settings


def rate(settings: Settings) -> tuple[int, float]:
    """Return how many events are stored, and the best rate at which they were proved."""
    best, count = 0.0, 0
    for _ in range(ROUNDS):
        begun = perf_counter()
        found: dict[str, Any] = prove(settings)
        spent = perf_counter() - begun
        assert found["ok"], found["failed"]
        count = sum(log["events"] for log in found["logs"].values())
        best = max(best, count / spent)
    return count, best


def figures() -> Iterator[Figure]:
    with logged(LOGGED) as settings:
        count, ours = rate(settings)
        yield Figure(
            what=f"a log of {count:,} events proved, all cores",
            ours=ours,
            at_least=200_000,
        )
    with folder(INVOICES) as settings:
        count, ours = rate(settings)
        yield Figure(what=f"all of a cooperative of {count:,} events proved", ours=ours)
