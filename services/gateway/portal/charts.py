"""The figures of the two charts of the start page, as places of rectangles. Pure, whole numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WEEKS = 12
RAPPEN = 100


@dataclass(frozen=True)
class Part:
    """A part of the ageing bar and its row of the table."""

    key: str
    shade: str
    count: int
    rappen: int
    x: int = 0
    width: int = 0


@dataclass(frozen=True)
class Ageing:
    """Open sums by age: the bar shows what is not empty, the table every row."""

    width: int
    parts: Sequence[Part]
    rows: Sequence[Part]


SHADES = (("age.not_due", "b1"), ("age.month", "b2"), ("age.quarter", "b3"), ("age.older", "b4"))


def ageing(sums: Sequence[tuple[int, int]], width: int = 560, gap: int = 2) -> Ageing:
    """Return the bar of (count, rappen) from not due to older than 90 days.

    A part that is not empty is at least 4 wide, so that a small old sum is still seen.
    """
    rows = [Part(key, shade, *one) for (key, shade), one in zip(SHADES, sums, strict=True)]
    filled = [row for row in rows if row.rappen > 0]
    total = sum(row.rappen for row in filled)
    room = width - gap * max(len(filled) - 1, 0) - 4 * len(filled)
    parts, x = [], 0
    for row in filled:
        wide = 4 + row.rappen * room // total
        parts.append(Part(row.key, row.shade, row.count, row.rappen, x, wide))
        x += wide + gap
    return Ageing(width, parts, rows)


@dataclass(frozen=True)
class Bar:
    """One week of the chart."""

    monday: date
    week: int
    rappen: int
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        """Return where the label stands."""
        return self.x + self.width // 2


@dataclass(frozen=True)
class Line:
    """A line of the grid with its figure in francs."""

    y: int
    francs: int


@dataclass(frozen=True)
class Weeks:
    """Payments of the last weeks; the last bar is the week that still runs."""

    width: int
    height: int
    left: int
    lines: Sequence[Line]
    bars: Sequence[Bar]

    @property
    def any(self) -> bool:
        """Whether there is anything to draw."""
        return any(bar.rappen for bar in self.bars)


def monday(of: date) -> date:
    """Return the first day of the week."""
    return of - timedelta(days=of.weekday())


def tick(francs: int) -> int:
    """Return a round distance of grid lines, so that at most five cover the sum."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * 4 >= francs:
                return step
        size *= 10


def weeks(sums: Mapping[date, int], today: date, width: int = 960, height: int = 230) -> Weeks:
    """Return the chart of rappen by Monday; a week in which more was taken back shows none."""
    days = [monday(today) - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    highest = -(-max(0, *(sums.get(on, 0) for on in days)) // RAPPEN)
    step = tick(max(highest, 1))
    top = step * max(-(-highest // step), 1)
    left, ground, ceiling = 84, height - 26, 22
    scale = ground - ceiling
    pitch = (width - left) // WEEKS
    bars = []
    for index, on in enumerate(days):
        rappen = sums.get(on, 0)
        tall = max(rappen, 0) * scale // (top * RAPPEN)
        bars.append(
            Bar(on, on.isocalendar().week, rappen, left + index * pitch + 8, ground - tall,
                pitch - 16, tall)
        )  # fmt: skip
    lines = [Line(ground - francs * scale // top, francs) for francs in range(0, top + 1, step)]
    return Weeks(width, height, left, lines, bars)
