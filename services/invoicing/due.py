"""Until when an invoice is to be paid. Pure: holidays and agreed terms enter as values."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from libs.events.handed import Facts
from libs.events.terms import Terms
from libs.events.values import Law, Payer, PracticeKind

DELIVERY_WORKING_DAYS = 6
"""How long mass mail is on its way, until its hand-over is recorded. Source: BR-60."""
NET_DAYS_MIN = 20
"""What a reader is left at least. Source: BR-60."""
TERM_DAYS = 30
TERM_DAYS_LONG = 45
"""Invalidity insurance and home care. Source: BR-16."""
TERM_DAYS_MAX = 365
"""A longer term is cut: it would be an arrangement, which has its own form."""
SATURDAY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Holidays:
    """Legal holidays of one canton, of the years that a term can reach; enters with a command.

    The canton is that of the treatment, which stands for the debtor's: a term follows the debtor's
    canton, and of most patients it is the same (BR-167).
    """

    canton: str
    days: frozenset[date] = field(repr=False)

    def is_working(self, day: date) -> bool:
        """Tell whether mail is carried and a term may end on the day."""
        return day.weekday() < SATURDAY and day not in self.days

    def working_day(self, day: date) -> date:
        """Return the day, or the first working day after it. Source: OR 78, BR-60."""
        while not self.is_working(day):
            day += DAY
        return day

    def after(self, day: date, working_days: int) -> date:
        """Return the day that is so many working days later."""
        for _ in range(working_days):
            day = self.working_day(day + DAY)
        return day


def term_days(facts: Facts, payer: Payer, terms: Terms | None, kind: PracticeKind) -> int:
    """Return the term: what the practice settled, else what its message says, else the default.

    Source: BR-29 for the practice's settings, BR-16 for the defaults.
    """
    if terms is not None:
        settled = terms.insurer_days if payer is Payer.INSURER else terms.patient_days
        return min(settled, TERM_DAYS_MAX)
    if facts.term_days is not None:
        return min(facts.term_days, TERM_DAYS_MAX)
    long = facts.law is Law.IVG or kind is PracticeKind.HOME_CARE
    return TERM_DAYS_LONG if payer is Payer.INSURER and long else TERM_DAYS


def due_on(issued_on: date, days: int, holidays: Holidays) -> date:
    """Return the last day to pay in time: never sooner than 20 days after the likely delivery.

    Source: BR-60, whose term of 14 days ends near day 28.
    """
    delivered_on = holidays.after(issued_on, DELIVERY_WORKING_DAYS)
    earliest = delivered_on + timedelta(days=NET_DAYS_MIN)
    return holidays.working_day(max(issued_on + timedelta(days=max(days, 0)), earliest))
