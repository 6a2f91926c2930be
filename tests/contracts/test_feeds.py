"""One suite for every way in which a service hears another: SQLite, PostgreSQL, Kafka.

The owner's log is real, relay and broker are real, the consumer keeps its position in a database of
its own. What holds on one of them has to hold on all. Source: event-log section 2, P3 to P6.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from libs.events.values import PracticeId
from libs.runtime.engines import open_engine
from libs.runtime.feed import Feed, StoreFeed, Wake
from libs.runtime.ids import new_id
from libs.runtime.kafka import Cluster, KafkaSender, apply_topics, kafka_feeds
from libs.runtime.reader import Reader
from libs.runtime.relay import Relay
from libs.runtime.store import Store
from tests.logs import Instance, create_log, position_in, practice, recorded

T = TypeVar("T")
pytestmark = pytest.mark.anyio

HEARD = "InvoiceIssued"
NOT_HEARD = "ReminderEscalated"
PRIVATE = "NumberTaken"
PUBLIC = frozenset({HEARD, NOT_HEARD})
PRACTICES = [practice(number) for number in range(12)]
SHAPES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("kafka", marks=[pytest.mark.postgres, pytest.mark.kafka]),
]


class Rig:
    """An owner with a log, and feeds from it for a consumer with positions of its own."""

    def __init__(self, owner: Store, consumer: Store) -> None:
        self.owner = owner
        self.consumer = consumer
        self.instances: list[Instance] = []
        self.feed: Callable[[], Feed]
        self.made_known: Callable[[], Awaitable[None]]

    async def say(self, *events: tuple[PracticeId, int, str]) -> None:
        """Record events in the owner's log and make them known."""
        with self.owner.writing() as db:
            self.owner.append(db, [recorded(*one, self.owner.service) for one in events])
        await self.made_known()

    def instance(self) -> Instance:
        """Start an instance of the consumer."""
        self.instances.append(Instance(self.consumer, self.feed()))
        return self.instances[-1]


@asynccontextmanager
async def in_process(owner: Store, consumer: Store) -> AsyncIterator[Rig]:
    """Join them as the embedded shape does: the owner's log is read in process."""
    rig, wake = Rig(owner, consumer), Wake()

    async def made_known() -> None:
        wake.notify()

    async def read(function: Callable[..., T], *args: Any) -> T:
        result: T = await reader.worker.submit((function, args))
        return result

    reader = Reader(owner)
    rig.made_known = made_known
    rig.feed = lambda: StoreFeed(owner, read, wake, [HEARD], position_in(consumer))
    yield rig
    reader.worker.stop()


@asynccontextmanager
async def over_kafka(owner: Store, consumer: Store, cluster: Cluster) -> AsyncIterator[Rig]:
    """Join them as the distributed shape does: relay, broker, consumer group."""
    await apply_topics(cluster, [owner.service])
    rig, group = Rig(owner, consumer), f"consumer-{new_id()}"
    relay = Relay(owner, KafkaSender(cluster, owner.service), PUBLIC)
    rig.made_known = relay.drain
    rig.feed = lambda: kafka_feeds(cluster, group, {owner.service: [HEARD]}, position_in(consumer))[
        0
    ]
    yield rig
    for instance in rig.instances:
        await instance.feed.stop()
    await relay.stop()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    """Return the name of the way under test."""
    return str(request.param)


@pytest.fixture
def stores(
    shape: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Store, Store]]:
    """Return the owner's store and the consumer's, both empty."""
    if shape == "sqlite":
        urls = [f"sqlite:///{tmp_path / name}.db" for name in ("owner", "consumer")]
    else:
        create = request.getfixturevalue("postgres_database")
        urls = [create(), create()]
    engines = [open_engine(url) for url in urls]
    for engine in engines:
        create_log(engine)
    yield Store(f"owner-{new_id()}", engines[0]), Store("consumer", engines[1])
    for engine in engines:
        engine.dispose()


@pytest.fixture
def cluster(shape: str, request: pytest.FixtureRequest) -> Cluster | None:
    """Return where the broker is, if the way under test needs one."""
    if shape != "kafka":
        return None
    return Cluster(bootstrap=request.getfixturevalue("kafka_bootstrap"))


