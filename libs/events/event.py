"""What an event is, and the envelope it travels in."""

from datetime import datetime

import msgspec

from libs.events.values import EventId, PracticeId


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A fact that is never changed. The class name is its wire name; fields are only ever added.

    Every event names its practice, because the practice is the partition key of the log.
    """

    practice_id: PracticeId


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event with what CloudEvents calls its context; `data` is the event in JSON, made once."""

    id: EventId
    source: str
    """The service that said it."""
    type: str
    schema_version: int = 1
    stream: str
    version: int
    """Number of the event in its stream, from 1, gapless."""
    tenant: PracticeId
    position: int
    """Number of the event in the log of its source, from 1, gapless."""
    recorded_at: datetime
    correlation_id: str
    causation_id: str
    traceparent: str = ""
    data: bytes


class Refused(Exception):
    """A command must not happen now. The docstring of a subclass is what its user reads."""
