"""Two instances of every service, three brokers, one database server, and each of them breaks.

All of it under load: practices hand in, the bank reports payments, whoever gets no answer repeats.
After each fault everything comes to rest, and a ledger of what was sent is compared with what the
logs hold: nothing lost, nothing doubled. At the end all invariants are proved.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest

from libs.runtime.clock import Clock
from libs.runtime.kafka.topics import BROKERS_FOR_SAFETY
from services.simulator.partner import Access
from services.simulator.practices import Practice
from tests.chaos.ledger import Ledger
from tests.chaos.load import Load
from tests.chaos.messages import practices
from tests.chaos.world import World
from tests.distributed.processes import SERVICES
from tests.engines import Unavailable, missing

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

SEED = 11
MEMBERS = 4
PAUSE_SECONDS = 0.2


T = TypeVar("T")
STEPS = {"invoicing": "InvoiceIssued", "dunning": "CaseOpened", "factoring": "ClaimTransmitted"}
"""What each of these services makes of an accepted message."""


class Stage:
    """The world, its members, and the one loop in which all scenes are played."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.world = World(brokers=BROKERS_FOR_SAFETY)
        self.today = Clock().today()
        self.members: list[Practice] = practices(SEED, MEMBERS, self.today)
        self.joined: dict[int, tuple[str, Access]]
        self.bank: Access
        self.ledger: Ledger
        self.load: Load

    def begin(self) -> None:
        self.runner.run(self.world.start())
        self.joined, self.bank = self.runner.run(self.world.join(self.members))
        self.ledger = Ledger(self.world.folder / "ledger.db")
        self.load = Load(self.world.fleet.doors, self.ledger, SEED, self.today)
        self.load.pause = PAUSE_SECONDS

    def play(self, scene: Callable[["Stage"], Awaitable[None]]) -> None:
        """Play a scene while messages are handed in; then nothing is lost or doubled."""

        async def whole() -> None:
            await self.world.at_rest()
            self.load.start(self.members, self.joined, self.bank)
            try:
                await scene(self)
                await self.load.stop()
                await self.world.at_rest()
            finally:
                await self.load.abandon()
                await self.repaired()
            verdict = await asyncio.to_thread(self.world.compare, self.ledger)
            assert not verdict.lost + verdict.doubled, verdict.named

        self.runner.run(whole())

    async def repaired(self) -> None:
        """Let a scene that failed spoil no other."""
        world = self.world
        for name in list(world.fleet.frozen):
            world.fleet.wake(name)
        await asyncio.to_thread(world.brokers.restart)
        if not world.postgres.running:
            await asyncio.to_thread(world.postgres.start)
        for name in world.fleet.names:
            if not world.fleet.running(name):
                world.fleet.begin(name)

    async def taken(self, count: int) -> None:
        """Wait until so many more messages were taken."""
        goal = self.load.taken + count

        async def there() -> bool:
            self.load.check()
            return self.load.taken >= goal

        await self.world.patiently(there)

    async def count(self, service: str, kind: str) -> int:
        """Return how many events of a type a service has recorded."""

        def ask() -> int:
            with self.world.postgres.connect(service) as db:
                row = db.execute("SELECT count(*) FROM events WHERE type = %s", [kind]).fetchone()
                return int(str(row[0])) if row else 0

        return await asyncio.to_thread(ask)

    async def all_followed(self) -> None:
        """Wait until all that was taken by now was issued, dunned and claimed."""
        taken = await self.count("ingest", "SubmissionAccepted")

        async def followed() -> bool:
            return all([await self.count(*step) >= taken for step in STEPS.items()])

        await self.world.patiently(followed)

    def run(self, what: Callable[..., T], *given: Any) -> T:
        """Do something that blocks, while the proxies go on."""
        return self.runner.run(asyncio.to_thread(what, *given))

    def degraded(self) -> list[str]:
        """Return what instances that are ready say of their troubles."""
        fleet = self.world.fleet
        urls = [f"http://127.0.0.1:{fleet.ports[name]}/health/ready" for name in fleet.names]
        answers = [httpx.get(url, timeout=30) for url in urls]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.json().get("degraded", "") for answer in answers]


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    try:
        made = Stage()
    except Unavailable as error:
        missing(error)
    try:
        made.begin()
        yield made
    finally:
        if request.session.testsfailed:
            for name in SERVICES:
                print(name, made.world.fleet.log(name), sep="\n")  # noqa: T201 - shown with it
        made.runner.run(made.world.close())
        made.runner.close()


