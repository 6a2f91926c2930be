"""How a figure is taken and shown."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

ROUNDS = 3
HEADINGS = ("what", "ours", "anchor", "ratio", "wanted", "reached")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the report."""

    what: str
    ours: float
    """Per second, or in the unit named."""
    anchor: float | None = None
    against: str = ""
    unit: str = "/s"
    at_least: float | None = None
    """What event-log section 4 or architecture section 9 ask for: of the ratio where there is an
    anchor, of our own figure where there is none."""
    at_most: float | None = None

    @property
    def judged(self) -> float:
        """Return what is compared with what is wanted."""
        return self.ours / self.anchor if self.anchor else self.ours

    @property
    def reached(self) -> bool | None:
        """Return whether what is wanted was reached; None where nothing is."""
        if self.at_least is None and self.at_most is None:
            return None
        enough = self.at_least is None or self.judged >= self.at_least
        return enough and (self.at_most is None or self.judged <= self.at_most)

    def cells(self) -> Sequence[str]:
        """Return the figure as the report and the document show it, one text a column."""
        unit = " x" if self.anchor else self.unit.rjust(len(self.unit) + (self.unit[0] != "/"))
        wanted = [f">= {self.at_least:g}{unit}"] if self.at_least is not None else []
        wanted += [f"<= {self.at_most:g}{unit}"] if self.at_most is not None else []
        return (
            self.what,
            amount(self.ours, self.unit),
            f"{amount(self.anchor, self.unit)} {self.against}" if self.anchor else "",
            f"{self.judged:.2f} x" if self.anchor else "",
            ", ".join(wanted),
            {True: "yes", False: "NO", None: ""}[self.reached],
        )

    def line(self) -> str:
        """Return the figure as the report prints it."""
        what, ours, anchor, ratio, wanted, reached = self.cells()
        return f"{what:<58} {ours:>16} {ratio:>9}  {wanted:<12} {reached:<4} {anchor}".rstrip()


def amount(value: float, unit: str) -> str:
    """Return a figure with its unit, with as many digits as mean something."""
    digits = 0 if abs(value) >= 1_000 or value == int(value) else 2
    return f"{value:,.{digits}f}{'' if unit.startswith('/') else ' '}{unit}"


def rates(
    *sides: Callable[[int], int],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = perf_counter,
) -> list[float]:
    """Return what each side does a second, its best of several turns; a side says how much it did.

    They take turns, so that all meet the same machine: noise slows a turn, nothing speeds it up.
    Work of one thread that waits for nothing is better timed by the core time it takes.
    """
    best = [0.0] * len(sides)
    for number in range(rounds):
        for side, work in enumerate(sides):
            gc.collect()
            begun = clock()
            count = work(number)
            best[side] = max(best[side], count / (clock() - begun))
    return best


def alternately(
    count: int, ours: Callable[[int], object], anchor: Callable[[int], object]
) -> tuple[float, float]:
    """Return both rates of work that does `count` in each turn."""

    def counted(work: Callable[[int], object], number: int) -> int:
        work(number)
        return count

    mine, other = rates(partial(counted, ours), partial(counted, anchor))
    return mine, other
