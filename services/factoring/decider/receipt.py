"""Receipt: money that stands on no invoice, until a person has found its owner. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from libs.events import ReceiptParked
from libs.events.values import CreditId, PracticeId
from services.factoring import books


@dataclass(frozen=True, kw_only=True)
class ParkReceipt:
    """Book money that no rule could place; negative: the bank took such money back."""

    practice_id: PracticeId
    credit_id: CreditId
    amount_rappen: int
    on: date


@dataclass(frozen=True)
class Unknown:
    """Nothing is booked."""


@dataclass(frozen=True)
class Parked:
    """The money stands on account 2040."""


State = Unknown | Parked
INITIAL: State = Unknown()


def decide(state: State, command: ParkReceipt) -> Sequence[ReceiptParked]:
    """Book it once. Source: BR-153, unidentified receipt."""
    if isinstance(state, Parked) or command.amount_rappen == 0:
        return []
    return [
        ReceiptParked(
            practice_id=command.practice_id,
            credit_id=command.credit_id,
            amount_rappen=command.amount_rappen,
            on=command.on,
            postings=books.unidentified(command.amount_rappen).postings,
        )
    ]


def evolve(_: State, event: ReceiptParked) -> State:
    """Apply the fact that it is booked."""
    assert event.credit_id
    return Parked()
