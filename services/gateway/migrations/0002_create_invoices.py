"""Create what is seen of invoices, from the hand-in to the payment."""

import sqlalchemy as sa
from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None

FOLDED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _submissions()
    _invoices()
    _payments()
    _cases()
    _claims()
    _timeline()


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("patient_subject", sa.Text(), nullable=True),
        sa.Column("debtor_subject", sa.Text(), nullable=True),
        sa.Column("case_subject", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("submission_id"),
    )
    op.create_index("ix_submissions_invoice_id", "submissions", ["invoice_id"], unique=False)
    op.create_index(
        "submissions_by_position", "submissions", ["practice_id", "position"], unique=False
    )
    op.create_index(
        "submissions_by_state", "submissions", ["practice_id", "state", "received_at"], unique=False
    )


def _invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("number", FOLDED, nullable=False),
        sa.Column("request_id", FOLDED, nullable=False),
        sa.Column("reference", FOLDED, nullable=False),
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("patient_subject", sa.Text(), nullable=False),
        sa.Column("debtor_subject", sa.Text(), nullable=False),
        sa.Column("case_subject", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("insurer_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("treated_from", sa.Date(), nullable=False),
        sa.Column("treated_to", sa.Date(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
        sa.Column("open_rappen", sa.BigInteger(), nullable=False),
        sa.Column("waived_rappen", sa.BigInteger(), nullable=False),
        sa.Column(
            "paid_rappen",
            sa.BigInteger(),
            sa.Computed("amount_rappen - open_rappen - waived_rappen", persisted=True),
            nullable=True,
        ),
        sa.Column("end", sa.Text(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id"),
    )
    op.create_index(
        "invoices_by_amount", "invoices", ["practice_id", "amount_rappen"], unique=False
    )
    op.create_index(
        "invoices_by_day", "invoices", ["practice_id", "issued_on", "invoice_id"], unique=False
    )
    op.create_index(
        "invoices_by_debtor", "invoices", ["practice_id", "debtor_subject"], unique=False
    )
    op.create_index(
        "invoices_by_due", "invoices", ["practice_id", "end", "due_on", "open_rappen"], unique=False
    )
    op.create_index(
        "invoices_by_end",
        "invoices",
        ["practice_id", "end", "issued_on", "invoice_id"],
        unique=False,
    )
    op.create_index("invoices_by_number", "invoices", ["practice_id", "number"], unique=False)
    op.create_index("invoices_by_open", "invoices", ["practice_id", "open_rappen"], unique=False)
    op.create_index(
        "invoices_by_patient", "invoices", ["practice_id", "patient_subject"], unique=False
    )
    op.create_index("invoices_by_reference", "invoices", ["practice_id", "reference"], unique=False)
    op.create_index("invoices_by_request", "invoices", ["practice_id", "request_id"], unique=False)


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("credit_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("amount_rappen", sa.BigInteger(), nullable=False),
        sa.Column("surplus_rappen", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", "credit_id", "kind"),
    )
    op.create_index(
        "payments_by_day", "payments", ["practice_id", "booked_on", "amount_rappen"], unique=False
    )
    op.create_table(
        "payers",
        sa.Column("credit_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("credit_id"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("stage_on", sa.Date(), nullable=True),
        sa.Column("next_stage", sa.Text(), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("hold", sa.Text(), nullable=True),
        sa.Column("hold_by", sa.Text(), nullable=True),
        sa.Column("hold_on", sa.Date(), nullable=True),
        sa.Column("hold_review_on", sa.Date(), nullable=True),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("invoice_id"),
    )
    op.create_index(
        "cases_by_hold", "cases", ["practice_id", "hold", "hold_review_on"], unique=False
    )
    op.create_index("cases_by_next", "cases", ["practice_id", "ended", "next_on"], unique=False)
    op.create_index(
        "cases_by_stage", "cases", ["practice_id", "ended", "stage", "invoice_id"], unique=False
    )


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("ownership", sa.Text(), nullable=False),
        sa.Column("advanced_rappen", sa.BigInteger(), nullable=False),
        sa.Column("credited_rappen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id"),
    )
    op.create_index("ix_claims_practice_id", "claims", ["practice_id"], unique=False)


def _timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("practice_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("submission_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on", sa.Date(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index(
        "timeline_of_invoice",
        "timeline",
        ["practice_id", "invoice_id", "recorded_at"],
        unique=False,
    )
    op.create_index(
        "timeline_of_practice", "timeline", ["practice_id", "source", "position"], unique=False
    )
    op.create_index(
        "timeline_of_submission", "timeline", ["practice_id", "submission_id"], unique=False
    )
