"""Deliveries of a practice that are expected: one that does not come is missed once (BR-169)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.events import BatchMissing
from libs.events.values import PracticeId


@dataclass(frozen=True, kw_only=True)
class MissBatch:
    """Record that nothing came for a day on which a delivery was expected."""

    practice_id: PracticeId
    expected_on: date
    until: date
    rhythm: str
    today: date


@dataclass(frozen=True)
class Missed:
    """The last day for which a delivery was missed."""

    expected_on: date | None = None


INITIAL: Final = Missed()


def decide(state: Missed, command: MissBatch) -> Sequence[BatchMissing]:
    """Return what happens; nothing for a day that was missed already, or before one that was."""
    if state.expected_on is not None and command.expected_on <= state.expected_on:
        return []
    return [
        BatchMissing(
            practice_id=command.practice_id,
            expected_on=command.expected_on,
            until=command.until,
            rhythm=command.rhythm,
            on=command.today,
        )
    ]


def evolve(state: Missed, event: BatchMissing) -> Missed:  # noqa: ARG001 - the last one counts
    """Apply a fact."""
    return Missed(event.expected_on)
