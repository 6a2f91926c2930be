"""Create the lists that prices are made of."""

import sqlalchemy as sa
from alembic import op

revision = "ingest_0004"
down_revision = "ingest_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tariff_positions",
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("stated", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tariff", "code", "valid_from"),
    )
    op.create_table(
        "point_values",
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("canton", sa.Text(), nullable=False),
        sa.Column("insurer_group", sa.Text(), nullable=False),
        sa.Column("provider_kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("stated", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("tariff", "law", "canton", "insurer_group", "provider_kind", "valid_from")
        ),
    )
    op.create_table(
        "vat_rates",
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("stated", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("category", "valid_from"),
    )
