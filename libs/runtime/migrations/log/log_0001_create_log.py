"""The event log, its head, positions of consumers and parked messages."""

import sqlalchemy as sa
from alembic import op

revision = "log_0001"
down_revision = None
branch_labels = ("log",)
depends_on = None

APPEND = """
CREATE FUNCTION append_events(
    streams text[], versions int[], ids text[], types text[], schemas int[], tenants text[],
    datas bytea[], correlations text[], causations text[], traces text[], times text[],
    inners bytea[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
    link bytea;
    links bytea[] := '{}';
    count int := array_length(streams, 1);
BEGIN
    -- The head's row lock makes writers take turns; what follows sees all that went before.
    UPDATE log_head SET position = position + count RETURNING position, chain INTO last, link;
    FOR i IN 1..count LOOP
        link := sha256(link || inners[i]);
        links := links || link;
    END LOOP;
    INSERT INTO events (position, stream, version, event_id, type, schema_version, tenant, data,
                        correlation_id, causation_id, traceparent, recorded_at, chain)
    SELECT last - count + u.n, u.stream, u.version, u.id, u.type, u.schema, u.tenant, u.data,
           u.correlation, u.causation, u.trace, u.at, u.chain
    FROM unnest(streams, versions, ids, types, schemas, tenants, datas, correlations, causations,
                traces, times, links)
         WITH ORDINALITY AS u(stream, version, id, type, schema, tenant, data, correlation,
                              causation, trace, at, chain, n);
    UPDATE log_head SET chain = link;
    RETURN last;
END $$
"""
REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or deleted';
END $$
"""


def upgrade() -> None:
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("position", long, primary_key=True, autoincrement=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False, unique=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(36), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("causation_id", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("stream", "version", name="uq_events_stream_version"),
    )
    op.create_table(
        "positions",
        sa.Column("consumer", sa.Text(), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("partition", sa.Integer(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "parked",
        sa.Column("consumer", sa.Text(), primary_key=True),
        sa.Column("event_id", sa.String(36), primary_key=True),
        sa.Column("key", sa.Text(), nullable=False, index=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_error", sa.Text(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("parked_at", sa.String(32), nullable=False),
        sa.Column("next_retry_at", sa.String(32), nullable=False),
    )
    op.execute(
        sa.text("INSERT INTO log_head (id, position, chain) VALUES (1, 0, :genesis)").bindparams(
            sa.bindparam("genesis", b"\x00" * 32, sa.LargeBinary())
        )
    )
    _guard()


def _guard() -> None:
    """Make the database itself refuse to change what was recorded (P15)."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER events_no_{act.lower()} BEFORE {act} ON events"
                " BEGIN SELECT RAISE(ABORT, 'events are never changed or deleted'); END"
            )
        return
    op.execute(APPEND)
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
