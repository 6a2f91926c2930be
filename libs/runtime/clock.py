"""The only module that reads the time. Business days are Europe/Zurich (P17)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from typing_extensions import override

ZURICH = ZoneInfo("Europe/Zurich")


class Clock:
    """The wall clock."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the module that reads the clock

    @property
    def runs(self) -> bool:
        """Whether it moves by itself, as fast as time does."""
        return True

    def today(self) -> date:
        """Return the business day in Zurich."""
        return self.now().astimezone(ZURICH).date()


class MovableClock(Clock):
    """A clock for demo and tests: set to an instant it stands there, released it runs again.

    Each reading of a standing clock is a microsecond later than the one before, so that what
    happened first is also recorded first.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self._at = at

    @property
    @override
    def runs(self) -> bool:
        return self._at is None

    @override
    def now(self) -> datetime:
        """Return where the clock was set, or the wall clock's instant."""
        if self._at is None:
            return super().now()
        self._at += timedelta(microseconds=1)
        return self._at

    def set_day(self, day: date, at: time = time(8)) -> None:
        """Set the clock to a business day, eight in the morning unless said otherwise."""
        self._at = datetime.combine(day, at, tzinfo=ZURICH).astimezone(UTC)

    def release(self) -> None:
        """Let the clock run with the wall clock again."""
        self._at = None
