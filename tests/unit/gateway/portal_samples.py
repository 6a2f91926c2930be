"""Rows and events for the portal's tests; each test names the few fields that matter."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, create_engine

from services.gateway.portal.sentences import Happened
from services.gateway.portal.states import InvoiceRow
from services.gateway.projections import folded
from services.gateway.tables import cases, invoices, metadata, people

TODAY = date(2026, 11, 23)
PRACTICE = "practice-1"
NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)

SENT = InvoiceRow(
    invoice_id="invoice-1",
    number="26-103716",
    request_id="R1001",
    reference="010040112000000000103716004",
    payer="patient",
    scheme="TG",
    law="KVG",
    insurer_name="",
    issued_on=date(2026, 11, 20),
    due_on=date(2026, 12, 20),
    treated_from=date(2026, 11, 1),
    treated_to=date(2026, 11, 14),
    amount_rappen=23455,
    open_rappen=23455,
    paid_rappen=0,
    end=None,
    ended_on=None,
    name="Nguyen",
    given_name="Thi",
    born_year=1990,
    case_practice=PRACTICE,
    stage=None,
    next_stage="first_reminder",
    next_on=date(2027, 1, 11),
    hold=None,
    hold_by=None,
    hold_on=None,
    hold_review_on=None,
    case_ended=None,
    ownership="mandated",
    advanced_rappen=0,
    credited_rappen=0,
)


def invoice(**fields: Any) -> InvoiceRow:
    """Return an invoice that was just sent, but for what a test names."""
    return replace(SENT, **fields)


def happened(type_: str, data: Mapping[str, Any], **fields: Any) -> Happened:
    """Return an event of the timeline."""
    known: dict[str, Any] = {
        "event_id": "0192f1c4-7a00-7000-8000-000000000001",
        "source": "dunning",
        "position": 1204311,
        "recorded_at": NOON,
        "on": TODAY,
    }
    return Happened(type=type_, data=data, **(known | fields))


@contextmanager
def tables() -> Iterator[Connection]:
    """Give the gateway's read tables, empty, in memory."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as db:
        yield db
    engine.dispose()


def put_invoice(db: Connection, practice_id: str = PRACTICE, **fields: Any) -> None:
    """Write an invoice with its patient and its case into the tables."""
    row = invoice(**fields)
    subject = f"subject-of-{row.invoice_id}"
    facts = {name: getattr(row, name) for name in InvoiceRow.__dataclass_fields__}
    own = {name: value for name, value in facts.items() if name in invoices.c}
    del own["paid_rappen"]
    own |= {"practice_id": practice_id, "submission_id": "s", "language": "de", "position": 1}
    own |= {
        "patient_subject": subject,
        "debtor_subject": subject,
        "case_subject": "c",
        "waived_rappen": 0,
    }
    db.execute(invoices.insert().values(own))
    if row.name is not None:
        given = row.given_name or ""
        db.execute(
            people.insert().values(
                subject=subject,
                practice_id=practice_id,
                name=row.name,
                given_name=given,
                born_year=row.born_year,
                zip="6003",
                city="Luzern",
                folded_name=folded(row.name),
                folded_given_name=folded(given),
            )
        )
    if row.case_practice is not None:
        case = {name: value for name, value in facts.items() if name in cases.c}
        case |= {"practice_id": practice_id, "ended": row.case_ended, "stage_on": None}
        db.execute(cases.insert().values(case))
