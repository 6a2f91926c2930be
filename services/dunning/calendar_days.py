"""Days on which something may be sent or be due. Pure: holidays enter as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from libs.events.values import Stage

SATURDAY = 5
DAY = timedelta(days=1)
QUIET_FROM, QUIET_UNTIL = (12, 20), (1, 2)
"""Months and days between which nobody is reminded. Source: BR-86, quiet_periods."""

PAY_DAYS: Mapping[Stage, int] = {Stage.FIRST_REMINDER: 20, Stage.INSURER_FIRST: 20}
PAY_DAYS_LATER = 10
"""New term that a letter grants: 20 days in the first, then 10. Source: BR-130."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Legal holidays of each canton over whole years; enters with a command.

    A package of holidays may learn of a new one. What followed from this calendar therefore leaves
    in the event, and is never computed again (payments 6.4).
    """

    first: date
    last: date
    holidays: Mapping[str, frozenset[date]] = field(repr=False)
    """By canton; under "CH" those that all cantons have, for a canton that is not listed."""

    def __post_init__(self) -> None:
        if "CH" not in self.holidays:
            raise ValueError("A calendar knows the days that all cantons have.")
        if self.first.timetuple()[1:3] != (1, 1) or self.last.timetuple()[1:3] != (12, 31):
            raise ValueError("A calendar covers whole years.")

    def is_working(self, canton: str, day: date) -> bool:
        """Return whether a letter is delivered and a term may end on the day.

        A day that the calendar does not know is a bug of its maker, not a working day.
        """
        assert self.first <= day <= self.last, f"{day} is outside the calendar"
        holidays = self.holidays.get(canton, self.holidays["CH"])
        return day.weekday() < SATURDAY and day not in holidays

    def working_day(self, canton: str, day: date) -> date:
        """Return the day, or the first working day after it. Source: BR-122, OR 78."""
        while not self.is_working(canton, day):
            day += DAY
        return day

    def reminding_day(self, canton: str, day: date) -> date:
        """Return the first working day from then on that is not quiet. Source: BR-86, BR-122."""
        while is_quiet(day) or not self.is_working(canton, day):
            day += DAY
        return day

    def pay_by(self, canton: str, stage: Stage, day: date) -> date:
        """Return the end of the term that a letter written on the day grants. Source: BR-130."""
        return self.working_day(canton, day + PAY_DAYS.get(stage, PAY_DAYS_LATER) * DAY)


def is_quiet(day: date) -> bool:
    """Return whether the day lies in the quiet period, which spans the turn of the year."""
    return (day.month, day.day) >= QUIET_FROM or (day.month, day.day) <= QUIET_UNTIL
