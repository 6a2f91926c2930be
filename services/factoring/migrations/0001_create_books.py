"""Read tables of factoring: contracts, journal, claims and their flags, months of the books."""

import sqlalchemy as sa
from alembic import op

revision = "factoring_0001"
down_revision = None
branch_labels = ("factoring",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contracts",
        sa.Column("practice_id", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("event_id", sa.Text(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text()),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
    )
    op.create_index(
        "journal_by_account", "journal", ["practice_id", "account", "on", "recorded_us"]
    )
    op.create_index("journal_by_invoice", "journal", ["invoice_id"])
    op.create_table(
        "claims",
        sa.Column("invoice_id", sa.Text(), primary_key=True),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
        sa.Column("open_rappen", sa.BigInteger(), nullable=False),
        sa.Column("advanced_rappen", sa.BigInteger(), nullable=False),
        sa.Column("credited_rappen", sa.BigInteger(), nullable=False),
        sa.Column("ownership", sa.Text(), nullable=False),
        sa.Column("was_advanced", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("transmitted_on", sa.Date(), nullable=False),
        sa.Column("closed", sa.Text()),
    )
    op.create_index("claims_by_advance", "claims", ["advanced_rappen"])
    op.create_index("claims_by_practice", "claims", ["practice_id", "open_rappen"])
    op.create_table(
        "flags",
        sa.Column("invoice_id", sa.Text(), primary_key=True),
        sa.Column("flag", sa.Text(), primary_key=True),
        sa.Column("on", sa.Date(), nullable=False),
    )
    op.create_table(
        "booked",
        sa.Column("practice_id", sa.Text(), primary_key=True),
        sa.Column("month", sa.Text(), primary_key=True),
        sa.Column("recorded_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "locks",
        sa.Column("practice_id", sa.Text(), primary_key=True),
        sa.Column("month", sa.Text(), primary_key=True),
        sa.Column("locked_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date()),
    )
    op.create_index("locks_by_state", "locks", ["closed_on", "locked_on"])
    op.create_table(
        "closings",
        sa.Column("practice_id", sa.Text(), primary_key=True),
        sa.Column("month", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), primary_key=True),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
    )
