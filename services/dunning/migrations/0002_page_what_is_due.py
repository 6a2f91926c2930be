"""What is due is read in the order of practices and their cases, a page after the other."""

from alembic import op

revision = "dunning_0002"
down_revision = "dunning_0001"


def upgrade() -> None:
    op.create_index("cases_by_turn", "cases", ["practice_id", "invoice_id", "next_on"])
    op.drop_index("cases_by_next", "cases")
