"""`quittance topics refill`: topics made anew from the logs, after a restore (F52, P44)."""

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from libs.runtime import relay
from libs.runtime.engines import UnsafeSetUp
from libs.runtime.kafka import Cluster, NoTopic, whole
from libs.runtime.kafka.replace import delete_topics
from libs.runtime.records import Record, topic_of
from libs.runtime.settings import Settings
from libs.runtime.tables import POSITIONS
from libs.runtime.verify import topics
from services.command.builds import BUILDS
from services.command.opening import Opened, opened
from services.command.proving_parts import Part, Shape, prove_part
from services.command.repairing import apply_all_topics
from services.command.serving import cluster_of


def refill(settings: Settings, lost: Path) -> int:
    """Replace all topics by what the logs say; keep in a file what only the topics held.

    No service may run, and none may have heard what its source's log has not: then all have to be
    restored to one moment first. Numbers are counted from the logs, so they are what they were.
    Safe to repeat, wherever it was interrupted.
    """
    if not settings.kafka:
        raise UnsafeSetUp("Set QUITTANCE_KAFKA to the brokers' addresses.")
    if lost.exists():
        raise UnsafeSetUp(f"{lost} is there already; it may hold what was lost before.")
    with opened(settings) as services, ExitStack() as locks:
        for name, one in services.items():
            lock = relay.Lock(one.store.engine)
            locks.callback(lock.release)
            if not lock.held():
                raise UnsafeSetUp(f"{name} is running; stop all services first.")
        _check(services)
        return asyncio.run(_replace(settings, services, lost))


def _check(services: Mapping[str, Opened]) -> None:
    shape = Shape(over_kafka=True)
    failed = [
        what
        for name in services
        for what in prove_part(services, Part("service", name), shape)["failed"]
    ]
    if failed:
        raise UnsafeSetUp(
            "What is stored does not hold together; restore all services to one moment first."
            f" {failed[0]}"
        )


async def _replace(settings: Settings, services: Mapping[str, Opened], lost: Path) -> int:
    cluster = cluster_of(settings)
    kept = [row for one in services.values() for row in await _only_there(cluster, one)]
    with lost.open("x", encoding="utf-8") as file:
        for row in kept:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())  # from here on it is all that there is of them
    await delete_topics(cluster, [topic_of(name) for name in BUILDS])
    for one in services.values():
        with one.store.writing() as db:
            db.execute(POSITIONS.delete().where(POSITIONS.c.consumer == relay.CONSUMER))
    await apply_all_topics(settings)
    return len(kept)


async def _only_there(cluster: Cluster, one: Opened) -> list[dict[str, Any]]:
    """Return what a topic holds and its log does not."""
    name = one.service.name
    found: list[dict[str, Any]] = []
    try:
        async with whole(cluster, name) as topic:
            with one.store.reading() as db:
                compared = topics.Compared(topics.expected(db, name, {}))
            async for offset, record in topic.records():
                if not compared.take(offset, record):
                    found.append(_row(topic_of(name), offset, record))
    except NoTopic:
        return []
    return found


def _row(topic: str, offset: int, record: Record) -> dict[str, Any]:
    return {
        "topic": topic,
        "partition": record.partition,
        "offset": offset,
        "key": record.key.decode("utf-8", "replace"),
        "headers": {
            name: (value or b"").decode("utf-8", "replace") for name, value in record.headers
        },
        "value": (record.value or b"").decode("utf-8", "replace"),
    }
