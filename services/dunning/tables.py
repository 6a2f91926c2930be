"""The columns of dunning's read tables. Each table hears one service."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

cases = Table(
    "cases",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("canton", Text, nullable=False),
    Column("open_rappen", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("stage", Text),  # last step taken; null before the first
    Column("stage_on", Date),
    Column("next_stage", Text),  # null at the ladder's top and once ended
    Column("next_on", Date),
    Column("call_attempts", Integer, nullable=False),
    Column("called_on", Date),
    Column("call_outcome", Text),
    Column("ended", Text),  # PAID, SETTLED_SMALL, CANCELLED
    Column("ended_on", Date),
    Index("cases_by_turn", "practice_id", "invoice_id", "next_on"),
    Index("cases_by_practice", "practice_id", "ended", "invoice_id"),
    Index("cases_by_stage", "practice_id", "stage", "ended"),
)

holds = Table(
    "holds",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("on", Date, nullable=False),
    Column("review_on", Date, nullable=False),
    Index("holds_by_review", "reason", "review_on"),
)

steps = Table(
    "steps",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("practice_id", Text, nullable=False),
    Column("on", Date, nullable=False),
    Column("open_rappen", BigInteger, nullable=False),
    Column("pay_by", Date),
    Column("is_letter", Boolean, nullable=False),
    Column("document", Text, index=True),
    Column("pages", Integer),
    Column("dispatched_on", Date),
    Column("withheld_on", Date),
)

debtors = Table(
    "debtors",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("amount_rappen", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sealed", LargeBinary),  # ciphertext of name and address, as it came; null once erased
    Column("sealed_in", Text, nullable=False),  # the event under whose id it is sealed
)

practices = Table(
    "practices",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),  # JSON
    Column("phone", Text, nullable=False),
)

remindings = Table(
    "remindings",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", Date, nullable=False),
    Column("data", Text, nullable=False),  # JSON
)
