"""Working days by canton (BR-167). Pure: holidays enter as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

SATURDAY: Final = 5
DAY: Final = timedelta(days=1)


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
        """Return whether the day is none of a weekend and no legal holiday there.

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

    def working_days_after(self, canton: str, day: date, count: int) -> date:
        """Return the working day that is so many behind a day."""
        for _ in range(count):
            day = self.working_day(canton, day + DAY)
        return day
