"""The dated factoring contracts of practices. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from libs.events.terms import Contract
from libs.events.values import PracticeId

DEFAULT = Contract()


@dataclass(frozen=True)
class Contracts:
    """What was agreed, and from which day on; one that never said anything has a mandate."""

    dated: Mapping[PracticeId, Sequence[tuple[date, Contract]]]
    """By practice, in the order in which they take effect."""

    def on(self, practice: PracticeId, day: date) -> Contract:
        """Return what held on a day. Source: BR-159."""
        held = [one for valid_from, one in self.dated.get(practice, ()) if valid_from <= day]
        return held[-1] if held else DEFAULT
