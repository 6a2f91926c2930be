"""The event log on SQLite, against the library `eventsourcing` 9.5.6 on SQLite.

Both write events of some 1.2 kB, one per aggregate, checked and durable (WAL, synchronous FULL).
The ratios that event-log section 4 asks for were taken with the library on PostgreSQL, where each
of its saves costs round trips; here it is spared them.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from typing_extensions import override

from bench.measure import Figure, alternately
from libs.events import Envelope, Event, PracticeRegistered
from libs.events.values import Address, EventId, PracticeId, PracticeKind
from libs.runtime import migrate
from libs.runtime.clock import Clock
from libs.runtime.engines import KEYS, open_engine
from libs.runtime.host import Host
from libs.runtime.ids import new_id
from libs.runtime.service import Decider, Service
from libs.runtime.store import Store
from libs.runtime.vault import Vault

BATCH = 500
BATCHES = 6
CALLERS = 32
CALLS = 40
TEXT = "x" * 900
PRACTICE = PracticeId("00000000-0000-0000-0000-000000000001")


class Member(Aggregate):
    """The anchor's aggregate with the same content."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def rename(self, name: str) -> None:
        self.trigger_event(self.Renamed, name=name, text=TEXT)

    class Renamed(Aggregate.Event):
        """A further fact of the same size."""

        name: str
        text: str

        @override
        def apply(self, aggregate: Any) -> None:
            aggregate.name = self.name


@dataclass(frozen=True, kw_only=True)
class Register:
    practice_id: PracticeId
    key: str


@dataclass(frozen=True)
class Count:
    number: int = 0


def fact(number: int) -> PracticeRegistered:
    return PracticeRegistered(
        practice_id=PRACTICE,
        account_no=number,
        name=TEXT,
        kind=PracticeKind.DENTIST,
        glns=("7601000000125",),
        canton="LU",
        language="de",
        address=Address(street="Hauptgasse", house_no="1", zip="6000", city="Luzern"),
        iban="CH9300762011623852957",
        joined_on=date(2026, 1, 1),
    )


def decide(state: Count, command: Register) -> Sequence[PracticeRegistered]:
    assert command.key
    return [fact(state.number)]


def evolve(state: Count, event: PracticeRegistered) -> Count:
    return Count(max(state.number + 1, event.account_no))


SERVICE = Service(
    name="bench",
    deciders=[
        Decider(
            name="member",
            initial=Count(),
            decide=decide,
            evolve=evolve,
            key=lambda command: command.key,
        )
    ],
)


def opened(folder: Path, name: str) -> Store:
    engine = open_engine(f"sqlite:///{folder / name}.db")
    migrate.upgrade("bench", engine)
    return Store("bench", engine)


def library(folder: Path, name: str) -> Application[Any]:
    return Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(folder / f"{name}.db"),
            "SQLITE_LOCK_TIMEOUT": "30",
        }
    )


def envelopes(encoder: msgspec.json.Encoder, events: Sequence[Event]) -> list[Envelope]:
    """Return events as they are stored, each the first of a stream of its own."""
    now = datetime.now(UTC)  # noqa: TID251  # a bench has no injected clock
    return [
        Envelope(
            id=EventId(new_id()),
            source="bench",
            type="PracticeRegistered",
            stream=f"member-{new_id()}",
            version=1,
            tenant=PRACTICE,
            position=0,
            recorded_at=now,
            correlation_id="c",
            causation_id="",
            data=encoder.encode(event),
        )
        for event in events
    ]


def figures() -> Iterator[Figure]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        yield append(folder)
        yield load(folder)
        yield callers(folder)


def append(folder: Path) -> Figure:
    store, app, encoder = opened(folder, "append"), library(folder, "es"), msgspec.json.Encoder()

    def ours(_: int) -> None:
        for _batch in range(BATCHES):
            new = envelopes(encoder, [fact(number) for number in range(BATCH)])
            with store.writing() as db:
                store.tails(db, {event.stream: 0 for event in new})
                store.append(db, new)

    def anchor(_: int) -> None:
        for _batch in range(BATCHES):
            app.save(*(Member(name=str(number), text=TEXT) for number in range(BATCH)))

    rates = alternately(BATCH * BATCHES, ours, anchor)
    return Figure(
        what="append in batches of 500, typed, checked",
        ours=rates[0],
        anchor=rates[1],
        against="es save of 500",
    )


def load(folder: Path) -> Figure:
    """Read a stream of 100 events and fold it."""
    store, app, encoder = opened(folder, "load"), library(folder, "esload"), msgspec.json.Encoder()
    stream, decoder = "member-1", msgspec.json.Decoder(PracticeRegistered)
    new = [
        msgspec.structs.replace(event, stream=stream, version=version)
        for version, event in enumerate(envelopes(encoder, [fact(1)] * 100), start=1)
    ]
    with store.writing() as db:
        store.append(db, new)
    member = Member(name="1", text=TEXT)
    for number in range(99):
        member.rename(str(number))
    app.save(member)

    def ours(_: int) -> None:
        for _read in range(100):
            state = Count()
            with store.reading() as db:
                for row in store.tails(db, {stream: 0}):
                    state = evolve(state, decoder.decode(row.data))

    def anchor(_: int) -> None:
        for _read in range(100):
            app.repository.get(member.id)

    rates = alternately(100, ours, anchor)
    return Figure(
        what="load a stream of 100 events, typed",
        ours=rates[0],
        anchor=rates[1],
        against="es repository.get",
        at_least=3.5,
    )


def callers(folder: Path) -> Figure:
    """32 callers at once, each waits until its own event is durable."""
    app = library(folder, "escallers")

    def ours(number: int) -> None:
        asyncio.run(_calls(folder, number))

    def anchor(_: int) -> None:
        def calls(_caller: int) -> None:
            for number in range(CALLS):
                app.save(Member(name=str(number), text=TEXT))

        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(calls, range(CALLERS)))

    rates = alternately(CALLERS * CALLS, ours, anchor)
    return Figure(
        what="32 callers, one durable event each, with rules",
        ours=rates[0],
        anchor=rates[1],
        against="es, 32 threads",
    )


async def _calls(folder: Path, number: int) -> None:
    keys = open_engine(f"sqlite:///{folder / f'keys{number}'}.db")
    migrate.upgrade(KEYS, keys)
    vault = Vault(keys, b"m" * 32, Clock().now)
    store = opened(folder, f"callers{number}")
    host = Host(SERVICE, store, open_engine(str(store.engine.url)), vault, Clock())
    await host.start()

    async def calls(caller: int) -> None:
        for index in range(CALLS):
            await host.handle(Register(practice_id=PRACTICE, key=f"{caller}-{index}"))

    await asyncio.gather(*map(calls, range(CALLERS)))
    await host.stop()
    vault.close()
