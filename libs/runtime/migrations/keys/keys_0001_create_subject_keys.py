"""The key store: one wrapped key per subject."""

import sqlalchemy as sa
from alembic import op

revision = "keys_0001"
down_revision = None
branch_labels = ("keys",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subject_keys",
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("destroyed_at", sa.String(), nullable=True),
    )
