"""`quittance verify`: the invariants of architecture section 10, as a JSON of all sums."""

from typing import Any

from libs.runtime import verify
from libs.runtime.settings import Settings
from libs.runtime.verify import Reach
from services.command.opening import Opened, opened, reading


def prove(settings: Settings) -> dict[str, Any]:
    """Return every sum and, under "failed", everything that does not hold."""
    with opened(settings) as services:
        return prove_opened(services, over_kafka=settings.distributed)


def prove_opened(services: dict[str, Opened], *, over_kafka: bool) -> dict[str, Any]:
    """Check logs, read tables and the services' own invariants, then what they count alike."""
    logs: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    sums: dict[str, Any] = {}
    failed: list[str] = []
    with reading(services) as connections:
        reach = {
            name: (services[name].store, connection) for name, connection in connections.items()
        }
        for name, one in services.items():
            db = connections[name]
            logs[name], wrong = verify.verify_log(one.store, db)
            logs[name]["parked"] = verify.verify_parked(db)
            failed += wrong
            heard = {kind.__module__.rpartition(".")[2] for kind in one.hearing.types} | {name}
            own = {source: pair for source, pair in reach.items() if source in heard}
            tables[name], wrong = verify.verify_tables(
                one.hearing, db, Reach(logs=own, over_kafka=over_kafka)
            )
            failed += wrong
            counted: dict[str, Any] = {}
            for check in one.service.checks:
                found = dict(check(db))
                failed += [f"{name}: {what}" for what in found.pop("failed", ())]
                counted |= found.pop("sums", found)
            sums[name] = counted
    failed += verify.agree(sums)
    return {"ok": not failed, "failed": failed, "logs": logs, "tables": tables, "sums": sums}
