"""The tables of every service's log; Alembic owns them (migrations/log)."""

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()
_LONG = BigInteger().with_variant(Integer, "sqlite")

LOG_HEAD = Table(
    "log_head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)
EVENTS = Table(
    "events",
    METADATA,
    Column("position", _LONG, primary_key=True, autoincrement=False),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("event_id", String(36), nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("tenant", String(36), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Text, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("chain", LargeBinary, nullable=False),
    UniqueConstraint("stream", "version", name="uq_events_stream_version"),
)
POSITIONS = Table(
    "positions",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("mark", Text, nullable=False, server_default=""),
)
PARKED = Table(
    "parked",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("event_id", String(36), primary_key=True),
    Column("key", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_error", Text, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("parked_at", String(32), nullable=False),
    Column("next_retry_at", String(32), nullable=False),
    Column("discarded_at", String(32)),
    Column("discard_reason", Text),
)
