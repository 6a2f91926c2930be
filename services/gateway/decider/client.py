"""ApiClient: a program that may ask over REST, for one practice or for the cooperative."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, assert_never

from libs.events import Event, Refused
from libs.events.values import COOPERATIVE, PracticeId

OPERATOR_SCOPES = frozenset({"bank:write", "answers:write", "admin", "webhooks:write"})
"""What only the cooperative's own programs and its partners' may do, as far as each is told; who
leads a practice may add its webhooks."""

PRACTICE_SCOPES = frozenset(
    {
        "submissions:write",
        "submissions:read",
        "invoices:read",
        "events:read",
        "account:read",
        "cases:write",
        "webhooks:read",
        "webhooks:rotate",
        "settings:write",
    }
)


class ClientIdTaken(Refused):
    """Another API client has this id."""


class UnknownClient(Refused):
    """No API client has this id."""


class ClientAdded(Event, frozen=True, kw_only=True):
    """A program may ask over REST. Its practice is the event's; the cooperative's for operators."""

    client_id: str
    name: str
    secret_hash: str
    scopes: tuple[str, ...]
    expires_on: date | None = None
    by: str = ""


class ClientRevoked(Event, frozen=True, kw_only=True):
    """A program may ask no more; its tokens end at once."""

    client_id: str
    on: date
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class AddClient:
    practice_id: PracticeId
    client_id: str
    name: str
    secret_hash: str
    """sha256 of a secret of 256 random bits, made before the command; the secret is shown once."""
    scopes: tuple[str, ...]
    expires_on: date | None = None
    by: str = ""

    def __post_init__(self) -> None:
        allowed = PRACTICE_SCOPES
        if self.practice_id == COOPERATIVE:
            allowed = PRACTICE_SCOPES | OPERATOR_SCOPES
        if not self.scopes or not set(self.scopes) <= allowed:
            raise ValueError("These scopes do not exist for this kind of client.")


@dataclass(frozen=True, kw_only=True)
class RevokeClient:
    practice_id: PracticeId
    client_id: str
    today: date
    by: str = ""


@dataclass(frozen=True)
class Unknown:
    pass


@dataclass(frozen=True, kw_only=True)
class Known:
    secret_hash: str
    revoked: bool = False


Command: TypeAlias = AddClient | RevokeClient
ClientEvent: TypeAlias = ClientAdded | ClientRevoked
State: TypeAlias = Unknown | Known

INITIAL: State = Unknown()


def decide(state: State, command: Command) -> Sequence[ClientEvent]:
    """Return what happens; nothing if it already had."""
    match command:
        case AddClient():
            return add(state, command)
        case RevokeClient():
            return revoke(state, command)
        case _:
            assert_never(command)


def add(state: State, command: AddClient) -> Sequence[ClientEvent]:
    """Let a program in; the same command again changes nothing."""
    match state:
        case Unknown():
            return [ClientAdded(**vars(command))]
        case Known(secret_hash=command.secret_hash):
            return []
        case Known():
            raise ClientIdTaken


def revoke(state: State, command: RevokeClient) -> Sequence[ClientEvent]:
    """Shut a program out for ever."""
    match state:
        case Known(revoked=False):
            return [
                ClientRevoked(
                    practice_id=command.practice_id,
                    client_id=command.client_id,
                    on=command.today,
                    by=command.by,
                )
            ]
        case Known():
            return []
        case Unknown():
            raise UnknownClient


def evolve(state: State, event: ClientEvent) -> State:
    """Apply a fact."""
    match state, event:
        case Unknown(), ClientAdded():
            return Known(secret_hash=event.secret_hash)
        case Known(), ClientRevoked():
            return replace(state, revoked=True)
        case _:
            return state
