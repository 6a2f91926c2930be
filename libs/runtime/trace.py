"""Whose request is worked on: correlation id and W3C trace context, carried through the log."""

from contextvars import ContextVar
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from libs.runtime.ids import new_id

_CORRELATION: ContextVar[str] = ContextVar("correlation", default="")


def configure(service: str) -> None:
    """Make spans of this process belong to the service. Exporters are added by configuration."""
    trace.set_tracer_provider(TracerProvider(resource=Resource({"service.name": service})))


_TRACER = trace.get_tracer("quittance")
"""Made once: it follows whatever provider `configure` sets."""


def tracer() -> trace.Tracer:
    """Return the tracer for spans of the runtime."""
    return _TRACER


def begin(correlation_id: str) -> None:
    """Set the correlation id of what follows in this context."""
    _CORRELATION.set(correlation_id)


def correlation() -> str:
    """Return the correlation id of this context, a new one outside of any request."""
    return _CORRELATION.get() or new_id()


def traceparent() -> str:
    """Return the trace context of the current span in W3C form, empty if there is none."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent", "")


def context_of(headers: dict[str, str]) -> Any:
    """Return the context that a caller's headers name."""
    return propagate.extract(headers)
