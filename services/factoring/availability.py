"""What may still be advanced to a practice, and to which claims it goes. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from libs.events.values import InvoiceId
from services.factoring.rates import share

ELIGIBLE_OVERDUE_DAYS_MAX = 90
"""A claim later than this is advanced no more. Source: BR-141, eligible_max_overdue."""
WEDNESDAY = 2
"""Day of the weekly run. Source: BR-151, settlement_weekday."""


class Waiting(NamedTuple):
    """An eligible claim on which nothing was advanced yet."""

    invoice_id: InvoiceId
    open_rappen: int


class Grant(NamedTuple):
    """An advance that fits, and the room there was for it."""

    invoice_id: InvoiceId
    room_rappen: int


def available(limit_rappen: int, rate_bp: int, eligible_rappen: int, advanced_rappen: int) -> int:
    """Return what may still be advanced; never negative. Source: BR-143."""
    return max(0, min(limit_rappen, share(eligible_rappen, rate_bp)) - advanced_rappen)


def granted(waiting: Iterable[Waiting], rate_bp: int, room_rappen: int) -> Iterator[Grant]:
    """Return the claims whose advances fit, in the order given.

    One that does not fit waits for the next run and lets smaller ones pass. Source: BR-143.
    """
    for claim in waiting:
        amount = share(claim.open_rappen, rate_bp)
        if 0 < amount <= room_rappen:
            yield Grant(claim.invoice_id, room_rappen)
            room_rappen -= amount


def first_eligible_due_day(on: date) -> date:
    """Return the earliest due day of a claim that may be advanced on a day. Source: BR-141."""
    return on - timedelta(days=ELIGIBLE_OVERDUE_DAYS_MAX)