@pytest.fixture
async def rig(stores: tuple[Store, Store], cluster: Cluster | None) -> AsyncIterator[Rig]:
    """Return an owner and a consumer, joined in the way under test."""
    joined = in_process(*stores) if cluster is None else over_kafka(*stores, cluster)
    async with joined as made:
        yield made


def history(first: int, last: int, kind: str = HEARD) -> Sequence[tuple[PracticeId, int, str]]:
    """Return numbered events of all practices, interleaved."""
    return [(one, number, kind) for number in range(first, last + 1) for one in PRACTICES]


async def test_every_practice_is_heard_in_the_order_of_the_log_and_nothing_is_missing(
    rig: Rig,
) -> None:
    await rig.say(*history(1, 60))
    instance = rig.instance()
    await instance.take_until(60 * len(PRACTICES))
    assert instance.heard == {one: list(range(1, 61)) for one in PRACTICES}


async def test_what_is_said_later_is_heard_by_those_who_wait(rig: Rig) -> None:
    instance = rig.instance()
    waiting = asyncio.create_task(instance.take_until(len(PRACTICES)))
    await rig.say(*history(1, 1))
    await waiting
    assert instance.heard == {one: [1] for one in PRACTICES}


async def test_what_nobody_asked_for_moves_the_position_and_is_not_handed_over(rig: Rig) -> None:
    """An event that never leaves its service does not leave a gap either."""
    one = PRACTICES[0]
    await rig.say((one, 1, NOT_HEARD), (one, 1, PRIVATE), (one, 1, HEARD), (one, 2, NOT_HEARD))
    await rig.say((one, 2, HEARD))
    instance = rig.instance()
    await instance.take_until(2)
    assert instance.heard == {one: [1, 2]}


async def test_a_page_that_was_not_stored_comes_again(rig: Rig) -> None:
    await rig.say(*history(1, 3))
    instance = rig.instance()
    page = await instance.next()
    assert page == await instance.next()
    await instance.take_until(3 * len(PRACTICES))
    assert instance.heard == {one: [1, 2, 3] for one in PRACTICES}


async def test_a_new_instance_goes_on_where_the_position_stands(rig: Rig) -> None:
    await rig.say(*history(1, 3))
    first = rig.instance()
    await first.take_until(3 * len(PRACTICES))
    rig.instances.remove(first)
    await first.feed.stop()
    await rig.say(*history(4, 5))
    second = rig.instance()
    await second.take_until(2 * len(PRACTICES))
    assert second.heard == {one: [4, 5] for one in PRACTICES}


async def test_an_instance_that_died_before_storing_leaves_the_page_to_the_next(rig: Rig) -> None:
    await rig.say(*history(1, 3))
    first = rig.instance()
    await first.next()
    rig.instances.remove(first)
    await first.feed.stop()
    second = rig.instance()
    await second.take_until(3 * len(PRACTICES))
    assert second.heard == {one: [1, 2, 3] for one in PRACTICES}


async def test_a_page_that_another_instance_stored_meanwhile_has_no_effect(rig: Rig) -> None:
    """The zombie of F9: it comes back with a page that is done, and its late write is refused."""
    one = PRACTICES[0]
    await rig.say((one, 1, HEARD))
    zombie = rig.instance()
    assert zombie.move(await zombie.next())  # as if stored by the one that took over
    await zombie.take()
    await rig.say((one, 2, HEARD))
    await zombie.take_until(1)
    assert (zombie.refused, zombie.heard) == (1, {one: [2]})


async def test_the_lag_counts_what_is_not_stored_yet(rig: Rig) -> None:
    one = PRACTICES[0]
    await rig.say((one, 1, HEARD))
    instance = rig.instance()
    await instance.take_until(1)
    assert await instance.feed.lag() == 0
    await rig.say((one, 2, HEARD), (one, 3, HEARD))
    page = await instance.next()
    assert await instance.feed.lag() == 2
    assert instance.move(page)
    await instance.feed.done(page, moved=True)
    assert await instance.feed.lag() == 0
