"""Read tables of dunning: practices and their wishes, debtors, cases, holds, steps."""

import sqlalchemy as sa
from alembic import op

revision = "dunning_0001"
down_revision = None
branch_labels = ("dunning",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("invoice_id", sa.Text(), primary_key=True),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("canton", sa.Text(), nullable=False),
        sa.Column("open_rappen", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.Text()),
        sa.Column("stage_on", sa.Date()),
        sa.Column("next_stage", sa.Text()),
        sa.Column("next_on", sa.Date()),
        sa.Column("call_attempts", sa.Integer(), nullable=False),
        sa.Column("called_on", sa.Date()),
        sa.Column("call_outcome", sa.Text()),
        sa.Column("ended", sa.Text()),
        sa.Column("ended_on", sa.Date()),
    )
    op.create_index("cases_by_next", "cases", ["next_on"])
    op.create_index("cases_by_practice", "cases", ["practice_id", "ended", "invoice_id"])
    op.create_index("cases_by_stage", "cases", ["practice_id", "stage", "ended"])
    op.create_table(
        "holds",
        sa.Column("invoice_id", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), primary_key=True),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
    )
    op.create_index("holds_by_review", "holds", ["reason", "review_on"])
    op.create_table(
        "steps",
        sa.Column("invoice_id", sa.Text(), primary_key=True),
        sa.Column("stage", sa.Text(), primary_key=True),
        sa.Column("run", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("open_rappen", sa.BigInteger(), nullable=False),
        sa.Column("pay_by", sa.Date()),
        sa.Column("is_letter", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text()),
        sa.Column("pages", sa.Integer()),
        sa.Column("dispatched_on", sa.Date()),
        sa.Column("withheld_on", sa.Date()),
    )
    op.create_index("ix_steps_document", "steps", ["document"])
    op.create_table(
        "debtors",
        sa.Column("invoice_id", sa.Text(), primary_key=True),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("sealed_in", sa.Text(), nullable=False),
    )
    op.create_table(
        "practices",
        sa.Column("practice_id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
    )
    op.create_table(
        "remindings",
        sa.Column("practice_id", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
    )
