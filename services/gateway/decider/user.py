"""User: who may enter the portal, in which role, for which practices.

What is kept here is data of the staff of practices and cooperative, not of patients; it stays as
long as events name them as those who acted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TypeAlias, assert_never

from libs.events import Event, Refused
from libs.events.values import Language, PracticeId


class Role(StrEnum):
    """What a user may do; the access matrix of reliability section 5 in `scopes.py`."""

    PRACTICE_ADMIN = "practice_admin"
    PRACTICE_USER = "practice_user"
    CLERK = "clerk"


class LoginTaken(Refused):
    """Another user has this login."""


class UnknownUser(Refused):
    """No user has this login."""


class UserAdded(Event, frozen=True, kw_only=True):
    """A person may enter the portal."""

    user_id: str
    login: str
    name: str
    password_hash: str
    role: Role
    practice_ids: tuple[PracticeId, ...]
    language: Language
    by: str = ""


class PasswordChanged(Event, frozen=True, kw_only=True):
    """A user has another password; sessions and tokens given on the old one end."""

    user_id: str
    password_hash: str
    by: str = ""


class UserLanguageChanged(Event, frozen=True, kw_only=True):
    """A user reads the portal in another language."""

    user_id: str
    language: Language


class UserDeactivated(Event, frozen=True, kw_only=True):
    """A person may not enter any more; sessions and tokens end at once."""

    user_id: str
    on: date
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class AddUser:
    practice_id: PracticeId
    """Home of the user's stream: the first practice, or the cooperative for its clerks."""
    user_id: str
    """Derived from the login, so that a login cannot be given twice."""
    login: str
    name: str
    password_hash: str
    """argon2id, made before the command: rules know no chance and no secret."""
    role: Role
    practice_ids: tuple[PracticeId, ...]
    language: Language
    by: str = ""

    def __post_init__(self) -> None:
        if self.role != Role.CLERK and not self.practice_ids:
            raise ValueError("A user of a practice belongs to at least one.")


@dataclass(frozen=True, kw_only=True)
class ChangePassword:
    practice_id: PracticeId
    user_id: str
    password_hash: str
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangeUserLanguage:
    practice_id: PracticeId
    user_id: str
    language: Language


@dataclass(frozen=True, kw_only=True)
class DeactivateUser:
    practice_id: PracticeId
    user_id: str
    today: date
    by: str = ""


@dataclass(frozen=True)
class Unknown:
    pass


@dataclass(frozen=True, kw_only=True)
class Active:
    password_hash: str
    role: Role
    practice_ids: tuple[PracticeId, ...]
    language: Language


@dataclass(frozen=True)
class Inactive:
    pass


Command: TypeAlias = AddUser | ChangePassword | ChangeUserLanguage | DeactivateUser
UserEvent: TypeAlias = UserAdded | PasswordChanged | UserLanguageChanged | UserDeactivated
State: TypeAlias = Unknown | Active | Inactive

INITIAL: State = Unknown()


def decide(state: State, command: Command) -> Sequence[UserEvent]:
    """Return what happens; nothing if it already had."""
    match command:
        case AddUser():
            return add(state, command)
        case ChangePassword():
            return change_password(state, command)
        case ChangeUserLanguage():
            return change_language(state, command)
        case DeactivateUser():
            return deactivate(state, command)
        case _:
            assert_never(command)


def add(state: State, command: AddUser) -> Sequence[UserEvent]:
    """Let a person in. A login is never given again, not even after its user left."""
    match state:
        case Unknown():
            return [UserAdded(**vars(command))]
        case Active(password_hash=old) if old == command.password_hash:
            return []  # the same command again: a hash is salted, so no other one has it
        case Active() | Inactive():
            raise LoginTaken


def change_password(state: State, command: ChangePassword) -> Sequence[UserEvent]:
    """Replace the password of an active user."""
    match state:
        case Active(password_hash=old) if old == command.password_hash:
            return []
        case Active():
            return [PasswordChanged(**vars(command))]
        case Unknown() | Inactive():
            raise UnknownUser


def change_language(state: State, command: ChangeUserLanguage) -> Sequence[UserEvent]:
    """Show the portal in another language from now on."""
    match state:
        case Active(language=command.language):
            return []
        case Active():
            return [UserLanguageChanged(**vars(command))]
        case Unknown() | Inactive():
            raise UnknownUser


def deactivate(state: State, command: DeactivateUser) -> Sequence[UserEvent]:
    """Shut a user out."""
    match state:
        case Active():
            return [
                UserDeactivated(
                    practice_id=command.practice_id,
                    user_id=command.user_id,
                    on=command.today,
                    by=command.by,
                )
            ]
        case Inactive():
            return []
        case Unknown():
            raise UnknownUser


def evolve(state: State, event: UserEvent) -> State:
    """Apply a fact."""
    match state, event:
        case Unknown(), UserAdded():
            return Active(
                password_hash=event.password_hash,
                role=event.role,
                practice_ids=event.practice_ids,
                language=event.language,
            )
        case Active(), PasswordChanged():
            return replace(state, password_hash=event.password_hash)
        case Active(), UserLanguageChanged():
            return replace(state, language=event.language)
        case Active(), UserDeactivated():
            return Inactive()
        case _:
            return state
