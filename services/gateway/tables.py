"""The gateway's read tables: what practices, partners and pages see of all services.

Every table of a list begins its indexes with the practice, and lists are read by key ranges, so a
page costs the same at 100 and at 100,000 invoices. `people` is the one place with names in plain
text; a row of it goes when the person is erased.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

FOLDED = Text().with_variant(Text(collation="C"), "postgresql")
"""Text compared byte by byte on both engines, so that a prefix is a range of an index."""

practices = Table(
    "practices",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("account_no", Integer, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("canton", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("glns", Text, nullable=False),  # JSON
    Column("zsrs", Text, nullable=False),  # JSON
    Column("address", Text, nullable=False),  # JSON
    Column("iban", Text, nullable=False),
    Column("vat_number", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("joined_on", Date, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("section", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", Date, nullable=False),
    Column("data", Text, nullable=False),  # JSON
    Column("by", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("practice_ids", Text, nullable=False),  # JSON
    Column("language", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("secret_hash", Text, nullable=False),
    Column("practice_id", Text, nullable=False, index=True),
    Column("scopes", Text, nullable=False),  # separated by blanks, as OAuth2 writes them
    Column("name", Text, nullable=False),
    Column("expires_on", Date),
    Column("revoked", Boolean, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("types", Text, nullable=False),  # JSON; none: all
    Column("description", Text, nullable=False),
    Column("after", Text, nullable=False),  # JSON: the place in the feed where it begins
    Column("active", Boolean, nullable=False),
    Column("disabled", Text),  # FAILING, GONE; null where it is active or the practice paused it
    Column("disabled_at", DateTime(timezone=True)),
    Column("secret_number", Integer, nullable=False),
    Column("old_until", DateTime(timezone=True)),  # until then the secret before signs too
    Column("version", Integer, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("born_year", Integer),
    Column("zip", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("folded_name", FOLDED, nullable=False),  # as searched: projections.folded
    Column("folded_given_name", FOLDED, nullable=False),
    Index("people_by_name", "practice_id", "folded_name", "folded_given_name"),
    Index("people_by_given_name", "practice_id", "folded_given_name", "folded_name"),
)

invoices = Table(
    "invoices",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("number", FOLDED, nullable=False),
    Column("request_id", FOLDED, nullable=False),
    Column("reference", FOLDED, nullable=False),
    Column("submission_id", Text, nullable=False),
    Column("patient_subject", Text, nullable=False),
    Column("debtor_subject", Text, nullable=False),
    Column("case_subject", Text, nullable=False),  # its documents go when this one is erased
    Column("payer", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("law", Text, nullable=False),
    Column("insurer_name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("treated_from", Date, nullable=False),
    Column("treated_to", Date, nullable=False),
    Column("amount_rappen", BigInteger, nullable=False),  # what was asked for at issue
    Column("open_rappen", BigInteger, nullable=False),
    Column("waived_rappen", BigInteger, nullable=False),
    Column(  # nothing adds to it, so that a page of events may be projected twice
        "paid_rappen",
        BigInteger,
        Computed("amount_rappen - open_rappen - waived_rappen", persisted=True),
    ),
    Column("end", Text),  # PAID, SETTLED_SMALL, CANCELLED; null while it is open
    Column("ended_on", Date),
    Column("position", BigInteger, nullable=False),
    Index("invoices_by_day", "practice_id", "issued_on", "invoice_id"),
    Index("invoices_by_end", "practice_id", "end", "issued_on", "invoice_id"),
    Index("invoices_by_due", "practice_id", "end", "due_on", "open_rappen"),
    Index("invoices_by_number", "practice_id", "number"),
    Index("invoices_by_request", "practice_id", "request_id"),
    Index("invoices_by_reference", "practice_id", "reference"),
    Index("invoices_by_amount", "practice_id", "amount_rappen"),
    Index("invoices_by_open", "practice_id", "open_rappen"),
    Index("invoices_by_patient", "practice_id", "patient_subject"),
    Index("invoices_by_debtor", "practice_id", "debtor_subject"),
)

cases = Table(
    "cases",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("stage", Text),  # last step taken; null before the first
    Column("stage_on", Date),
    Column("next_stage", Text),
    Column("next_on", Date),
    Column("hold", Text),
    Column("hold_by", Text),
    Column("hold_on", Date),
    Column("hold_review_on", Date),
    Column("ended", Text),  # PAID, SETTLED_SMALL, CANCELLED, COLLECTION; null while it runs
    Index("cases_by_next", "practice_id", "ended", "next_on"),
    Index("cases_by_stage", "practice_id", "ended", "stage", "invoice_id"),
    Index("cases_by_hold", "practice_id", "hold", "hold_review_on"),
)

claims = Table(
    "claims",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False, index=True),
    Column("ownership", Text, nullable=False),
    Column("advanced_rappen", BigInteger, nullable=False),  # what of it is not repaid yet
    Column("credited_rappen", BigInteger, nullable=False),
)

submissions = Table(
    "submissions",
    metadata,
    Column("submission_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),  # accepted, rejected
    Column("request_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # invoice, copy, storno, …; empty if unreadable
    Column("invoice_id", Text, index=True),
    Column("patient_subject", Text),  # like the two below, known of accepted ones only
    Column("debtor_subject", Text),
    Column("case_subject", Text),
    Column("content", Text, nullable=False),
    Column("findings", Text, nullable=False),  # JSON
    Column("errors", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Index("submissions_by_position", "practice_id", "position"),
    Index("submissions_by_state", "practice_id", "state", "received_at"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("invoice_id", Text),
    Column("submission_id", Text),
    Column("source", Text, nullable=False),
    Column("position", BigInteger, nullable=False),  # in the log of its source; 0: ours
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("on", Date),  # the business day that the event names, if it names one
    Column("type", Text, nullable=False),
    Column("data", Text, nullable=False),  # JSON without personal fields
    Index("timeline_of_invoice", "practice_id", "invoice_id", "recorded_at"),
    Index("timeline_of_submission", "practice_id", "submission_id"),
    Index("timeline_of_practice", "practice_id", "source", "position"),
    Index("timeline_by_time", "practice_id", "recorded_at"),
)

payments = Table(
    "payments",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("credit_id", Text, primary_key=True),  # the bank's own entry, also where it reverses
    Column("kind", Text, primary_key=True),  # received, reversed
    Column("practice_id", Text, nullable=False),
    Column("amount_rappen", BigInteger, nullable=False),  # negative when reversed: sums just add up
    Column("surplus_rappen", BigInteger, nullable=False),
    Column("booked_on", Date, nullable=False),
    Index("payments_by_day", "practice_id", "booked_on", "amount_rappen"),
)

payers = Table(  # whom the bank named on a receipt: it is erased with the invoice it paid
    "payers",
    metadata,
    Column("credit_id", Text, primary_key=True),
    Column("subject", Text, nullable=False),
)

missing_batches = Table(
    "missing_batches",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("expected_on", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("rhythm", Text, nullable=False),
)
