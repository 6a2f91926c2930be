"""Databases and logs for commands that work beside, or instead of, running services."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from libs.runtime import crash, migrate
from libs.runtime.clock import Clock
from libs.runtime.documents import Documents
from libs.runtime.engines import KEYS, connect
from libs.runtime.hearing import Hearing
from libs.runtime.service import Parts, Service
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import open_vault, parts_of
from services.command.builds import BUILDS


@dataclass(frozen=True)
class Opened:
    """A service's description with its store, for reading or for repair; nothing runs."""

    service: Service
    store: Store
    hearing: Hearing
    documents: Documents | None = None


@contextmanager
def opened(settings: Settings) -> Iterator[dict[str, Opened]]:
    """Open all services' databases."""
    clock = Clock()
    vault = open_vault(settings, clock)
    parts: Parts = parts_of(settings, clock, vault)
    found: dict[str, Opened] = {}
    try:
        for name, build in BUILDS.items():
            service = build(parts)
            store = Store(name, connect(settings, name))
            hearing = Hearing(service, store, vault)
            found[name] = Opened(service, store, hearing, parts.documents)
        yield found
    finally:
        for one in found.values():
            one.store.engine.dispose()
        vault.close()


def migrate_all(settings: Settings, names: list[str]) -> dict[str, bool]:
    """Bring databases to the newest revision, as their owner.

    Return for each whether its read tables became others, and are to be made again.
    """
    crash.arm(settings.data)
    done = {}
    for name in names or [KEYS, *BUILDS]:
        engine = connect(settings, name, owner=True)
        role = connect(settings, name).url.username or ""
        changed = migrate.upgrade(name, engine, role if settings.database_owner else "")
        engine.dispose()
        done[name] = changed and name != KEYS
    return done
