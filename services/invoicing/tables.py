"""Invoicing's read tables. Each is filled from one service's events, and names no patient."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

practices = Table(
    "practices",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("account_no", Integer, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),  # JSON
    Column("phone", Text, nullable=False),
    Column("vat_number", Text, nullable=False),
)

terms = Table(
    "terms",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", Date, nullable=False),
    Column("patient_days", Integer, nullable=False),
    Column("insurer_days", Integer, nullable=False),
)

invoices = Table(
    "invoices",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("submission_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("reference", Text, nullable=False, unique=True),
    Column("request_id", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("amount_rappen", BigInteger, nullable=False),
    Column("open_rappen", BigInteger, nullable=False),
    Column("waived_rappen", BigInteger, nullable=False),
    Column("end", Text),
    Column("ended_on", Date),
    Column("copied", Boolean, nullable=False),
    UniqueConstraint("practice_id", "year", "sequence"),
    Index("invoices_by_request", "practice_id", "request_id"),
)

documents = Table(
    "documents",
    metadata,
    Column("document", Text, primary_key=True),
    Column("invoice_id", Text, nullable=False),
    Column("practice_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("made_on", Date, nullable=False),
    Index("documents_of_invoice", "invoice_id"),
)

requests = Table(
    "requests",
    metadata,
    Column("submission_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("invoice_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("known", Boolean, nullable=False),
    Column("noted_on", Date, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("credit_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("invoice_id", Text),
    Column("served_rappen", BigInteger, nullable=False),
    Column("surplus_rappen", BigInteger, nullable=False),
    Column("charges_rappen", BigInteger, nullable=False),  # what of both the bank never booked
    Column("unmatched_rappen", BigInteger, nullable=False),
    Column("reason", Text),
    Column("booked_on", Date, nullable=False),
    Index("receipts_of_invoice", "invoice_id"),
)
"""Where each entry of the bank stands; kind is CREDIT or REVERSAL."""

accepted = Table(
    "accepted",
    metadata,
    Column("submission_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("invoice_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("test", Boolean, nullable=False),
)
"""What ingest said it accepted; `verify` compares it with what was issued."""

bank_lines = Table(
    "bank_lines",
    metadata,
    Column("credit_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("amount_rappen", BigInteger, nullable=False),
)
"""What ingest said the bank booked; `verify` compares it with where the money stands."""
