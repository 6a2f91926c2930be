"""Joins a service that runs as a process of its own to Kafka: feeds in, relay out."""

import asyncio
from collections import defaultdict
from contextlib import suppress

import structlog
from sqlalchemy.exc import SQLAlchemyError

from libs.events import SAID_BY
from libs.runtime.engines import UnsafeSetUp
from libs.runtime.host import Host
from libs.runtime.kafka import Cluster, MirroredTopic, kafka_feeds
from libs.runtime.kafka.proven import ProvenSender, prove_topic
from libs.runtime.metrics import OUTBOX_AGE, OUTBOX_EVENTS
from libs.runtime.mirror import Mirror
from libs.runtime.relay import Overtaken, Relay
from libs.runtime.store import Broken, Conflict, Store

log = structlog.get_logger()

PROOF_SECONDS = 5.0
LOOK_SECONDS = 5.0
DRAIN_SECONDS = 10.0


def heard_by(host: Host) -> dict[str, set[str]]:
    """Return the types that a service listens to, by the service that says them."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for kind in host.hearing.types:
        wanted[SAID_BY[kind.__name__]].add(kind.__name__)
    return wanted


async def fits_topic(store: Store, cluster: Cluster) -> bool:
    """Return whether a service's topic was seen to fit its log, False where no broker answers.

    Raises UnsafeSetUp where it does not: whatever the service did now it might do again (F52).
    """
    try:
        async with asyncio.timeout(PROOF_SECONDS):
            await prove_topic(store, cluster)
    except (OSError, TimeoutError) as error:
        log.warning("topic_unproven", service=store.service, error=type(error).__name__)
        return False
    except Broken as error:
        raise UnsafeSetUp(
            f"The topic of {store.service} does not fit its log, which was restored or lost its"
            f" end: {error}. See docs/operations.md, Backup."
        ) from error
    return True


async def start(host: Host, cluster: Cluster, *, proven: bool = False) -> Relay:
    """Start a host on Kafka; a broker that is away holds up neither it nor its HTTP interface.

    Where the topic was not `proven` to fit the log, the relay sees to it before it sends.
    """
    name = host.service.name
    heard = heard_by(host)

    async def marked(source: str, partition: int) -> str:
        return await host.read(host.store.marked, name, source, partition)

    feeds = kafka_feeds(cluster, name, heard, host.position_of, marked) if heard else []
    await host.start(feeds)
    said = [kind for kind, service in SAID_BY.items() if service == name]
    sender = ProvenSender(cluster, host.store, proven=proven)
    relay = Relay(host.store, sender, said, host.wake.listen())
    host.spawn(relay.run(), "relay")
    host.spawn(_watch(host, relay), "outbox")
    mirror = Mirror(MirroredTopic(cluster, name), host.read, relay.leads, host.clock.now)
    host.spawn(mirror.run(), "mirror")
    return relay


async def drain(relay: Relay) -> None:
    """Send what is recorded if the broker takes it in time, as the last thing before the end (P40).

    What is left stays in the log and is sent after the next start.
    """
    with suppress(TimeoutError, OSError, SQLAlchemyError, Conflict, Overtaken, Broken):
        await asyncio.wait_for(relay.drain(), DRAIN_SECONDS)


async def _watch(host: Host, relay: Relay) -> None:
    """Keep the gauges of what waits to be sent, and show a broker that does not take it."""
    name = host.service.name
    while True:
        host.shows("broker", relay.trouble)
        with suppress(SQLAlchemyError):  # the database is away; the relay says so
            events, oldest = await relay.backlog()
            OUTBOX_EVENTS.labels(name).set(events)
            age = (host.clock.now() - oldest).total_seconds() if oldest else 0.0
            OUTBOX_AGE.labels(name).set(max(0.0, age))
        await asyncio.sleep(LOOK_SECONDS)
