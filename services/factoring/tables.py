"""The columns of factoring's read tables. Each table hears one service."""

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
)

metadata = MetaData()

contracts = Table(
    "contracts",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", Date, nullable=False),
    Column("product", Text, nullable=False),
    Column("data", Text, nullable=False),  # JSON
)

journal = Table(
    "journal",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),  # of its entry
    Column("practice_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("amount_rappen", BigInteger, nullable=False),  # debit positive
    Column("on", Date, nullable=False),
    Column("value_on", Date, nullable=False),
    Column("kind", Text, nullable=False),  # wire name of the event
    Column("invoice_id", Text),
    Column("recorded_us", BigInteger, nullable=False),  # instant of the act; its order in a day
    Index("journal_by_account", "practice_id", "account", "on", "recorded_us"),
    Index("journal_by_invoice", "invoice_id"),
)

claims = Table(
    "claims",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("practice_id", Text, nullable=False),
    Column("recorded_us", BigInteger, nullable=False),  # instant of transmission; the run's order
    Column("amount_rappen", BigInteger, nullable=False),
    Column("open_rappen", BigInteger, nullable=False),
    Column("advanced_rappen", BigInteger, nullable=False),
    Column("credited_rappen", BigInteger, nullable=False),
    Column("ownership", Text, nullable=False),
    Column("was_advanced", Boolean, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("transmitted_on", Date, nullable=False),
    Column("closed", Text),  # waived, cancelled
    Index("claims_open", "practice_id", "open_rappen", "due_on", "invoice_id"),
    Index("claims_advanced", "practice_id", "advanced_rappen"),
    Index("claims_by_advance", "advanced_rappen"),
)

flags = Table(
    "flags",
    metadata,
    Column("invoice_id", Text, primary_key=True),
    Column("flag", Text, primary_key=True),  # collection, dispute
    Column("on", Date, nullable=False),
)

booked = Table(
    "booked",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("month", Text, primary_key=True),  # yyyy-mm, with at least one booking
    Column("recorded_us", BigInteger, nullable=False),  # instant of the last of them
)

locks = Table(
    "locks",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("month", Text, primary_key=True),  # takes no more bookings
    Column("locked_on", Date, nullable=False),
    Column("closed_on", Date),
    Index("locks_by_state", "closed_on", "locked_on"),
)

closings = Table(
    "closings",
    metadata,
    Column("practice_id", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("amount_rappen", BigInteger, nullable=False),
)
