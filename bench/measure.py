"""How a figure is taken and shown."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the report."""

    what: str
    ours: float
    """Per second, or in the unit named."""
    anchor: float | None = None
    against: str = ""
    unit: str = "/s"
    wanted: str = ""
    """What event-log section 4 or architecture section 9 ask for."""

    def line(self) -> str:
        """Return the figure as the report prints it."""
        ratio = f"{self.ours / self.anchor:6.2f} x {self.against}" if self.anchor else ""
        anchor = f" ({self.anchor:,.0f}{self.unit})" if self.anchor else ""
        wanted = f"  wanted {self.wanted}" if self.wanted else ""
        return f"{self.what:<48} {self.ours:>12,.2f} {self.unit:<8} {ratio}{anchor}{wanted}"


def alternately(
    count: int, ours: Callable[[int], object], anchor: Callable[[int], object]
) -> tuple[float, float]:
    """Return both rates, measured by turns so that both meet the same machine."""
    rates = [0.0, 0.0]
    for number in range(ROUNDS):
        for side, work in enumerate((ours, anchor)):
            gc.collect()
            begun = perf_counter()
            work(number)
            rates[side] = max(rates[side], count / (perf_counter() - begun))
    return rates[0], rates[1]
