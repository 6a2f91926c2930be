"""Indexes for the two sums of an account's page: open claims by due day, advances still out."""

from alembic import op

revision = "factoring_0002"
down_revision = "factoring_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("claims_open", "claims", ["practice_id", "open_rappen", "due_on", "invoice_id"])
    op.create_index("claims_advanced", "claims", ["practice_id", "advanced_rappen"])
    op.drop_index("claims_by_practice", "claims")
