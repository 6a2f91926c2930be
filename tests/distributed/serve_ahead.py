"""Serves as `quittance serve` does, with the clock so many days ahead.

python serve_ahead.py dunning 35
python serve_ahead.py everything 35
"""

import sys
from datetime import datetime, timedelta

from typing_extensions import override

from libs.runtime.clock import MovableClock
from libs.runtime.settings import Settings
from services.command import serving

EVERYTHING = "everything"
"""All services in one process."""


class Ahead(MovableClock):
    """The wall clock, moved into the future."""

    def __init__(self, days: int) -> None:
        super().__init__()
        self._ahead = timedelta(days=days)

    @override
    def now(self) -> datetime:
        return super().now() + self._ahead


if __name__ == "__main__":
    what, clock = sys.argv[1], Ahead(int(sys.argv[2]))
    if what == EVERYTHING:
        serving.embedded(Settings(), clock)
    else:
        serving.distributed(Settings(), what, clock)
