"""Reminder ladders: which steps there are, in which order, after which waits. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from libs.events.terms import Reminding
from libs.events.values import Payer, PracticeId, Stage

WAIT_DAYS_MIN, WAIT_DAYS_MAX = 10, 120

SEVERITY: Mapping[Stage, int] = {
    Stage.FIRST_REMINDER: 10,
    Stage.SECOND_REMINDER: 20,
    Stage.RPLUS_WRITTEN: 25,
    Stage.RPLUS_CALL: 30,
    Stage.THIRD_REMINDER: 40,
    Stage.FORMAL_NOTICE: 40,
    Stage.COLLECTION: 50,
    Stage.INSURER_QUERY: 10,
    Stage.INSURER_FIRST: 20,
    Stage.INSURER_SECOND: 30,
    Stage.KEY_ACCOUNT: 40,
}
"""How far up a step is. A case that changes its ladder goes on with the first step above its last.

The third plain reminder and the formal notice weigh the same: either is the last letter before
collection, and no debtor gets both.
"""

LETTERS = frozenset(
    {
        Stage.FIRST_REMINDER,
        Stage.SECOND_REMINDER,
        Stage.RPLUS_WRITTEN,
        Stage.THIRD_REMINDER,
        Stage.FORMAL_NOTICE,
        Stage.INSURER_FIRST,
        Stage.INSURER_SECOND,
    }
)
"""Steps that are a letter; the others are a call, a query, a task or a hand-over."""

INSURER_STAGES = frozenset(
    {Stage.INSURER_QUERY, Stage.INSURER_FIRST, Stage.INSURER_SECOND, Stage.KEY_ACCOUNT}
)
LAST_STAGE: Mapping[Payer, Stage] = {
    Payer.PATIENT: Stage.COLLECTION,
    Payer.INSURER: Stage.KEY_ACCOUNT,
}


@dataclass(frozen=True)
class Step:
    """One step, and how long the one before it is given to work. Source: BR-123."""

    stage: Stage
    wait_days: int

    def __post_init__(self) -> None:
        if not WAIT_DAYS_MIN <= self.wait_days <= WAIT_DAYS_MAX:
            raise ValueError(f"A wait is {WAIT_DAYS_MIN} to {WAIT_DAYS_MAX} days (BR-123).")


@dataclass(frozen=True)
class Ladder:
    """Steps that get more serious, up to the last that the payer's kind allows. Source: BR-128."""

    payer: Payer
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        stages = [step.stage for step in self.steps]
        if not stages or stages[-1] is not LAST_STAGE[self.payer]:
            raise ValueError(f"A ladder ends with {LAST_STAGE[self.payer]}.")
        weights = [SEVERITY[stage] for stage in stages]
        if weights != sorted(set(weights)):
            raise ValueError("Each step of a ladder is more serious than the one before.")
        if any((stage in INSURER_STAGES) != (self.payer is Payer.INSURER) for stage in stages):
            raise ValueError("Patients and insurers share no step (BR-128, BR-137).")

    def after(self, done: Stage | None) -> Step | None:
        """Return the step after the last one taken; None at the top."""
        reached = 0 if done is None else SEVERITY[done]
        return next((step for step in self.steps if SEVERITY[step.stage] > reached), None)


RPLUS_STAGES = (
    Stage.FIRST_REMINDER,
    Stage.RPLUS_WRITTEN,
    Stage.RPLUS_CALL,
    Stage.FORMAL_NOTICE,
    Stage.COLLECTION,
)
RPLUS_WAITS = (50, 30, 10, 10, 25)
"""The path of Rappel+. Source: BR-120."""

PLAIN_STAGES = (
    Stage.FIRST_REMINDER,
    Stage.SECOND_REMINDER,
    Stage.THIRD_REMINDER,
    Stage.COLLECTION,
)
PLAIN_WAITS = (50, 30, 20, 25)
"""Three reminders. Source: BR-123."""

INSURER_LADDER = Ladder(
    Payer.INSURER,
    (
        Step(Stage.INSURER_QUERY, 15),
        Step(Stage.INSURER_FIRST, 15),
        Step(Stage.INSURER_SECOND, 30),
        Step(Stage.KEY_ACCOUNT, 30),
    ),
)
"""Days 15, 30, 60 and 90 after the term; no fee, no call, no agency. Source: BR-137."""

MIN_RPLUS_RAPPEN = 50_00
MIN_REMIND_RAPPEN = 10_00
MIN_COLLECTION_RAPPEN = 30_00
"""What a step must be worth. Source: BR-121."""


def minimum_rappen(stage: Stage) -> int:
    """Return the open sum below which a case stops before the step. Source: BR-121."""
    return MIN_COLLECTION_RAPPEN if stage is Stage.COLLECTION else MIN_REMIND_RAPPEN


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Where unsuccessful claims go, and on what ground they may. Source: BR-100, BR-107."""

    agency: str
    secrecy_basis: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a practice wants its debtors reminded, as of one day. Source: BR-159."""

    reminding: Reminding = field(default_factory=Reminding)
    version: int = 0
    """Version of the practice's settings; 0: the defaults."""

    def ladder(self, payer: Payer, open_rappen: int) -> Ladder:
        """Return the ladder for a case; small sums are not worth a call. Source: BR-121, BR-137."""
        if payer is Payer.INSURER:
            return INSURER_LADDER
        rplus = self.reminding.rappel_plus and open_rappen >= MIN_RPLUS_RAPPEN
        if rplus == self.reminding.rappel_plus or not self.reminding.wait_days:
            return patient_ladder(self.reminding.wait_days, rplus=rplus)
        # The practice's waits fit its own ladder; of them a small sum keeps the first.
        return patient_ladder((self.reminding.wait_days[0], *PLAIN_WAITS[1:]), rplus=False)

    @property
    def handover(self) -> Handover | None:
        """Return where claims may be handed over to; None as long as they may not be."""
        agency, basis = self.reminding.collection_agency, self.reminding.secrecy_basis
        return Handover(agency=agency, secrecy_basis=basis) if agency and basis else None


@dataclass(frozen=True)
class Policies:
    """The dated settings of some practices; one that never said anything has the defaults."""

    dated: Mapping[PracticeId, Sequence[tuple[date, Policy]]]
    """By practice, in the order in which they take effect."""

    def on(self, practice: PracticeId, day: date) -> Policy:
        """Return what held on a day. Source: BR-159."""
        held = [policy for valid_from, policy in self.dated.get(practice, ()) if valid_from <= day]
        return held[-1] if held else Policy()


@cache
def patient_ladder(wait_days: Sequence[int], *, rplus: bool) -> Ladder:
    """Return the ladder of BR-120 or BR-123 with a practice's own waits, or the usual ones."""
    stages = RPLUS_STAGES if rplus else PLAIN_STAGES
    waits = wait_days or (RPLUS_WAITS if rplus else PLAIN_WAITS)
    return Ladder(Payer.PATIENT, tuple(Step(*pair) for pair in zip(stages, waits, strict=True)))
