"""Two small services for tests of the runtime: one registers practices, one greets them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, select

from libs.events import Envelope, Event, PracticeRegistered, Refused
from libs.events.values import (
    Address,
    Party,
    PracticeId,
    PracticeKind,
    Private,
    SubjectId,
)
from libs.runtime import migrate
from libs.runtime.clock import MovableClock
from libs.runtime.engines import KEYS, open_engine
from libs.runtime.host import Host
from libs.runtime.ids import derived
from libs.runtime.rows import Change, put
from libs.runtime.service import Decider, Service
from libs.runtime.store import Store
from libs.runtime.vault import Vault

DAY = date(2026, 3, 2)


@dataclass(frozen=True, kw_only=True)
class Register:
    practice_id: PracticeId
    name: str


@dataclass(frozen=True, kw_only=True)
class Rename:
    practice_id: PracticeId
    name: str


@dataclass(frozen=True, kw_only=True)
class Greet:
    practice_id: PracticeId
    name: str
    guest: Private[Party] | None = None


class Greeted(Event, frozen=True, kw_only=True):
    name: str
    guest: Private[Party] | None = None


class TooShort(Refused):
    """A name has at least two letters."""


@dataclass(frozen=True)
class Count:
    number: int = 0


RegisterCommand: TypeAlias = Register | Rename


def register(state: Count, command: RegisterCommand) -> Sequence[PracticeRegistered]:
    """Register once; a further name is a further event."""
    if len(command.name) < 2:
        raise TooShort
    if command.name == "bug":
        raise ZeroDivisionError
    if isinstance(command, Register) and state.number:
        return []
    return [
        PracticeRegistered(
            practice_id=command.practice_id,
            account_no=state.number,
            name=command.name,
            kind=PracticeKind.DENTIST,
            glns=(),
            canton="LU",
            language="de",
            address=Address(),
            iban="",
            joined_on=DAY,
        )
    ]


def count(state: Count, event: PracticeRegistered) -> Count:
    """Count what happened."""
    assert event.name
    return Count(state.number + 1)


def greet(_: Count, command: Greet) -> Sequence[Greeted]:
    """Greet whoever has a name that can be said."""
    if command.name == "unsayable":
        raise TooShort
    return [Greeted(practice_id=command.practice_id, name=command.name, guest=command.guest)]


def greeted(state: Count, event: Greeted) -> Count:
    """Count what happened."""
    assert event.guest is None or event.guest.value is None, "states never see what is private"
    return Count(state.number + 1)


def welcome(event: PracticeRegistered) -> Greet:
    """Greet each new name, with somebody private."""
    guest = Private(subject=SubjectId(f"guest-{event.name}"), value=Party(name="Hidden Guest"))
    return Greet(practice_id=event.practice_id, name=event.name, guest=guest)


METADATA = MetaData()
GREETINGS = Table(
    "greetings",
    METADATA,
    Column("practice_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("guest", Text),
    Column("number", Integer),
)
HEARD = Table("heard", METADATA, Column("name", Text, primary_key=True))


def project_greetings(event: Greeted, _: Envelope) -> Iterator[Change]:
    """Keep a row for each greeting; a guest that can be read would be shown."""
    guest = event.guest.value if event.guest else None
    yield put(
        GREETINGS,
        practice_id=event.practice_id,
        name=event.name,
        guest=guest.name if guest else None,
        number=len(event.name),
    )


def project_heard(event: PracticeRegistered, _: Envelope) -> Iterator[Change]:
    """Keep a row for each name heard."""
    yield put(HEARD, name=event.name)


REGISTRY = Service(
    name="gateway",
    deciders=[
        Decider(
            name="practice",
            initial=Count(),
            decide=register,
            evolve=count,
            key=lambda command: command.practice_id,
        )
    ],
)
GREETER = Service(
    name="dunning",
    deciders=[
        Decider(
            name="visit",
            initial=Count(),
            decide=greet,
            evolve=greeted,
            key=lambda command: command.practice_id,
        )
    ],
    reactions={PracticeRegistered: welcome},
    projections=[project_greetings, project_heard],
    tables=METADATA,
)


def names(db: Connection) -> list[str]:
    """Return all names greeted, sorted."""
    return sorted(db.execute(select(GREETINGS.c.name)).scalars())


def practice(number: int) -> PracticeId:
    """Return one of the tests' practices."""
    return PracticeId(derived("practice", str(number)))


def vault(folder: Path, clock: MovableClock) -> Vault:
    """Return a vault with a key store of its own."""
    engine = open_engine(f"sqlite:///{folder / 'keys.db'}")
    migrate.upgrade(KEYS, engine)
    return Vault(engine, b"m" * 32, clock.now)


def host(
    service: Service, engine: Engine, reader: Engine, keys: Vault, clock: MovableClock
) -> Host:
    """Return a host on a fresh database with the log's and the toy's tables."""
    migrate.upgrade("toy", engine)
    service.tables.create_all(engine)
    return Host(service, Store(service.name, engine), reader, keys, clock)
