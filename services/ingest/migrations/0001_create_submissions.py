"""Create what came in from practices and from the bank."""

import sqlalchemy as sa
from alembic import op

revision = "ingest_0001"
down_revision = None
branch_labels = ("ingest",)
depends_on = None


def upgrade() -> None:
    _practices()
    _submissions()
    _bank()


def _practices() -> None:
    op.create_table(
        "practices",
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("account_no", sa.Integer(), nullable=False),
        sa.Column("glns", sa.Text(), nullable=False),
        sa.Column("zsrs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("practice_id"),
    )
    op.create_index("practices_by_account", "practices", ["account_no"])
    op.create_table(
        "billers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "practice_id"),
    )


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text()),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger()),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("submission_id"),
    )
    op.create_index(
        "submissions_newest", "submissions", ["practice_id", "received_at", "submission_id"]
    )
    op.create_index("submissions_by_content", "submissions", ["practice_id", "content"])


def _bank() -> None:
    op.create_table(
        "bank_files",
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("credits_count", sa.Integer(), nullable=False),
        sa.Column("credits_rappen", sa.BigInteger(), nullable=False),
        sa.Column("reversals_count", sa.Integer(), nullable=False),
        sa.Column("reversals_rappen", sa.BigInteger(), nullable=False),
        sa.Column("known_count", sa.Integer(), nullable=False),
        sa.Column("pending_count", sa.Integer(), nullable=False),
        sa.Column("other_count", sa.Integer(), nullable=False),
        sa.Column("unidentified", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file"),
    )
    op.create_index("bank_files_newest", "bank_files", ["received_at", "file"])
    op.create_table(
        "movements",
        sa.Column("credit_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("bank_reference", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("credit_id"),
    )
    op.create_index("movements_of_file", "movements", ["file", "kind"])
