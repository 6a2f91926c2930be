"""Add what tells repeated invoices, what a message is about, and the VAT numbers of practices."""

import sqlalchemy as sa
from alembic import op

revision = "ingest_0002"
down_revision = "ingest_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    vat_number = sa.Column("vat_number", sa.Text(), nullable=False, server_default="")
    op.add_column("practices", vat_number)
    op.add_column("submissions", sa.Column("kind", sa.Text(), nullable=False, server_default=""))
    op.add_column("submissions", sa.Column("likeness", sa.Text()))
    op.create_index("submissions_by_invoice", "submissions", ["practice_id", "invoice_id", "kind"])
    op.create_index("submissions_by_likeness", "submissions", ["practice_id", "likeness"])
