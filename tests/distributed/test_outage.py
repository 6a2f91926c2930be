"""A broker that dies and comes back: what was recorded meanwhile is sent, in order."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from libs.runtime.engines import open_engine
from libs.runtime.ids import new_id
from libs.runtime.kafka import Cluster, KafkaSender, apply_topics, kafka_feeds
from libs.runtime.relay import Relay
from libs.runtime.store import Store
from tests.engines import JavaBroker, Unavailable, missing
from tests.logs import Instance, create_log, position_in, practice, recorded

pytestmark = [pytest.mark.anyio, pytest.mark.kafka, pytest.mark.postgres]

KIND = "InvoiceIssued"
PRACTICES = [practice(number) for number in range(12)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def broker() -> Iterator[JavaBroker]:
    """Return a broker of this test's own, for it is going to die."""
    try:
        made = JavaBroker()
    except Unavailable as error:
        missing(error)
    yield made
    made.close()


@pytest.fixture
def stores(postgres_database: Callable[[], str]) -> Iterator[tuple[Store, Store]]:
    engines = [open_engine(postgres_database()) for _ in range(2)]
    for engine in engines:
        create_log(engine)
    yield Store(f"owner-{new_id()}", engines[0]), Store("consumer", engines[1])
    for engine in engines:
        engine.dispose()


async def test_a_broker_that_dies_and_comes_back_costs_time_and_no_event(
    broker: JavaBroker, stores: tuple[Store, Store]
) -> None:
    """P7, F10: the log is the truth; the outbox grows, then drains to nothing."""
    owner, consumer = stores
    cluster = Cluster(bootstrap=broker.address)
    await apply_topics(cluster, [owner.service])
    relay = Relay(owner, KafkaSender(cluster, "owner"), {KIND})
    (feed,) = kafka_feeds(cluster, "consumer", {owner.service: [KIND]}, position_in(consumer))
    instance = Instance(consumer, feed)
    relaying = asyncio.create_task(relay.run())

    def record(first: int, last: int) -> None:
        with owner.writing() as db:
            for number in range(first, last + 1):
                owner.append(db, [recorded(one, number, KIND, owner.service) for one in PRACTICES])

    record(1, 20)
    await instance.take_until(10 * len(PRACTICES))
    await asyncio.to_thread(broker.kill)
    record(21, 40)
    waiting, _ = await relay.backlog()
    await asyncio.to_thread(broker.start)
    await instance.take_until(40 * len(PRACTICES))
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    assert waiting >= 20 * len(PRACTICES)
    assert await relay.backlog() == (0, None)
    assert instance.heard == {one: list(range(1, 41)) for one in PRACTICES}
    await feed.stop()
    await relay.stop()