def test_while_one_instance_is_frozen_the_others_do_its_work_and_awake_it_does_no_harm(
    stage: Stage,
) -> None:
    """F9: under SIGSTOP past session and lock; the group goes on, zombies change nothing."""

    async def scene(stage: Stage) -> None:
        fleet, frozen = stage.world.fleet, ("ingest", "invoicing", "dunning", "factoring")
        await stage.taken(20)
        for name in frozen:
            fleet.freeze(name)
        await stage.taken(40)  # by the second instances alone
        await stage.all_followed()
        for name in frozen:
            fleet.wake(name)
        await stage.taken(20)

    stage.play(scene)


def test_instances_that_come_and_go_cost_no_event(stage: Stage) -> None:
    """F15, P40: partitions change hands under load, by SIGTERM, by SIGKILL, and by arrivals."""

    async def scene(stage: Stage) -> None:
        fleet = stage.world.fleet
        for name, end in (
            ("invoicing.2", fleet.stop),
            ("dunning", fleet.kill),
            ("factoring.2", fleet.stop),
        ):
            await asyncio.to_thread(end, name)
            await stage.taken(20)
            fleet.begin(name)
        await stage.taken(20)
        await stage.world.ready()
        await stage.all_followed()

    stage.play(scene)


def test_a_broker_that_leads_may_die_and_nobody_notices(stage: Stage) -> None:
    """F11, F13: three have each record, two suffice; others lead on what the dead one led."""

    async def scene(stage: Stage) -> None:
        first, *_ = stage.world.brokers.each
        await stage.taken(20)
        await asyncio.to_thread(first.kill)
        await stage.taken(40)
        await stage.all_followed()
        await asyncio.to_thread(first.start)
        await stage.taken(20)

    stage.play(scene)


def test_without_any_broker_uploads_are_taken_and_sent_when_there_is_one(stage: Stage) -> None:
    """F10, P7: the log is the truth; services are ready and say that they are degraded."""

    async def scene(stage: Stage) -> None:
        await stage.taken(20)
        await asyncio.to_thread(stage.world.brokers.kill)
        issued = await stage.count("invoicing", "InvoiceIssued")
        await stage.taken(60)

        async def said_so() -> bool:
            return any("broker" in said for said in await asyncio.to_thread(stage.degraded))

        await stage.world.patiently(said_so)
        waiting = await asyncio.to_thread(stage.world.waits)
        assert any(what.startswith("ingest has not sent") for what in waiting)
        assert await stage.count("ingest", "SubmissionAccepted") > issued
        await asyncio.to_thread(stage.world.brokers.restart)
        await stage.all_followed()

    stage.play(scene)


def test_a_database_that_dies_under_load_costs_time_and_nothing_that_was_answered(
    stage: Stage,
) -> None:
    """F24: stopped at once, then killed; whoever asks meanwhile gets 503 with Retry-After."""

    async def scene(stage: Stage) -> None:
        postgres = stage.world.postgres
        for how in (signal.SIGQUIT, signal.SIGKILL):
            await stage.taken(20)
            busy = stage.load.seen["503"]
            await asyncio.to_thread(postgres.kill, how)

            async def refused(busy: int = busy) -> bool:
                return stage.load.seen["503"] > busy

            await stage.world.patiently(refused)
            await asyncio.to_thread(postgres.start)
        await stage.taken(20)
        await stage.all_followed()

    stage.play(scene)


def test_a_commit_whose_answer_is_cut_off_is_neither_lost_nor_done_twice(stage: Stage) -> None:
    """F28: the server has committed, the client does not know; here time and again, everywhere."""

    async def scene(stage: Stage) -> None:
        proxy = stage.world.to_database
        for _ in range(6):
            before = proxy.commits_cut
            proxy.commits_to_cut = 10

            async def cut(before: int = before) -> bool:
                return proxy.commits_cut >= before + 10

            await stage.world.patiently(cut)
            await stage.taken(5)

    stage.play(scene)


def test_connections_that_break_all_at_once_are_made_again(stage: Stage) -> None:
    """Between services and database, and between services and brokers, time and again."""

    async def scene(stage: Stage) -> None:
        for _ in range(4):
            assert stage.world.to_database.cut() > 0
            await stage.taken(10)
            assert sum([proxy.cut() for proxy in stage.world.to_brokers]) > 0
            await stage.taken(10)
        await stage.all_followed()

    stage.play(scene)


def test_after_all_of_it_every_invariant_holds_and_every_process_still_runs(stage: Stage) -> None:
    """P1, P12: and clients saw nothing but receipts, 503, the end of a token, broken lines."""
    fleet = stage.world.fleet
    assert fleet.died() == {}
    assert stage.run(stage.world.verify)["failed"] == []
    strange = {answer for answer in stage.load.seen if not answer.startswith("no answer")}
    assert strange <= {"200", "202", "401", "503"}
