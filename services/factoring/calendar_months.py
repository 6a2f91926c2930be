"""Months written yyyy-mm, in which the books are cut. Pure."""

from datetime import date, timedelta

LOCK_AFTER_DAYS = 4
"""A month is locked on the fifth of the next: the bank's files of its last days are in by then."""


def month_of(day: date) -> str:
    """Return the month of a day; months compare as text."""
    return f"{day:%Y-%m}"


def first_after(month: str) -> date:
    """Return the first day behind a month."""
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1)


def lockable_before(day: date) -> str:
    """Return the month before which all months may be locked on a day."""
    return month_of(day - timedelta(days=LOCK_AFTER_DAYS))
