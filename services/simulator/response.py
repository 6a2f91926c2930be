"""generalInvoiceResponse 4.5 and 5.0: what an insurer answers to an invoice (invoice-xml 16)."""

from datetime import UTC, date, datetime
from enum import StrEnum

from lxml import etree

from libs.events.values import Kind
from services.simulator import request_50
from services.simulator.invoices import Invoice
from services.simulator.markup import add, document, francs, party_45, party_50, truth, written
from services.simulator.parties import INTERMEDIATE_GLN, Cast, cast
from services.simulator.seeds import chance

_NOON = 12


class Answer(StrEnum):
    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"
    MODIFIED = "modified"
    """Accepted for less than was asked; only 5.0 can say so, 4.5 rejects."""


_STATUS = {
    Answer.ACCEPTED: ("received", "granted"),
    Answer.MODIFIED: ("processed", "granted"),
    Answer.PENDING: ("received", "frozen"),
    Answer.REJECTED: ("received", "canceled"),
}
NOT_INSURED = ("31160", "Not insured by us")
CLINICAL_DATA = ("20010", "Clinical data missing")
LESS = 10
"""A modified answer takes one part in so many off."""


def response(invoice: Invoice, answer: Answer, on: date) -> bytes:
    """Return an insurer's answer; it repeats the invoice's reference unchanged."""
    build = _response_50 if invoice.practice.version == "5.0" else _response_45
    return written(build(invoice, answer, on, cast(invoice)), "UTF-8")


def _stamp(on: date) -> str:
    return str(int(datetime(on.year, on.month, on.day, _NOON, tzinfo=UTC).timestamp()))


def _transport(root: etree._Element, invoice: Invoice, parties: Cast) -> None:
    ends = {"from": parties.receiver_gln, "to": invoice.practice.gln}
    transport = add(add(root, "processing"), "transport", **ends)
    add(transport, "via", via=INTERMEDIATE_GLN, sequence_id="1")


def _response_45(invoice: Invoice, answer: Answer, on: date, parties: Cast) -> etree._Element:
    practice, patient = invoice.practice, invoice.patient
    schema, language = "generalInvoiceResponse_450.xsd", practice.language
    root = document("response", "invoice", schema, language=language, modus="production")
    _transport(root, invoice, parties)
    payload = add(
        root,
        "payload",
        type="invoice",
        storno=truth(invoice.kind is Kind.STORNO),
        copy="false",
        response_timestamp=_stamp(on),
    )
    request_50.reference(payload, invoice)
    body = add(payload, "body")
    request_50.prolog(body, invoice)
    add(body, "biller", ean_party=practice.gln)
    add(body, "debitor", ean_party=parties.debtor_gln)
    add(body, "provider", ean_party=practice.provider_gln)
    add(body, "insurance", ean_party=invoice.insurer.gln)
    born = f"{patient.born_on}T00:00:00"
    element = add(body, "patient", gender=patient.sex, birthdate=born, ssn=parties.ssn)
    party_45(element, patient.person)
    party_45(add(body, "contact", ean_party=invoice.insurer.gln), parties.insurer)
    _decision(body, Answer.REJECTED if answer is Answer.MODIFIED else answer)
    return root


def _response_50(invoice: Invoice, answer: Answer, on: date, parties: Cast) -> etree._Element:
    root = document(
        "response",
        "invoice",
        "generalInvoiceResponse_500.xsd",
        language=invoice.practice.language,
        modus="production",
        guid=f"{chance(0, 'answer', invoice.guid, answer).getrandbits(128):032x}",
    )
    _transport(root, invoice, parties)
    payload = add(
        root,
        "payload",
        request_type="invoice",
        request_subtype=request_50.SUBTYPES[invoice.kind],
        response_timestamp=_stamp(on),
    )
    request_50.reference(payload, invoice)
    body = add(payload, "body")
    request_50.prolog(body, invoice)
    request_50.blocks(body, invoice, parties, insurance=True)
    party_50(add(body, "contact", gln=invoice.insurer.gln), parties.insurer)
    request_50.treatment(body, invoice)
    decision = _decision(add(body, "tiers_payant", allowModification="true"), answer)
    if answer in {Answer.ACCEPTED, Answer.MODIFIED}:
        _paid(decision, invoice, less=answer is Answer.MODIFIED)
    return root


def _decision(parent: etree._Element, answer: Answer) -> etree._Element:
    status_in, status_out = _STATUS[answer]
    name = "accepted" if answer is Answer.MODIFIED else answer.value
    element = add(parent, name, status_in=status_in, status_out=status_out)
    match answer:
        case Answer.REJECTED:
            add(element, "error", code=NOT_INSURED[0], text=NOT_INSURED[1])
        case Answer.PENDING:
            add(element, "message", code=CLINICAL_DATA[0], text=CLINICAL_DATA[1])
        case Answer.ACCEPTED | Answer.MODIFIED:
            pass
    return element


def _paid(accepted: etree._Element, invoice: Invoice, *, less: bool) -> None:
    due = invoice.totals.due_rappen
    delta = -(due // LESS) if less else 0
    add(
        accepted,
        "balance",
        amount=francs(invoice.totals.amount_rappen),
        amount_reminder="0.00",
        amount_due=francs(due),
        amount_delta=francs(delta),
        amount_paid=francs(due + delta),
    )
