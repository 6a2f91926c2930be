"""Add the charges that the bank took off a receipt."""

import sqlalchemy as sa
from alembic import op

revision = "invoicing_0002"
down_revision = "invoicing_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("charges_rappen", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("receipts", column)
