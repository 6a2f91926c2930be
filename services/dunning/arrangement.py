"""The arrangement that a Rappel+ letter proposes: how many parts, how much, on which days. Pure."""

from calendar import monthrange
from datetime import date
from typing import NamedTuple

PARTS_MIN, PARTS_MAX = 2, 6
"""What is typically agreed on. Source: BR-224."""
PART_RAPPEN_MIN = 50_00
"""Source: BR-76, min_instalment."""
STEP_RAPPEN = 5


class Part(NamedTuple):
    """One instalment."""

    amount_rappen: int
    due_on: date


def split(total_rappen: int, count: int) -> tuple[int, ...]:
    """Return equal parts in steps of five rappen, the last of which takes the rest.

    Source: BR-75.
    """
    part = total_rappen // count // STEP_RAPPEN * STEP_RAPPEN
    return (part,) * (count - 1) + (total_rappen - part * (count - 1),)


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last. Source: BR-75."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def proposal(open_rappen: int, first_on: date) -> tuple[Part, ...]:
    """Return monthly parts for an open sum; none where it is too small to be divided."""
    count = min(PARTS_MAX, open_rappen // PART_RAPPEN_MIN)
    if count < PARTS_MIN:
        return ()
    amounts = split(open_rappen, count)
    return tuple(
        Part(amount, months_later(first_on, month)) for month, amount in enumerate(amounts)
    )
