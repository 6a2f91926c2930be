"""WebhookEndpoint: an address to which a practice has us say what becomes of its invoices. Pure.

Its secret is derived from its id and the number of the secret, and stands in no event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias, assert_never

from libs.events import Event, Refused
from libs.events.values import PracticeId

Reason: TypeAlias = Literal["FAILING", "GONE"]
"""Why we stopped to send: it failed for days, or said itself that it is gone (410)."""


class UnknownWebhook(Refused):
    """There is no such webhook."""

    status = 404


class WebhookChangedMeanwhile(Refused):
    """Somebody else changed this webhook since it was read."""

    status = 412


class WebhookAdded(Event, frozen=True, kw_only=True):
    """A practice wants to be told at an address."""

    webhook_id: str
    url: str
    types: tuple[str, ...]
    """Types of events; none: all."""
    description: str = ""
    after: tuple[tuple[str, int], ...]
    """The place in the feed behind which its messages begin."""
    at: datetime
    by: str = ""


class WebhookChanged(Event, frozen=True, kw_only=True):
    """What a practice wants from now on; active once more clears why it was not."""

    webhook_id: str
    url: str
    types: tuple[str, ...]
    description: str = ""
    active: bool
    version: int
    at: datetime
    by: str = ""


class WebhookSecretRotated(Event, frozen=True, kw_only=True):
    """A new secret signs; the one before signs too for a while."""

    webhook_id: str
    number: int
    """Number of the new secret, the first being 1."""
    old_until: datetime
    by: str = ""


class WebhookDisabled(Event, frozen=True, kw_only=True):
    """Nothing is sent any more until the practice says so; what comes meanwhile is kept."""

    webhook_id: str
    reason: Reason
    version: int
    at: datetime


class WebhookRemoved(Event, frozen=True, kw_only=True):
    """A practice wants nothing more at an address."""

    webhook_id: str
    at: datetime
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class AddWebhook:
    practice_id: PracticeId
    webhook_id: str
    url: str
    types: tuple[str, ...]
    description: str
    after: tuple[tuple[str, int], ...]
    at: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class ChangeWebhook:
    """Change what is given; None leaves it as it is."""

    practice_id: PracticeId
    webhook_id: str
    url: str | None = None
    types: tuple[str, ...] | None = None
    description: str | None = None
    active: bool | None = None
    expected_version: int | None = None
    at: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class RotateSecret:
    practice_id: PracticeId
    webhook_id: str
    number: int
    """Number of the secret that is wanted: one more than the newest that was seen."""
    old_until: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class DisableWebhook:
    practice_id: PracticeId
    webhook_id: str
    reason: Reason
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RemoveWebhook:
    practice_id: PracticeId
    webhook_id: str
    at: datetime
    by: str


@dataclass(frozen=True)
class Unknown:
    pass


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """What is sent where; `disabled` says why it is not, where that was not the practice."""

    url: str
    types: tuple[str, ...]
    description: str
    active: bool = True
    disabled: Reason | None = None
    secret_number: int = 1
    version: int = 1


@dataclass(frozen=True)
class Removed:
    pass


Command: TypeAlias = AddWebhook | ChangeWebhook | RotateSecret | DisableWebhook | RemoveWebhook
WebhookEvent: TypeAlias = (
    WebhookAdded | WebhookChanged | WebhookSecretRotated | WebhookDisabled | WebhookRemoved
)
State: TypeAlias = Unknown | Webhook | Removed

INITIAL: State = Unknown()


def decide(state: State, command: Command) -> Sequence[WebhookEvent]:
    """Return what happens; nothing if it already had."""
    if isinstance(command, AddWebhook):
        return add(state, command)
    if isinstance(state, Removed) and isinstance(command, DisableWebhook | RemoveWebhook):
        return []
    if not isinstance(state, Webhook):
        raise UnknownWebhook
    match command:
        case ChangeWebhook():
            return change(state, command)
        case RotateSecret():
            return rotate(state, command)
        case DisableWebhook():
            return disable(state, command)
        case RemoveWebhook():
            return [WebhookRemoved(**vars(command))]
        case _:
            assert_never(command)


def add(state: State, command: AddWebhook) -> Sequence[WebhookEvent]:
    """Add a webhook, once: its id is made of the request's key."""
    return [WebhookAdded(**vars(command))] if isinstance(state, Unknown) else []


def change(state: Webhook, command: ChangeWebhook) -> Sequence[WebhookEvent]:
    """Change what is wanted; what is so already is not said again (B55)."""
    given = {
        name: value
        for name in ("url", "types", "description", "active")
        if (value := getattr(command, name)) is not None
    }
    wanted = replace(state, **given)
    if wanted.active:
        wanted = replace(wanted, disabled=None)
    if wanted == state:
        return []
    if command.expected_version not in (None, state.version):
        raise WebhookChangedMeanwhile
    return [
        WebhookChanged(
            practice_id=command.practice_id,
            webhook_id=command.webhook_id,
            url=wanted.url,
            types=wanted.types,
            description=wanted.description,
            active=wanted.active,
            version=state.version + 1,
            at=command.at,
            by=command.by,
        )
    ]


def rotate(state: Webhook, command: RotateSecret) -> Sequence[WebhookEvent]:
    """Sign with a new secret; the same one asked for again is there already."""
    if command.number == state.secret_number:
        return []
    if command.number != state.secret_number + 1:
        raise WebhookChangedMeanwhile
    return [WebhookSecretRotated(**vars(command))]


def disable(state: Webhook, command: DisableWebhook) -> Sequence[WebhookEvent]:
    """Stop to send to an address that does not answer (P25)."""
    if not state.active:
        return []
    return [
        WebhookDisabled(
            practice_id=command.practice_id,
            webhook_id=command.webhook_id,
            reason=command.reason,
            version=state.version + 1,
            at=command.at,
        )
    ]


def evolve(state: State, event: WebhookEvent) -> State:
    """Apply a fact."""
    match state, event:
        case Unknown(), WebhookAdded():
            return Webhook(url=event.url, types=event.types, description=event.description)
        case Webhook(), WebhookChanged():
            return replace(
                state,
                url=event.url,
                types=event.types,
                description=event.description,
                active=event.active,
                disabled=None if event.active else state.disabled,
                version=event.version,
            )
        case Webhook(), WebhookSecretRotated():
            return replace(state, secret_number=event.number)
        case Webhook(), WebhookDisabled():
            return replace(state, active=False, disabled=event.reason, version=event.version)
        case Webhook(), WebhookRemoved():
            return Removed()
        case _:
            return state
