"""What a test does to logging ends with it: loggers forget how they logged before."""

import sys

import structlog
from structlog._config import BoundLoggerLazyProxy


def forgotten() -> None:
    """Let each logger ask for its configuration again: it keeps the one of its first use."""
    for module in list(sys.modules.values()):
        for one in list(vars(module).values()):
            if type(one) is BoundLoggerLazyProxy:
                vars(one).pop("bind", None)


def as_at_first() -> None:
    """Let everything log as before any test configured it."""
    structlog.reset_defaults()
    forgotten()
