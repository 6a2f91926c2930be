"""What `app.py` of a service declares. Nothing here runs anything."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Protocol,
    TypeAlias,
    TypeVar,
    get_args,
    get_type_hints,
)

import httpx
from fastapi import APIRouter
from sqlalchemy import Connection, MetaData

from libs.events import Envelope, Event
from libs.events.values import PracticeId
from libs.runtime.clock import Clock
from libs.runtime.documents import Documents
from libs.runtime.rows import Change
from libs.runtime.settings import Settings
from libs.runtime.transit import Transit
from libs.runtime.vault import Vault

if TYPE_CHECKING:
    from libs.runtime.host import Host

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E", bound=Event)
T = TypeVar("T")

Command: TypeAlias = Any
"""A frozen dataclass of some decider."""

Lookup: TypeAlias = Callable[[Connection, Sequence[Event]], Any]
"""Query on the service's own read tables, run once for a page of heard events of one type."""

Reaction: TypeAlias = Callable[..., Command | Sequence[Command] | None]
"""Pure: (event) or (event, what the lookup found) → command, commands, or None."""

Effect: TypeAlias = Callable[[Any, Envelope], Awaitable[Command | Sequence[Command] | None]]
"""Work outside the database, at least once; what it returns is handled afterwards, once."""

Projection: TypeAlias = Callable[[Any, Envelope], Iterable[Change]]
"""Pure: event → row changes. The annotation of its first parameter says what it listens to."""

Due: TypeAlias = Callable[[Connection, date, Command | None], Iterable[Command]]
"""What the calendar proposes on a day; rules decide.

A million may be due, so it is asked for a page at a time: of what it yields the first `DUE_PAGE`
are taken and decided, then it is asked again, with the last of them, for those behind it in an
order of its own. None asks from the start.
"""

DUE_PAGE = 400

Waiting: TypeAlias = Callable[[Connection, date], Mapping[str, int]]
"""How much waits for a person on a day, by kind; shown to operators."""

Loop: TypeAlias = Callable[["Host"], Awaitable[None]]
"""Work that goes on as long as the service runs; one that ends by an error is shown as halted."""

Check: TypeAlias = Callable[[Connection], Mapping[str, Any]]
"""An invariant of one service: sums and, under "failed", what does not hold (empty if all does)."""


def members(annotation: Any) -> tuple[type, ...]:
    """Return the classes of a union, or the class itself."""
    return get_args(annotation) or (annotation,)


@dataclass(frozen=True, kw_only=True)
class Decider(Generic[C, S, E]):
    """One aggregate: its rules and how its streams are named `<name>-<key>`."""

    name: str
    initial: S
    decide: Callable[[S, C], Sequence[E]]
    evolve: Callable[[S, E], S]
    key: Callable[[C], str]
    tenant: Callable[[C], PracticeId] = field(default=attrgetter("practice_id"))

    @cached_property
    def commands(self) -> tuple[type, ...]:
        """The classes that `decide` takes, read from its annotation."""
        hints = get_type_hints(self.decide)
        return members(hints[list(inspect.signature(self.decide).parameters)[1]])

    @cached_property
    def events(self) -> tuple[type[Event], ...]:
        """The classes that `evolve` takes, read from its annotation."""
        hints = get_type_hints(self.evolve)
        return members(hints[list(inspect.signature(self.evolve).parameters)[1]])


def heard(projection: Projection) -> tuple[type[Event], ...]:
    """Return the events that a projection listens to."""
    hints = get_type_hints(projection)
    return members(hints[next(iter(inspect.signature(projection).parameters))])


class Reader(Protocol):
    """Run a query of a service's read tables: `await read("dunning", function, *args)`."""

    async def __call__(self, service: str, function: Callable[..., T], *args: Any) -> T: ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What `build` of a service may use; the same in both shapes and in tests."""

    settings: Settings
    clock: Clock
    vault: Vault
    documents: Documents
    transit: Transit
    call: Callable[[str], httpx.AsyncClient]
    """Return the client of another service's internal HTTP interface; only the gateway calls."""
    read: Reader
    write: Reader
    """The same on the writer thread, for tables that are not made of events."""
    handle: Callable[..., Awaitable[Any]]
    """`await handle("gateway", command)`: for the portal's forms."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A bounded context, assembled. `app.py: build()` returns one and nothing else does."""

    name: str
    deciders: Sequence[Decider[Any, Any, Any]]
    reactions: Mapping[type[Event], Reaction | tuple[Reaction, Lookup]] = field(
        default_factory=dict
    )
    projections: Sequence[Projection] = ()
    effects: Mapping[type[Event], Effect] = field(default_factory=dict)
    loops: Mapping[str, Loop] = field(default_factory=dict)
    """By name: what follows the read tables from checkpoints of its own, as webhooks do."""
    due: Sequence[Due] = ()
    tables: MetaData = field(default_factory=MetaData)
    """Read tables: filled by projections alone, so a rebuild makes them again."""
    kept: MetaData = field(default_factory=MetaData)
    """Tables that no event makes: sessions, tokens. A rebuild leaves them alone."""
    router: APIRouter = field(default_factory=APIRouter)
    first: frozenset[str] = frozenset()
    """Paths that are let in when others have to wait: what the bank sends (P41)."""
    large: frozenset[str] = frozenset()
    """Paths that take bodies up to the size of an archive, which they never hold in memory."""
    opens: frozenset[type[Event]] = frozenset()
    """Events whose personal fields are opened for reactions and effects."""
    shows: frozenset[type[Event]] = frozenset()
    """Events whose personal fields projections may see too: what the read tables name."""
    checks: Sequence[Check] = ()
    waiting: Sequence[Waiting] = ()
