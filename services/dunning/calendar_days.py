"""Days on which something may be sent or be due. Pure: holidays enter as data."""

from collections.abc import Mapping
from datetime import date

from libs.days.calendar import DAY, Calendar
from libs.events.values import Stage

QUIET_FROM, QUIET_UNTIL = (12, 20), (1, 2)
"""Months and days between which nobody is reminded. Source: BR-86, quiet_periods."""

PAY_DAYS: Mapping[Stage, int] = {Stage.FIRST_REMINDER: 20, Stage.INSURER_FIRST: 20}
PAY_DAYS_LATER = 10
"""New term that a letter grants: 20 days in the first, then 10. Source: BR-130."""


def reminding_day(calendar: Calendar, canton: str, day: date) -> date:
    """Return the first working day from then on that is not quiet. Source: BR-86, BR-122."""
    while is_quiet(day) or not calendar.is_working(canton, day):
        day += DAY
    return day


def pay_by(calendar: Calendar, canton: str, stage: Stage, day: date) -> date:
    """Return the end of the term that a letter written on the day grants. Source: BR-130."""
    return calendar.working_day(canton, day + PAY_DAYS.get(stage, PAY_DAYS_LATER) * DAY)


def is_quiet(day: date) -> bool:
    """Return whether the day lies in the quiet period, which spans the turn of the year."""
    return (day.month, day.day) >= QUIET_FROM or (day.month, day.day) <= QUIET_UNTIL
