"""Bank money that no rule could give to an invoice: one stream per entry of the bank. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias, assert_never

from libs.events import CreditUnmatched, ReversalUnmatched
from libs.events.values import CreditId, PracticeId

Reason: TypeAlias = Literal["NO_REFERENCE", "UNKNOWN_REFERENCE", "BAD_CHECK_DIGIT"]


@dataclass(frozen=True, kw_only=True)
class KeepCredit:
    """Put money whose invoice is not known where a person looks for it (account 2040)."""

    practice_id: PracticeId
    credit_id: CreditId
    amount_rappen: int
    reason: Reason
    booked_on: date
    value_on: date


@dataclass(frozen=True, kw_only=True)
class KeepReversal:
    """Put a reversal whose receipt stands on no invoice beside the money that it undoes."""

    practice_id: PracticeId
    credit_id: CreditId
    """The bank's entry that reverses."""
    original_reference: str
    amount_rappen: int
    booked_on: date
    value_on: date


@dataclass(frozen=True)
class Credit:
    """Whether the entry was put aside; it is once, however often it is heard."""

    kept: bool = False


Command: TypeAlias = KeepCredit | KeepReversal
CreditEvent: TypeAlias = CreditUnmatched | ReversalUnmatched
State: TypeAlias = Credit
INITIAL: State = Credit()


def decide(state: State, command: Command) -> Sequence[CreditEvent]:
    """Return what happens; nothing if it already had."""
    if state.kept:
        return []
    match command:
        case KeepCredit():
            return [
                CreditUnmatched(
                    practice_id=command.practice_id,
                    credit_id=command.credit_id,
                    amount_rappen=command.amount_rappen,
                    reason=command.reason,
                    booked_on=command.booked_on,
                    value_on=command.value_on,
                )
            ]
        case KeepReversal():
            return [
                ReversalUnmatched(
                    practice_id=command.practice_id,
                    reversal_id=command.credit_id,
                    original_reference=command.original_reference,
                    amount_rappen=command.amount_rappen,
                    booked_on=command.booked_on,
                    value_on=command.value_on,
                )
            ]
        case _:
            assert_never(command)


def evolve(_state: State, event: CreditEvent) -> State:
    """Apply a fact."""
    match event:
        case CreditUnmatched() | ReversalUnmatched():
            return Credit(kept=True)
        case _:
            assert_never(event)
