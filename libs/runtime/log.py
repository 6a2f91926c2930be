"""Logging: an event name and fields, as JSON lines; on a terminal, as text for people."""

import logging
import sys

import structlog

ALLOWED_BY_DEFAULT = logging.WARNING


def configure(level: str, service: str = "") -> None:
    """Set up structlog and quieten libraries; nothing is logged that is not a field of ours."""
    number = logging.getLevelNamesMapping()[level.upper()]
    people = sys.stderr.isatty()
    renderer = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if people
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _bind(service),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=ALLOWED_BY_DEFAULT, format="%(name)s %(levelname)s %(message)s")


def _bind(service: str) -> structlog.typing.Processor:
    def bind(
        _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event.setdefault("service", service)
        return event

    return bind
