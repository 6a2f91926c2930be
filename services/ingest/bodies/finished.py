"""Finished invoices: what is said beside the document, and the document itself (BR-27, BR-28).

Nothing is priced again: sums are compared with each other, people and days are judged by the rules
of messages, the document is looked at for what it is. Whatever is wrong with either is told at
once.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from libs.events.handed import Finding, VatGroup
from libs.events.values import Variant
from libs.records import Biller, FinishedInvoice
from services.ingest.bodies import records
from services.ingest.bodies.written import VERSION, Sums, Writer, days_of
from services.ingest.findings import CATALOGUE, Unreadable, refused
from services.ingest.intake import Arrival
from services.ingest.message import arithmetic
from services.ingest.message.lines import ZERO
from services.ingest.message.reading import Sources
from services.ingest.message.report import Report
from services.ingest.message.xml_invoice import Invoice
from services.ingest.scanned.desk import Desk
from services.ingest.scanned.looking import Examine, Limits, Looked, Unfit

SLIP: Final = "SPC\n"
"""How the code of a QR-bill begins (payments 1.2)."""


@dataclass(frozen=True, kw_only=True)
class FinishedIntake:
    """Judges both parts of a finished invoice."""

    desk: Desk
    limits: Limits
    bytes_max: int

    async def judge(self, arrival: Arrival, biller: Biller) -> Invoice | Unreadable:
        """Return the invoice that both parts make, or everything that is wrong with them."""
        found = _document_findings(await self._looked(arrival.finished or b""))
        judged = judged_metadata(arrival.data, biller, arrival.today)
        if not found:
            return judged
        if isinstance(judged, Invoice):
            return replace(
                refused((*found, *judged.warnings)),
                invoice_id=judged.invoice_id,
                request_id=judged.facts.request_id,
                version=judged.facts.version,
                amount_rappen=judged.facts.amount_rappen,
            )
        why = refused((*found, *judged.findings))
        return replace(judged, status=why.status, problem=why.problem, findings=why.findings)

    async def _looked(self, document: bytes) -> Looked | Unfit:
        if len(document) > self.bytes_max:
            limit = str(self.bytes_max // 1_000_000)
            return Unfit(code="document_too_large", params={"limit": limit})
        return await self.desk.examine(Examine(data=document, limits=self.limits, finished=True))


def judged_metadata(data: bytes, biller: Biller, today: date) -> Invoice | Unreadable:
    """Return the invoice that the metadata say, or all findings."""
    body = records.read(data, FinishedInvoice)
    if isinstance(body, Unreadable):
        return body
    sums = sums_of(body)
    written = Writer(body, biller).write(days_of(body, ()), sums)
    report = Report(written.root, written.places, records.GRAVE)
    balance = Sources.of(written.root, VERSION).balance
    arithmetic.check_stated(arithmetic.read_balance(balance), report)
    return records.judged(body, written, Variant.FINISHED, today, report)


def sums_of(body: FinishedInvoice) -> Sums:
    """Return the sums as stated; without VAT groups all of it is exempt."""
    groups = tuple(
        VatGroup(rate=one.rate, amount_rappen=one.amount_rappen, vat_rappen=one.vat_rappen)
        for one in body.vat
    ) or (VatGroup(rate=ZERO, amount_rappen=body.amount_rappen, vat_rappen=0),)
    due = arithmetic.round_payable(body.amount_rappen - body.prepaid_rappen)
    return Sums(amount_rappen=body.amount_rappen, due_rappen=due, groups=groups)


def _document_findings(looked: Looked | Unfit) -> tuple[Finding, ...]:
    """Return why a document cannot be sent; two slips would lead money to two accounts."""
    if isinstance(looked, Unfit):
        return (_finding(looked.code, dict(looked.params)),)
    if any(one.kind == "qr" and one.text.startswith(SLIP) for one in looked.symbols):
        return (_finding("finished_with_slip", {}),)
    return ()


def _finding(code: str, params: dict[str, str]) -> Finding:
    return Finding(
        code=code, severity="error", path="/document", rule=CATALOGUE[code].rule, params=params
    )
