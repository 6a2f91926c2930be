"""Account: a month of one member's books, locked and then closed with a proof. Pure.

An account is one stream per practice and month, so that loading it stays short for ever. A month is
locked first: what comes later is booked in the next. On a later day, when nothing can be under way
any more, it is closed with its opening, what moved, and its closing balances. Source: BR-155,
event-log section 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never

from libs.events import Event, Refused
from libs.events.values import Posting, PracticeId

Balances: TypeAlias = Mapping[str, int]
"""By account: debit positive, credit negative."""


class NotLocked(Refused):
    """A month is closed only after it was locked, on a later day."""


class BooksUnbalanced(Refused):
    """Opening balances and movements must each sum to zero; these do not."""


class MonthLocked(Event, frozen=True, kw_only=True):
    """Nothing more is booked in this month."""

    month: str
    on: date


class MonthClosed(Event, frozen=True, kw_only=True):
    """The month's balances, with what they are made of."""

    month: str
    on: date
    opening: tuple[Posting, ...]
    moved: tuple[Posting, ...]
    closing: tuple[Posting, ...]


AccountEvent: TypeAlias = MonthLocked | MonthClosed


@dataclass(frozen=True, kw_only=True)
class LockMonth:
    """Take no more bookings in a month that is over."""

    practice_id: PracticeId
    month: str
    on: date


@dataclass(frozen=True, kw_only=True)
class CloseMonth:
    """Carry a locked month's balances forward."""

    practice_id: PracticeId
    month: str
    opening: Balances
    moved: Balances
    on: date


Command: TypeAlias = LockMonth | CloseMonth


@dataclass(frozen=True)
class Running:
    """The month takes bookings."""


@dataclass(frozen=True)
class Locked:
    """The month takes no more."""

    on: date


@dataclass(frozen=True)
class Closed:
    """The month's balances are a fact."""


State: TypeAlias = Running | Locked | Closed
INITIAL: State = Running()


def decide(state: State, command: Command) -> Sequence[AccountEvent]:
    """Return what happens; nothing if it already had."""
    match command:
        case LockMonth():
            return lock(state, command)
        case CloseMonth():
            return close(state, command)
        case _:
            assert_never(command)


def lock(state: State, command: LockMonth) -> Sequence[AccountEvent]:
    """Lock a month once."""
    if not isinstance(state, Running):
        return []
    return [MonthLocked(practice_id=command.practice_id, month=command.month, on=command.on)]


def close(state: State, command: CloseMonth) -> Sequence[AccountEvent]:
    """Close a locked month; sums that do not balance are never made a fact. Source: BR-155."""
    match state:
        case Closed():
            return []
        case Locked(on=locked_on) if locked_on < command.on:
            if sum(command.opening.values()) or sum(command.moved.values()):
                raise BooksUnbalanced
            return [
                MonthClosed(
                    practice_id=command.practice_id,
                    month=command.month,
                    on=command.on,
                    opening=as_postings(command.opening),
                    moved=as_postings(command.moved),
                    closing=as_postings(added(command.opening, command.moved)),
                )
            ]
        case _:
            raise NotLocked


def added(first: Balances, second: Balances) -> Balances:
    """Return balances after movements."""
    return {
        account: first.get(account, 0) + second.get(account, 0) for account in {*first, *second}
    }


def as_postings(balances: Balances) -> tuple[Posting, ...]:
    """Return balances in the order of the accounts, those of nothing left out."""
    return tuple(
        Posting(account=account, amount_rappen=amount)
        for account, amount in sorted(balances.items())
        if amount
    )


def evolve(_: State, event: AccountEvent) -> State:
    """Apply a fact."""
    match event:
        case MonthLocked():
            return Locked(event.on)
        case MonthClosed():
            return Closed()
        case _:
            assert_never(event)
