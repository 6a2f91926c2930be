"""Serves one service as `quittance serve` does, with its clock so many days ahead.

python serve_ahead.py dunning 35
"""

import sys
from datetime import datetime, timedelta

from typing_extensions import override

from libs.runtime.clock import Clock
from libs.runtime.settings import Settings
from services.command import serving


class Ahead(Clock):
    """The wall clock, moved into the future."""

    def __init__(self, days: int) -> None:
        self._ahead = timedelta(days=days)

    @override
    def now(self) -> datetime:
        return super().now() + self._ahead


if __name__ == "__main__":
    serving.distributed(Settings(), sys.argv[1], Ahead(int(sys.argv[2])))
