"""A small service for benches: facts of some 1.2 kB, one rule, one read table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import msgspec
from sqlalchemy import Column, Integer, MetaData, Table, Text

from bench.servers import Create
from libs.events import Envelope, Event, PracticeRegistered
from libs.events.values import Address, EventId, PracticeId, PracticeKind
from libs.runtime import migrate
from libs.runtime.clock import Clock
from libs.runtime.engines import KEYS, open_engine
from libs.runtime.host import Host
from libs.runtime.ids import derived, new_id
from libs.runtime.rows import Change, put
from libs.runtime.service import Decider, Service
from libs.runtime.store import Store
from libs.runtime.vault import Vault

NAME = "gateway"
"""Whose events `PracticeRegistered` are; the bench's service takes its place."""
TEXT = "x" * 900
PRACTICE = PracticeId("00000000-0000-0000-0000-000000000001")
ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(PracticeRegistered)


@dataclass(frozen=True, kw_only=True)
class Register:
    practice_id: PracticeId
    key: str


@dataclass(frozen=True)
class Count:
    number: int = 0


METADATA = MetaData()
MEMBERS = Table(
    "members",
    METADATA,
    Column("practice_id", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("canton", Text, nullable=False),
)


def fact(number: int, practice: PracticeId = PRACTICE) -> PracticeRegistered:
    return PracticeRegistered(
        practice_id=practice,
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
    return [fact(state.number, command.practice_id)]


def evolve(state: Count, event: PracticeRegistered) -> Count:
    return Count(max(state.number + 1, event.account_no))


def project(event: PracticeRegistered, envelope: Envelope) -> Iterator[Change]:
    yield put(
        MEMBERS,
        practice_id=event.practice_id,
        stream=envelope.stream,
        number=event.account_no,
        name=event.name,
        canton=event.canton,
    )


PLAIN = Service(
    name=NAME,
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
SHOWN = replace(PLAIN, projections=[project], tables=METADATA)


def practice(number: int) -> PracticeId:
    return PracticeId(derived("bench", str(number)))


def envelopes(events: Sequence[Event], source: str = NAME) -> list[Envelope]:
    """Return events as they are stored, each the first of a stream of its own."""
    now = datetime.now(UTC)  # noqa: TID251  # a bench has no injected clock
    return [
        Envelope(
            id=EventId(new_id()),
            source=source,
            type=type(event).__name__,
            stream=f"member-{new_id()}",
            version=1,
            tenant=event.practice_id,
            position=0,
            recorded_at=now,
            correlation_id="c",
            causation_id="",
            data=ENCODER.encode(event),
        )
        for event in events
    ]


def opened(url: str) -> Store:
    """Return the service's store on an empty database, with the log's tables and its own."""
    engine = open_engine(url)
    migrate.upgrade("bench", engine)
    METADATA.create_all(engine)
    return Store(NAME, engine)


def hosted(create: Create, name: str, service: Service) -> Host:
    """Return a host on databases of its own."""
    keys = open_engine(create(f"{name}keys"))
    migrate.upgrade(KEYS, keys)
    url = create(name)
    store = opened(url)
    return Host(service, store, open_engine(url), Vault(keys, b"m" * 32, Clock().now), Clock())
