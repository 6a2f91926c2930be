"""Positions are marked with the event that they name; what was given up stays known."""

import sqlalchemy as sa
from alembic import op

revision = "log_0002"
down_revision = "log_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("positions", sa.Column("mark", sa.Text(), nullable=False, server_default=""))
    op.add_column("parked", sa.Column("discarded_at", sa.String(32)))
    op.add_column("parked", sa.Column("discard_reason", sa.Text()))
