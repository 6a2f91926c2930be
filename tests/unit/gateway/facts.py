"""Facts that tests of the gateway begin with."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, select

from libs.events import CaseOpened, Envelope, Event, InvoiceIssued
from libs.events.handed import Facts, Medical
from libs.events.values import (
    Address,
    EventId,
    InvoiceId,
    Kind,
    Law,
    Party,
    Patient,
    Payer,
    PracticeId,
    Private,
    Scheme,
    Stage,
    SubjectId,
    SubmissionId,
)
from libs.runtime import rows
from libs.runtime.ids import derived
from libs.runtime.service import Projection, heard
from services.gateway.projections import (
    project_cases,
    project_claims,
    project_invoices,
    project_payers,
    project_people,
    project_submissions,
    project_timeline,
)

PRACTICE = PracticeId(derived("practice"))
INVOICE = InvoiceId(derived("invoice"))
PATIENT, DEBTOR, CASE = SubjectId("patient"), SubjectId("debtor"), SubjectId("case")
DAY = date(2026, 3, 2)

ANNA = Party(name="Zürcher-Müller", given_name="Änna", address=Address(zip="8001", city="Zürich"))

FACTS = Facts(
    kind=Kind.INVOICE,
    request_id="R-1",
    request_on=DAY,
    request_timestamp=1,
    version="5.0",
    language="de",
    biller_gln="7601000000002",
    scheme=Scheme.TG,
    law=Law.KVG,
    canton="ZH",
    treated_from=DAY,
    treated_to=DAY,
    amount_rappen=10_000,
    due_rappen=10_000,
)


OPENED = CaseOpened(
    practice_id=PRACTICE,
    invoice_id=INVOICE,
    open_rappen=10_000,
    due_on=DAY,
    next_stage=Stage.FIRST_REMINDER,
    next_on=date(2026, 5, 4),
)

PROJECTIONS: Sequence[Projection] = (
    project_people,
    project_invoices,
    project_payers,
    project_cases,
    project_claims,
    project_submissions,
    project_timeline,
)


def issued(**other: Any) -> InvoiceIssued:
    """Return an invoice over 100.00 to Anna."""
    known: dict[str, Any] = {
        "practice_id": PRACTICE,
        "invoice_id": INVOICE,
        "submission_id": SubmissionId(derived("submission")),
        "number": "26-000431",
        "reference": "010040112000000260004310002",
        "payer": Payer.PATIENT,
        "language": "de",
        "facts": FACTS,
        "open_rappen": 10_000,
        "rounding_rappen": 0,
        "issued_on": DAY,
        "due_on": date(2026, 4, 1),
        "debtor": Private(subject=PATIENT, value=ANNA),
        "patient": Private(subject=PATIENT, value=Patient(party=ANNA, born_on=date(1980, 5, 1))),
        "medical": Private(subject=CASE, value=Medical(lines=())),
    }
    return InvoiceIssued(**(known | other))


def said(event: Event, position: int = 1) -> Envelope:
    """Return the envelope in which an event is heard."""
    return Envelope(
        id=EventId(derived("event", type(event).__name__, str(position))),
        source=type(event).__module__.rpartition(".")[2],
        type=type(event).__name__,
        stream="s",
        version=position,
        tenant=event.practice_id,
        position=position,
        recorded_at=datetime(2026, 3, 2, 8, tzinfo=UTC),
        correlation_id="c",
        causation_id="c",
        data=msgspec.json.encode(event),
    )


def hear(db: Connection, *events: Event, first: int = 1) -> None:
    """Write what events mean, each page of one event twice: at least once is what is promised."""
    for position, event in enumerate(events, first):
        for _ in range(2):
            changes = [
                change
                for projection in PROJECTIONS
                if isinstance(event, heard(projection))
                for change in projection(event, said(event, position))
            ]
            rows.write(db, changes)


def only(db: Connection, table: Table) -> Row[Any]:
    """Return the one row of a table."""
    return db.execute(select(table)).one()
