"""How debtors pay: when, how much, with or without the right reference (BR-223 to BR-226)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from libs.events.values import Stage
from services.simulator.response import Answer
from services.simulator.seeds import chance, pick

LATE = 0.20
"""Share of all patient invoices that reach the first reminder."""
BORDER_CANTONS = frozenset({"GE", "TI", "BS", "JU"})
BORDER, DEAR = 2.1, 1.5
"""Factors on lateness: near the border, and above DEAR_RAPPEN (BR-223)."""
DEAR_RAPPEN = 100_000
NORMAL = 0.80
"""All factors together must give LATE again over the practices of BR-221 (BR-223)."""
LATE_MAX = 0.6
BORDER_LOSS = 1.6

PROMPT = 67 / 80
"""Of those who pay before a reminder; the others take until day 50."""
_GAMMA, _PROMPT_MAX = (9, 3.3), 35
_SLOW = (35, 50)
_AFTER_REMINDER_MEAN = 9
STAGES: dict[Stage | None, float] = {
    Stage.FIRST_REMINDER: 60,
    Stage.RPLUS_WRITTEN: 11,
    Stage.RPLUS_CALL: 8,
    Stage.FORMAL_NOTICE: 6,
    None: 15,
}
"""After which stage the late ones pay: shares 20, 8, 5.8, 4.2 and 3.0 of BR-223; None: never."""
RANKS: dict[Stage, int] = {
    Stage.FIRST_REMINDER: 1,
    Stage.RPLUS_WRITTEN: 2,
    Stage.SECOND_REMINDER: 3,
    Stage.RPLUS_CALL: 3,
    Stage.FORMAL_NOTICE: 4,
    Stage.THIRD_REMINDER: 4,
    Stage.COLLECTION: 5,
}
"""How urgent a stage feels, on the ladder with Rappel+ and on the plain one."""

_INSURER_GAMMA = (7, 3.2)
REJECTED = 0.04
_CURED_MEDIAN_DAYS = 12
_ANSWERED_DAYS = (5, 18)
_CURE: dict[str, float] = {"accepted": 85, "second_round": 10, "patient": 3, "lost": 2}

DIFFERENT, DOUBLE, WITHOUT_REFERENCE, WRONG_CASE = 0.020, 0.006, 0.012, 0.003
_OVER_MEDIAN_RAPPEN, _SMALL_RAPPEN = 2_000, 500
_DOUBLE_AFTER_DAYS = (1, 6)
TAKEN_BACK = 0.002
"""Share of payments that the bank reverses [E]."""


DISPUTED = 0.015
"""Share of invoices that a patient contests with a reason (BR-227)."""
_CONTESTED_AFTER_DAYS, _ANSWERED_AFTER_DAYS, _PAID_AFTER_DAYS = (10, 40), (6, 20), (5, 25)


class Slip(StrEnum):
    """What a payer does with the reference."""

    RIGHT = "right"
    MISSING = "missing"
    OTHER = "other"
    """That of another invoice of the same practice."""


@dataclass(frozen=True, kw_only=True)
class Debt:
    """What a payer knows of one invoice."""

    request_id: str
    amount_rappen: int
    canton: str
    late: float = 1.0
    """Factor of the kind of practice."""


@dataclass(frozen=True, kw_only=True)
class Intent:
    """When a payer means to pay and how."""

    days: int | None
    """From the invoice date; None: not at all."""
    after: Stage | None = None
    """Waits for this stage first, then pays `days` after it was reached."""
    amount_rappen: int
    slip: Slip = Slip.RIGHT
    again_after_days: int | None = None
    """Pays the whole a second time."""
    taken_back: bool = False
    """The bank takes the payment back; the payer then pays once more."""
    rejected: bool = False
    """An insurer that says no before it pays, if it pays at all."""


def patient_intent(seed: int, debt: Debt) -> Intent:
    """Return how a private debtor will pay (BR-223, BR-226)."""
    draw = chance(seed, "payer", debt.request_id)
    amount, slip, again = _manner(draw, debt.amount_rappen)
    days, after = _patience(draw, debt)
    return Intent(
        days=days,
        after=after,
        amount_rappen=amount,
        slip=slip,
        again_after_days=again,
        taken_back=draw.random() < TAKEN_BACK,
    )


def _patience(draw: Random, debt: Debt) -> tuple[int | None, Stage | None]:
    if draw.random() >= lateness(debt):
        return _in_time(draw), None
    after = pick(draw, STAGES)
    refuses = debt.canton in BORDER_CANTONS and draw.random() < _border_refusal()
    if after is None or refuses:
        return None, None
    return 1 + round(draw.expovariate(1 / _AFTER_REMINDER_MEAN)), after


def _border_refusal() -> float:
    """Return the share of would-be payers that makes the loss BORDER_LOSS times as large."""
    never = STAGES[None] / sum(STAGES.values())
    return never * (BORDER_LOSS - 1) / (1 - never)


def lateness(debt: Debt) -> float:
    """Return the probability that the first reminder finds the invoice unpaid."""
    border = BORDER if debt.canton in BORDER_CANTONS else 1
    dear = DEAR if debt.amount_rappen > DEAR_RAPPEN else 1
    return min(LATE * NORMAL * debt.late * border * dear, LATE_MAX)


def _in_time(draw: Random) -> int:
    if draw.random() >= PROMPT:
        return round(draw.uniform(*_SLOW))
    while True:
        days = draw.gammavariate(*_GAMMA)
        if days <= _PROMPT_MAX:
            return round(days)


def insurer_intent(seed: int, debt: Debt) -> Intent:
    """Return how an insurer will pay; a rejected invoice is paid once it is cured (BR-225)."""
    draw = chance(seed, "payer", debt.request_id)
    days = draw.gammavariate(*_INSURER_GAMMA)
    rejected = draw.random() < REJECTED
    if rejected:
        cure = pick(draw, _CURE)
        if cure in {"patient", "lost"}:
            return Intent(days=None, amount_rappen=debt.amount_rappen, rejected=True)
        days += draw.expovariate(0.7 / _CURED_MEDIAN_DAYS) * (2 if cure == "second_round" else 1)
    return Intent(days=round(days), amount_rappen=debt.amount_rappen, rejected=rejected)


def insurer_answers(seed: int, debt: Debt, intent: Intent) -> Sequence[tuple[int, Answer]]:
    """Return what an insurer answers before it pays, each with its days from the invoice date."""
    days = chance(seed, "answer", debt.request_id).randint(*_ANSWERED_DAYS)
    if intent.days is None:
        return ((days, Answer.REJECTED),)
    if intent.rejected:
        days = min(days, intent.days // 2)
        return (days, Answer.REJECTED), (intent.days, Answer.ACCEPTED)
    return ((min(days, intent.days), Answer.ACCEPTED),)


def _manner(draw: Random, amount_rappen: int) -> tuple[int, Slip, int | None]:
    """Return amount, slip and the wait before paying twice (BR-226)."""
    slip, again = Slip.RIGHT, None
    kind = draw.random()
    if kind < DIFFERENT:
        amount_rappen = max(100, amount_rappen + _difference(draw, amount_rappen))
    elif kind < DIFFERENT + DOUBLE:
        again = draw.randint(*_DOUBLE_AFTER_DAYS)
    elif kind < DIFFERENT + DOUBLE + WITHOUT_REFERENCE:
        slip = Slip.MISSING
    elif kind < DIFFERENT + DOUBLE + WITHOUT_REFERENCE + WRONG_CASE:
        slip = Slip.OTHER
    return amount_rappen, slip, again


def _difference(draw: Random, amount_rappen: int) -> int:
    """Return what is paid too much or too little: half of it up to 5 francs, part payments too."""
    if draw.random() < 0.5:  # noqa: PLR2004  # the half of BR-226
        return draw.choice((-1, 1)) * draw.randrange(5, _SMALL_RAPPEN + 1, 5)
    if draw.random() < 0.5:  # noqa: PLR2004  # of the rest, half pay a part at first
        return -(amount_rappen // 2)
    return round(draw.lognormvariate(0, 0.6) * _OVER_MEDIAN_RAPPEN / 5) * 5


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A reasoned contestation: the practice has reminders rest until it has answered (BR-83)."""

    days: int
    """From the invoice date."""
    answered_after_days: int
    paid_after_days: int
    """From the answer; until then the debtor pays nothing."""


def dispute(seed: int, debt: Debt) -> Dispute | None:
    """Return how a private debtor contests the invoice, None if it does not (BR-227)."""
    draw = chance(seed, "dispute", debt.request_id)
    if draw.random() >= DISPUTED:
        return None
    return Dispute(
        days=draw.randint(*_CONTESTED_AFTER_DAYS),
        answered_after_days=draw.randint(*_ANSWERED_AFTER_DAYS),
        paid_after_days=draw.randint(*_PAID_AFTER_DAYS),
    )


def feels(stage: str | None, after: Stage | None) -> bool:
    """Whether a payer who waits for a stage has heard enough at the stage reached."""
    if after is None:
        return True
    return stage in set(Stage) and RANKS.get(Stage(stage), 0) >= RANKS[after]
