"""On which days a practice's batch is expected, and until when it may be late (BR-169). Pure."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple, assert_never

from libs.days.calendar import DAY, SATURDAY, Calendar
from libs.events.terms import Deliveries

WEEK, FORTNIGHT = timedelta(days=7), timedelta(days=14)


class Expected(NamedTuple):
    """A delivery, the last day on which it may come, and the day of the one before it."""

    on: date
    until: date
    before: date | None


def last_expected(plan: Deliveries, calendar: Calendar, day: date) -> Expected | None:
    """Return the newest delivery whose days of grace had all passed before a day.

    A delivery that falls on a holiday or a weekend is expected on the next working day.
    """
    expected = _expected(plan, calendar, day)
    for on in expected:
        until = calendar.working_days_after(plan.canton, on, plan.grace_days)
        if until < day:
            return Expected(on, until, next(expected, None))
    return None


def expected_on(plan: Deliveries, calendar: Calendar, day: date) -> Expected:
    """Return the delivery of a day on which one is expected."""
    until = calendar.working_days_after(plan.canton, day, plan.grace_days)
    expected = _expected(plan, calendar, day)
    before = next((on for on in expected if on < day), None)
    return Expected(day, until, before)


def _expected(plan: Deliveries, calendar: Calendar, day: date) -> Iterator[date]:
    """Yield the days of deliveries backwards from a day, each once."""
    last = None
    for planned in _planned(plan, day):
        on = calendar.working_day(plan.canton, planned)
        if on != last:
            last = on
            yield on


def _planned(plan: Deliveries, day: date) -> Iterator[date]:
    """Yield the days that the plan itself names, backwards from a day."""
    match plan.rhythm:
        case "none":
            return
        case "daily":
            while True:
                if day.weekday() < SATURDAY:
                    yield day
                day -= DAY
        case "weekly":
            day -= timedelta(days=(day.isoweekday() - plan.weekday) % WEEK.days)
            while True:
                yield day
                day -= WEEK
        case "fortnightly":
            yield from _counted(plan.starts_on, FORTNIGHT, day)
        case "other":
            yield from _counted(plan.starts_on, timedelta(days=plan.every_days), day)
        case "monthly":
            yield from _monthly(plan.day_of_month, day)
        case _:
            assert_never(plan.rhythm)


def _counted(first: date | None, step: timedelta, day: date) -> Iterator[date]:
    assert first is not None, "a plan that is counted says from when"
    planned = first + (day - first) // step * step
    while planned >= first:
        yield planned
        planned -= step


def _monthly(day_of_month: int, day: date) -> Iterator[date]:
    year, month = day.year, day.month
    while True:
        planned = date(year, month, min(day_of_month, monthrange(year, month)[1]))
        if planned <= day:
            yield planned
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
