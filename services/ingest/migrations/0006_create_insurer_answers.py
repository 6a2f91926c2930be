"""Create what insurers answered, and on what findings they refused."""

import sqlalchemy as sa
from alembic import op

revision = "ingest_0006"
down_revision = "ingest_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "insurer_answers",
        sa.Column("answer_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoice_id", sa.Text()),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("insurer_gln", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("answer_id"),
    )
    newest = ["practice_id", "received_at", "answer_id"]
    op.create_index("insurer_answers_newest", "insurer_answers", newest)
    op.create_table(
        "refusals",
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("practice_id", "code", "invoice_id"),
    )
    op.create_index("refusals_by_code", "refusals", ["practice_id", "code", "on"])
