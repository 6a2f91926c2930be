"""The calendar of legal holidays, built from the package that knows them; imported by lookups only.

Only days that are legal holidays count: the package's category "public". Easter Monday thus is one
in Zurich and none in Valais, Neuchâtel and Solothurn. Source: BR-122, BR-167.
"""

from datetime import date
from functools import cache

import holidays

from libs.days.calendar import Calendar

CANTONS = tuple(sorted(holidays.country_holidays("CH").subdivisions))
YEARS_BEFORE, YEARS_AFTER = 1, 3
"""How far from the days of a command a day may lie that its rule asks about."""


def calendar_around(*days: date) -> Calendar:
    """Return the holidays of the years around these days; the same object for the same years."""
    years = [day.year for day in days]
    return _calendar(min(years) - YEARS_BEFORE, max(years) + YEARS_AFTER)


@cache
def _calendar(first_year: int, last_year: int) -> Calendar:
    years = range(first_year, last_year + 1)
    known = {
        canton: frozenset(holidays.country_holidays("CH", subdiv=canton, years=years))
        for canton in CANTONS
    }
    known["CH"] = frozenset(holidays.country_holidays("CH", years=years))
    known["LI"] = frozenset(holidays.country_holidays("LI", years=years))
    return Calendar(first=date(first_year, 1, 1), last=date(last_year, 12, 31), holidays=known)
