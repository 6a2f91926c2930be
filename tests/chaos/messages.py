"""Messages in large numbers: a few are written in full, the rest are those under other numbers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from libs.events.values import PracticeKind
from services.simulator.invoices import invoice
from services.simulator.practices import Practice, Wish, practice
from services.simulator.request import message

MARK = "request-id-here"
WISHES = (
    Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="LU", version="5.0"),
    Wish(kind=PracticeKind.PHYSIO, canton="VD", version="4.5"),
    Wish(kind=PracticeKind.DENTIST, canton="BE", version="4.5"),
    Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="ZH", version="4.5"),
)
PATTERNS = 40
"""So many different patients, services and amounts of each practice."""


def practices(seed: int, count: int, on: date) -> list[Practice]:
    """Return the practices that take part."""
    return [practice(seed, n, WISHES[n % len(WISHES)], on) for n in range(1, count + 1)]


class Patterns:
    """The messages of one practice: each number gives one, the same bytes each time."""

    def __init__(self, seed: int, who: Practice, on: date) -> None:
        treated_on = on - timedelta(days=max(0, on.weekday() - 4) + 7)
        self._parts: Sequence[list[bytes]] = [
            message(replace(invoice(seed, who, (treated_on, index), on), request_id=MARK)).split(
                MARK.encode()
            )
            for index in range(PATTERNS)
        ]

    def message(self, number: int) -> bytes:
        return request_id(number).encode().join(self._parts[number % PATTERNS])


def request_id(number: int) -> str:
    """Return the practice's own number of its n-th message."""
    return f"chaos-{number:09d}"
