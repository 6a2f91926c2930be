"""The parts of which a proof consists; each stands by itself and may run in any process.

What is read of a service is one snapshot, taken before those of the logs that it hears: they hold
at least what it can have heard.
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from libs.events import SAID_BY
from libs.runtime import verify
from libs.runtime.hearing import WAITING
from libs.runtime.kafka import Cluster, NoTopic, whole
from libs.runtime.scan import Unreadable
from libs.runtime.verify import topics
from libs.runtime.verify.reached import head
from services.command.opening import Opened


class Part(NamedTuple):
    """A piece of the proof: of which service, and which stretch of its log."""

    kind: Literal["service", "chain", "documents", "topic"]
    name: str
    after: int = 0
    upto: int = 0


def heads_of(services: Mapping[str, Opened]) -> dict[str, int]:
    """Return how long each log is; one that cannot be read is found to be so later."""
    found = {}
    for name, one in services.items():
        try:
            with one.store.reading() as db:
                found[name] = head(db)
        except (DBAPIError, Unreadable):
            found[name] = 0
    return found


class Shape(NamedTuple):
    """How services hear each other: from each other's logs, or over topics."""

    over_kafka: bool
    cluster: Cluster | None = None


def prove_part(services: Mapping[str, Opened], part: Part, shape: Shape) -> dict[str, Any]:
    """Return what was counted and, under "failed", what does not hold."""
    one = services[part.name]
    try:
        match part.kind:
            case "service":
                return _service(services, one, over_kafka=shape.over_kafka)
            case "chain":
                with one.store.reading() as db:
                    failed = verify.verify_chain(part.name, db, part.after, part.upto)
                return {"failed": failed}
            case "documents":
                return _documents(one, part)
            case "topic":
                assert shape.cluster is not None, "topics are proved where there are some"
                return asyncio.run(_topic(one, shape.cluster))
    except (DBAPIError, Unreadable) as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        return {"failed": [f"{part.name}: the database cannot be read: {why}"]}


def _service(services: Mapping[str, Opened], one: Opened, *, over_kafka: bool) -> dict[str, Any]:
    """Prove head, read tables, positions and the service's own invariants, all of one moment."""
    name = one.service.name
    hears = sorted({SAID_BY[kind.__name__] for kind in one.hearing.types} - {name})
    with ExitStack() as stack:
        db = stack.enter_context(one.store.reading())
        log, failed = verify.verify_head(name, db)
        logs = {name: (one.store, db)}
        for source in hears:
            if source in services:
                store = services[source].store
                other = stack.enter_context(store.reading())
                head(other)  # a snapshot is taken when it is first read
                logs[source] = store, other
        reach = verify.Reach(logs=logs, over_kafka=over_kafka)
        try:
            tables, wrong = verify.verify_tables(one.hearing, db, reach)
        except verify.Unprojected as error:
            tables, wrong = {}, [f"{name}: {error}"]
        failed += wrong + verify.verify_positions(one.hearing, db, reach)
        counted, wrong = _checked(one, db)
        failed += wrong
        parked = db.execute(select(func.count()).where(WAITING)).scalar_one()
        return {
            "failed": failed,
            "log": log | {"parked": parked},
            "tables": tables,
            "counted": counted,
            "heads": verify.heads(db, name, over_kafka=over_kafka),
            "stands": verify.stands(db, name),
            "hears": [source for source in hears if source in services],
        }


def _checked(one: Opened, db: Connection) -> tuple[dict[str, Any], verify.Findings]:
    """Return what the service's own invariants count, and which do not hold."""
    counted: dict[str, Any] = {}
    failed: verify.Findings = []
    for check in one.service.checks:
        try:
            found = dict(check(db))
        except msgspec.DecodeError as error:
            found = {"failed": [f"{check.__name__} cannot be told: {type(error).__name__}"]}
        failed += [f"{one.service.name}: {what}" for what in found.pop("failed", ())]
        counted |= found.pop("sums", found)
    return counted, failed


def _documents(one: Opened, part: Part) -> dict[str, Any]:
    if one.documents is None:
        return {"failed": [], "count": 0}
    with one.store.reading() as db:
        count, failed = verify.verify_documents(
            one.service, db, one.documents, part.after, part.upto
        )
    return {"failed": failed, "count": count}


async def _topic(one: Opened, cluster: Cluster) -> dict[str, Any]:
    """Compare a topic with its log, which is read after the topic's end was looked up."""
    name = one.service.name
    with one.store.reading() as db:
        at_least = topics.sent(db, name)
    try:
        async with whole(cluster, name) as topic:
            with one.store.reading() as db:
                due = topics.expected(db, name, at_least)
            compared = topics.Compared(due)
            async for offset, record in topic.records():
                compared.take(offset, record)
    except NoTopic as error:
        return {"failed": [f"{name}: the topic {error}"]}
    return {"failed": compared.end(), "count": compared.records}
