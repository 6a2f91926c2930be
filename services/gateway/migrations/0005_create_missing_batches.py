"""Create which practices have an expected delivery that did not come."""

import sqlalchemy as sa
from alembic import op

revision = "gateway_0005"
down_revision = "gateway_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "missing_batches",
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("practice_id"),
    )
