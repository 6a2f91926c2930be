"""Logging: an event name and fields, as JSON lines; on a terminal, as text for people."""

import logging
import sys
from typing import Any

import structlog
from typing_extensions import override

from libs.runtime.trouble import told, where

ALLOWED_BY_DEFAULT = logging.WARNING


def configure(level: str, service: str = "") -> None:
    """Set up structlog and quieten libraries; nothing is logged that is not a field of ours."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _bind(service),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.ExceptionRenderer(_without_words),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(name)s %(levelname)s %(message)s"))
    logging.basicConfig(level=ALLOWED_BY_DEFAULT, handlers=[handler])


def _without_words(exc_info: Any) -> str:
    """Return an error and what led to it, with places and without what libraries said (P35)."""
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        lines += [*(f"  {place}" for place in where(error)), told(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)


class _Formatter(logging.Formatter):
    """What libraries log, an error in it without its words as in our own lines."""

    @override
    def formatException(self, ei: Any) -> str:
        return _without_words(ei)


def _bind(service: str) -> structlog.typing.Processor:
    def bind(
        _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event.setdefault("service", service)
        return event

    return bind
