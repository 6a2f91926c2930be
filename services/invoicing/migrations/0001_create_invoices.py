"""Create invoices, their documents, the bank's entries, and what others said about them."""

import sqlalchemy as sa
from alembic import op

revision = "invoicing_0001"
down_revision = None
branch_labels = ("invoicing",)
depends_on = None


def upgrade() -> None:
    _directory()
    _invoices()
    _money()
    _heard()


def _directory() -> None:
    op.create_table(
        "practices",
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("account_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("vat_number", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("practice_id"),
        sa.UniqueConstraint("account_no"),
    )
    op.create_table(
        "terms",
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("patient_days", sa.Integer(), nullable=False),
        sa.Column("insurer_days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practice_id", "version"),
    )


def _invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
        sa.Column("open_rappen", sa.BigInteger(), nullable=False),
        sa.Column("waived_rappen", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.Text()),
        sa.Column("ended_on", sa.Date()),
        sa.Column("copied", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id"),
        sa.UniqueConstraint("reference"),
        sa.UniqueConstraint("practice_id", "year", "sequence"),
    )
    op.create_index("invoices_by_request", "invoices", ["practice_id", "request_id"])
    op.create_table(
        "documents",
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("document"),
    )
    op.create_index("documents_of_invoice", "documents", ["invoice_id"])
    op.create_table(
        "requests",
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("submission_id"),
    )


def _money() -> None:
    op.create_table(
        "receipts",
        sa.Column("credit_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text()),
        sa.Column("served_rappen", sa.BigInteger(), nullable=False),
        sa.Column("surplus_rappen", sa.BigInteger(), nullable=False),
        sa.Column("unmatched_rappen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("credit_id", "kind"),
    )
    op.create_index("receipts_of_invoice", "receipts", ["invoice_id"])


def _heard() -> None:
    op.create_table(
        "accepted",
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("submission_id"),
    )
    op.create_table(
        "bank_lines",
        sa.Column("credit_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("credit_id", "kind"),
    )
