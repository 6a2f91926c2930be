"""What operators repair: read tables, parked messages, topics."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from libs.runtime import crash, parked
from libs.runtime.clock import Clock
from libs.runtime.engines import UnsafeSetUp, connect
from libs.runtime.kafka import TopicState, apply_parked_topics, apply_topics
from libs.runtime.rebuild import rebuild_among
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import DataFolder
from services.command.builds import BUILDS
from services.command.opening import Opened, opened
from services.command.serving import cluster_of

T = TypeVar("T")


def rebuild_one(settings: Settings, name: str) -> int:
    """Make a service's read tables again; embedded, only while nothing runs on the folder."""
    if name not in BUILDS:
        raise UnsafeSetUp(f"There is no service {name}; there are {', '.join(BUILDS)}.")
    crash.arm(settings.data)
    folder = None if settings.distributed else DataFolder(settings.data)
    try:
        with opened(settings) as services:
            return rebuild_opened(services, name, over_kafka=settings.distributed)
    finally:
        if folder is not None:
            folder.release()


def rebuild_opened(services: Mapping[str, Opened], name: str, *, over_kafka: bool) -> int:
    """Make a service's read tables again from the logs of those that are opened."""
    stores = {each: (one.store, one.hearing) for each, one in services.items()}
    return rebuild_among(stores, name, over_kafka=over_kafka)


def list_parked(settings: Settings, *, discarded: bool = False) -> list[dict[str, Any]]:
    """Return what is parked in all services; what was given up too where it is asked for."""
    found = _everywhere(settings, lambda db: parked.listed(db, discarded=discarded))
    return [{"service": name} | row for name, rows in found.items() for row in rows]


def show_parked(settings: Settings, event_id: str) -> dict[str, Any]:
    """Return one parked message of whichever service holds it."""
    return _where_parked(settings, lambda db: parked.show(db, event_id), event_id)


def retry_parked(settings: Settings, event_id: str | None) -> int:
    """Make one message, or all, due at once."""
    now = datetime.min.replace(tzinfo=UTC)  # due on any clock, a movable one too
    if event_id is None:
        return sum(_everywhere(settings, lambda db: parked.retry(db, None, now)).values())
    return _where_parked(settings, lambda db: parked.retry(db, event_id, now), event_id)


def discard_parked(settings: Settings, event_id: str, reason: str) -> None:
    """Give up on a parked message."""
    now = Clock().now()
    _where_parked(settings, lambda db: parked.discard(db, event_id, reason, now), event_id)


async def apply_all_topics(settings: Settings) -> list[TopicState]:
    """Create the topics of all services."""
    if not settings.kafka:
        raise UnsafeSetUp("Set QUITTANCE_KAFKA to the brokers' addresses.")
    cluster = cluster_of(settings)
    return await apply_topics(cluster, BUILDS) + await apply_parked_topics(cluster, BUILDS)


def _everywhere(settings: Settings, work: Callable[[Connection], T]) -> dict[str, T]:
    found = {}
    for name in BUILDS:
        store = Store(name, connect(settings, name))
        with store.writing() as db:
            found[name] = work(db)
        store.engine.dispose()
    return found


def _where_parked(settings: Settings, work: Callable[[Connection], T], event_id: str) -> T:
    for name in BUILDS:
        store = Store(name, connect(settings, name))
        try:
            with store.writing() as db:
                return work(db)
        except parked.NotParked:
            continue
        finally:
            store.engine.dispose()
    raise UnsafeSetUp(f"No service has parked {event_id}; see `quittance parked list`.")


__all__ = [
    "apply_all_topics",
    "discard_parked",
    "list_parked",
    "rebuild_one",
    "retry_parked",
    "show_parked",
]
