"""What the records say about a message that looks right by itself: whose it is, what came before.

Three kinds of repeats get three answers, and each names the earlier receipt. The same bytes get
the same receipt (P10, B22; the decider's). Other bytes under an accepted key are a conflict (B23).
The same treatment of the same patient under another key is taken with a warning: insurers refuse
it (BR-201 R04), and only the practice knows whether it was meant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, exists, select

from libs.events.handed import Facts, Finding
from libs.events.values import InvoiceId, Kind, PracticeId, SubmissionId
from libs.runtime.clock import ZURICH
from services.ingest import answers
from services.ingest.findings import CATALOGUE, Unreadable, broken
from services.ingest.message.xml_invoice import Invoice
from services.ingest.projections import ACCEPTED, aware, bills_for
from services.ingest.tables import practices, submissions

LIKE = "likely_duplicate"
UNKNOWN_REFERENCE = "reference_unknown"
VAT = "VAT_WITHOUT_NUMBER"
REFERRING = frozenset((Kind.COPY, Kind.STORNO, Kind.REFUND, Kind.REMINDER))
"""Kinds that are about an invoice which came in before (invoice-xml 12)."""

_COLUMNS = (submissions.c.submission_id, submissions.c.request_id, submissions.c.received_at)


def _statements() -> tuple[Select[Any], Select[Any]]:
    """Return what is asked about each message, made once: making it costs more than asking it."""
    practice: BindParameter[str] = bindparam("practice")
    invoice: BindParameter[str] = bindparam("invoice")
    cancelling = submissions.alias()
    cancelled = exists().where(
        cancelling.c.practice_id == practice,
        cancelling.c.invoice_id == submissions.c.invoice_id,
        cancelling.c.kind == Kind.STORNO.value,
        cancelling.c.state == ACCEPTED,
    )
    alike: Select[Any] = select(*_COLUMNS).where(
        submissions.c.practice_id == practice,
        submissions.c.likeness == bindparam("likeness"),
        submissions.c.invoice_id != invoice,
        ~cancelled,
    )
    earliest = alike.order_by(submissions.c.received_at, submissions.c.submission_id)
    original: Select[Any] = select(submissions.c.submission_id).where(
        submissions.c.practice_id == practice,
        submissions.c.invoice_id == invoice,
        submissions.c.kind == Kind.INVOICE.value,
        submissions.c.state == ACCEPTED,
    )
    return earliest.limit(1), original.limit(1)


_ALIKE, _ORIGINAL = _statements()


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was found about one message."""

    bills: bool
    """The biller's numbers belong to the practice (B24)."""
    taxed: bool
    """The practice has told its VAT number."""
    alike: Row[Any] | None
    """An accepted message with the same content under another key."""
    refers: bool
    """What it is about came in before, or it is about nothing."""
    refused: tuple[Finding, ...]
    """For what is named in it insurers refused invoices of this practice before."""


def look_up(
    db: Connection, practice_id: PracticeId, invoice: Invoice, likeness: str, today: date
) -> Known:
    """Return what is known about a message; one visit to the tables for all questions."""
    facts = invoice.facts
    bills = bills_for(db, practice_id, facts.biller_gln, facts.biller_zsr)
    taxed = select(practices.c.vat_number).where(practices.c.practice_id == practice_id)
    return Known(
        bills=bills,
        taxed=any(finding.code == VAT for finding in invoice.warnings)
        and bool(db.execute(taxed).scalar()),
        alike=_alike(db, practice_id, invoice.invoice_id, likeness) if likeness else None,
        refers=facts.kind not in REFERRING or _refers(db, practice_id, invoice.invoice_id),
        refused=answers.learned(db, practice_id, invoice.warnings, today),
    )


def _alike(
    db: Connection, practice_id: PracticeId, invoice_id: InvoiceId, likeness: str
) -> Row[Any] | None:
    """Return the first message of the same content about another invoice that still stands."""
    asked = {"practice": practice_id, "invoice": invoice_id, "likeness": likeness}
    return db.execute(_ALIKE, asked).one_or_none()


def _refers(db: Connection, practice_id: PracticeId, invoice_id: InvoiceId) -> bool:
    asked = {"practice": practice_id, "invoice": invoice_id}
    return db.execute(_ORIGINAL, asked).first() is not None


def refusal(known: Known, invoice: Invoice) -> Unreadable | None:
    """Return why a message that is right by itself is refused for what is known; None if not."""
    if not known.bills:
        return _refused(invoice, 403, "biller_not_yours", (broken("biller_not_yours"),))
    if known.taxed or all(finding.code != VAT for finding in invoice.warnings):
        return None
    # A practice that has no VAT number must not show VAT; one that has is only reminded (BR-50).
    findings = [
        msgspec.structs.replace(finding, severity="error") if finding.code == VAT else finding
        for finding in invoice.warnings
    ]
    findings.sort(key=lambda finding: finding.severity)
    return _refused(invoice, CATALOGUE[VAT].status, CATALOGUE[VAT].problem, tuple(findings))


def remarks(known: Known, facts: Facts) -> Iterator[Finding]:
    """Return the warnings that follow from what came in before."""
    if known.alike is not None:
        row = known.alike
        params = receipt_of(row.submission_id, row.received_at) | {"number": row.request_id}
        yield _warning(LIKE, params)
    if not known.refers:
        yield _warning(UNKNOWN_REFERENCE, {"number": facts.request_id})
    yield from known.refused


def receipt_of(submission_id: str, received_at: datetime) -> dict[str, str]:
    """Return how a finding names an earlier receipt."""
    on: date = aware(received_at).astimezone(ZURICH).date()
    return {"earlier": submission_id, "on": f"{on}"}


def accepted_under(
    db: Connection, practice_id: PracticeId, submission_id: SubmissionId
) -> dict[str, str]:
    """Return how a conflict names the message that holds the key (B23)."""
    wanted = select(*_COLUMNS).where(
        submissions.c.submission_id == submission_id, submissions.c.practice_id == practice_id
    )
    row = db.execute(wanted).one_or_none()
    return {} if row is None else receipt_of(row.submission_id, row.received_at)


def _warning(code: str, params: dict[str, str]) -> Finding:
    return Finding(code=code, severity="warning", rule=CATALOGUE[code].rule, params=params)


def _refused(
    invoice: Invoice, status: int, problem: str, findings: Sequence[Finding]
) -> Unreadable:
    facts = invoice.facts
    return Unreadable(
        status=status,
        problem=problem,
        findings=tuple(findings),
        submission_id=invoice.submission_id,
        invoice_id=invoice.invoice_id,
        request_id=facts.request_id,
        version=facts.version,
        amount_rappen=facts.amount_rappen,
    )
