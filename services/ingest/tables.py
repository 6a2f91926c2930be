"""Ingest's read tables. They hold ids, verdicts and sums, and name no person."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

practices = Table(
    "practices",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("account_no", Integer, nullable=False),
    Column("glns", Text, nullable=False),  # JSON
    Column("zsrs", Text, nullable=False),  # JSON
    Column("vat_number", Text, nullable=False),
    Index("practices_by_account", "account_no"),
)

billers = Table(
    "billers",
    metadata,
    Column("number", Text, primary_key=True),  # GLN or ZSR
    Column("practice_id", Text, primary_key=True),
)

submissions = Table(
    "submissions",
    metadata,
    Column("submission_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("invoice_id", Text),
    Column("content", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("amount_rappen", BigInteger),
    Column("status", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("findings", Text, nullable=False),  # JSON
    Column("kind", Text, nullable=False),  # invoice, copy, storno, …; empty if refused
    Column("likeness", Text),  # keyed fingerprint of an invoice's content
    Index("submissions_newest", "practice_id", "received_at", "submission_id"),
    Index("submissions_by_content", "practice_id", "content"),
    Index("submissions_by_invoice", "practice_id", "invoice_id", "kind"),
    Index("submissions_by_likeness", "practice_id", "likeness"),
)

insurer_answers = Table(
    "insurer_answers",
    metadata,
    Column("answer_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("state", Text, nullable=False),  # recorded or refused
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("invoice_id", Text),
    Column("request_id", Text, nullable=False),
    Column("insurer_gln", Text, nullable=False),
    Column("about", Text, nullable=False),  # what is answered: invoice, storno, …
    Column("decision", Text, nullable=False),
    Column("codes", Text, nullable=False),  # JSON
    Column("reasons", Text, nullable=False),  # JSON
    Column("content", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Index("insurer_answers_newest", "practice_id", "received_at", "answer_id"),
)

refusals = Table(  # which findings of ours stood on an invoice that its insurer refused
    "refusals",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("invoice_id", Text, primary_key=True),
    Column("on", Date, nullable=False),
    Index("refusals_by_code", "practice_id", "code", "on"),
)

bank_files = Table(
    "bank_files",
    metadata,
    Column("file", Text, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("credits_count", Integer, nullable=False),
    Column("credits_rappen", BigInteger, nullable=False),
    Column("reversals_count", Integer, nullable=False),
    Column("reversals_rappen", BigInteger, nullable=False),
    Column("known_count", Integer, nullable=False),
    Column("pending_count", Integer, nullable=False),
    Column("other_count", Integer, nullable=False),
    Column("unidentified", Text, nullable=False),  # JSON
    Column("status", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("findings", Text, nullable=False),  # JSON
    Index("bank_files_newest", "received_at", "file"),
)

movements = Table(
    "movements",
    metadata,
    Column("credit_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # credit or reversal
    Column("account", Text, nullable=False),
    Column("amount_rappen", BigInteger, nullable=False),
    Column("reference", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("bank_reference", Text, nullable=False),
    Column("file", Text, nullable=False),
    Index("movements_of_file", "file", "kind"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("archive", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("findings", Text, nullable=False),  # JSON
    Index("jobs_newest", "practice_id", "received_at", "job_id"),
)

job_items = Table(
    "job_items",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("repeated", Boolean, nullable=False),
    Column("submission_id", Text),
    Column("status", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("findings", Text, nullable=False),  # JSON
)

tariff_positions = Table(
    "tariff_positions",
    metadata,
    Column("tariff", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    Column("source", Text, nullable=False),
    Column("words", Text, nullable=False),  # code and names, in small letters
    Column("stated", Text, nullable=False),  # JSON
)

point_values = Table(
    "point_values",
    metadata,
    Column("tariff", Text, primary_key=True),
    Column("law", Text, primary_key=True),
    Column("canton", Text, primary_key=True),
    Column("insurer_group", Text, primary_key=True),
    Column("provider_kind", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("stated", Text, nullable=False),  # JSON
)

vat_rates = Table(
    "vat_rates",
    metadata,
    Column("category", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("stated", Text, nullable=False),  # JSON
)

delivery_plans = Table(
    "delivery_plans",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", Date, nullable=False),
    Column("data", Text, nullable=False),  # JSON
)

missed_batches = Table(
    "missed_batches",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("expected_on", Date, nullable=False),
)

sheets = Table(
    "sheets",
    metadata,
    Column("sheet_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("document", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("template_version", Integer),
    Column("biller", Text, nullable=False),  # JSON
    Column("state", Text, nullable=False),
    Column("claimed_by", Text, nullable=False),
    Column("claimed_until", DateTime(timezone=True)),
    Column("first_by", Text, nullable=False),
    Column("first", Text, nullable=False),
    Column("second_by", Text, nullable=False),
    Column("second", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("submission_id", Text),
    Column("invoice_id", Text),
    Index("sheets_newest", "practice_id", "received_at", "sheet_id"),
    Index("sheets_waiting", "state", "received_at", "sheet_id"),
)

sheet_templates = Table(
    "sheet_templates",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("positions", Text, nullable=False),  # JSON
)
