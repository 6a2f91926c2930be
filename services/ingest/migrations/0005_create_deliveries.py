"""Create when practices hand in, and which of their deliveries were missed."""

import sqlalchemy as sa
from alembic import op

revision = "ingest_0005"
down_revision = "ingest_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery_plans",
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("practice_id", "version"),
    )
    op.create_table(
        "missed_batches",
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("practice_id"),
    )
