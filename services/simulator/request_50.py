"""generalInvoiceRequest 5.0, in the schema's order (invoice-xml 4 and 5.1)."""

from lxml import etree

from libs.events.handed import ServiceLine
from libs.events.values import Kind, Law, Scheme
from services.simulator.invoices import Invoice
from services.simulator.markup import add, document, francs, party_50
from services.simulator.parties import (
    INTERMEDIATE_GLN,
    Cast,
    cast,
    has_insurer,
    place,
    reason,
    role_title,
)
from services.simulator.tariffs import TWO_PARTS, line_parts

SUBTYPES = {Kind.INVOICE: "normal", Kind.COPY: "copy", Kind.STORNO: "storno"}


def build(invoice: Invoice, prefix: str | None) -> etree._Element:
    practice, parties = invoice.practice, cast(invoice)
    root = document(
        "request",
        prefix,
        "generalInvoiceRequest_500.xsd",
        language=practice.language,
        modus="production",
        guid=invoice.guid,
    )
    processing = add(root, "processing", print_copy_to_guarantor="false")
    transport = {"from": practice.gln, "to": parties.receiver_gln}
    add(add(processing, "transport", **transport), "via", via=INTERMEDIATE_GLN, sequence_id="1")
    payload = add(root, "payload", request_type="invoice", request_subtype=SUBTYPES[invoice.kind])
    reference(payload, invoice)
    body = add(
        payload,
        "body",
        role=practice.traits.role,
        role_title=role_title(invoice),
        place=place(invoice),
    )
    _body(body, invoice, parties)
    return root


def reference(payload: etree._Element, invoice: Invoice) -> None:
    """Append what names the invoice in every message about it (invoice-xml 12)."""
    add(
        payload,
        "invoice",
        request_timestamp=str(invoice.request_timestamp),
        request_date=f"{invoice.request_on}T00:00:00",
        request_id=invoice.request_id,
    )


def _body(body: etree._Element, invoice: Invoice, parties: Cast) -> None:
    prolog(body, invoice)
    if invoice.remark:
        add(body, "remark", invoice.remark)
    if invoice.scheme is Scheme.TP:
        tiers = add(body, "tiers_payant", allowModification="false")
    else:
        tiers = add(body, "tiers_garant")
    _parties(tiers, invoice, parties)
    _balance(tiers, invoice)
    slip = add(
        body,
        "esrQR",
        iban=invoice.practice.qr_iban,
        reference_number=invoice.reference,
        payment_period=f"P{invoice.term_days}D",
    )
    party_50(add(slip, "creditor"), parties.biller)
    _law(body, invoice)
    add(treatment(body, invoice), "diagnosis", type="cantonal", code=invoice.diagnosis)
    services = add(body, "services")
    for line in invoice.lines:
        _service(services, invoice, line)


def treatment(body: etree._Element, invoice: Invoice) -> etree._Element:
    return add(
        body,
        "treatment",
        date_begin=f"{invoice.treated_from}",
        date_end=f"{invoice.treated_to}",
        canton=invoice.practice.canton,
        reason=reason(invoice),
    )


def prolog(body: etree._Element, invoice: Invoice) -> None:
    name, version = invoice.practice.software
    element = add(body, "prolog")
    add(element, "package", name=name, version=str(version))
    add(element, "generator", name=f"{name} XML", version=str(version))


def _parties(tiers: etree._Element, invoice: Invoice, parties: Cast) -> None:
    blocks(tiers, invoice, parties, insurance=has_insurer(invoice))
    party_50(add(tiers, "guarantor"), parties.payer)
    add(tiers, "partners")


def blocks(tiers: etree._Element, invoice: Invoice, parties: Cast, *, insurance: bool) -> None:
    """Append biller, debtor, provider, insurance and patient; answers repeat them."""
    practice, patient = invoice.practice, invoice.patient
    billers = add(tiers, "billers")
    party_50(add(billers, "biller_gln", gln=practice.gln), parties.biller)
    if practice.zsr:
        party_50(add(billers, "biller_zsr", zsr=practice.zsr), parties.biller)
    party_50(add(tiers, "debitor", gln=parties.debtor_gln), parties.debtor)
    providers = add(tiers, "providers")
    gln = {"gln": practice.provider_gln, "gln_location": practice.gln}
    party_50(add(providers, "provider_gln", **gln), parties.provider)
    if practice.zsr:
        party_50(add(providers, "provider_zsr", zsr=practice.zsr), parties.provider)
    if insurance:
        party_50(add(tiers, "insurance", gln=invoice.insurer.gln), parties.insurer)
    identity = {
        "gender": patient.sex,
        "sex": patient.sex,
        "birthdate": f"{patient.born_on}",
        "ssn": parties.ssn,
    }
    party_50(add(tiers, "patient", **identity), patient.person)


def _balance(tiers: etree._Element, invoice: Invoice) -> None:
    sums = invoice.totals
    balance = add(
        tiers,
        "balance",
        currency="CHF",
        amount=francs(sums.amount_rappen),
        amount_due=francs(sums.due_rappen),
    )
    vat_rates(balance, invoice, vat_number=invoice.practice.vat_number)


def vat_rates(balance: etree._Element, invoice: Invoice, *, vat_number: str) -> None:
    """Append the sums by VAT rate (invoice-xml A7 to A9)."""
    groups = invoice.totals.vat
    vat = add(
        balance, "vat", vat_number=vat_number, vat=francs(sum(group.vat_rappen for group in groups))
    )
    for group in groups:
        add(
            vat,
            "vat_rate",
            vat_rate=str(group.rate),
            amount=francs(group.amount_rappen),
            vat=francs(group.vat_rappen),
        )


def _law(body: etree._Element, invoice: Invoice) -> None:
    by_case = {"case_id": invoice.case_id, "case_date": f"{invoice.case_on}"}
    match invoice.law:
        case Law.KVG | Law.VVG:
            given = {"card_id": invoice.patient.card, "insured_id": invoice.patient.policy}
        case Law.ORG:
            given = {}
        case _:
            given = by_case
    add(body, "law", type=invoice.law.value, **given)


def _service(services: etree._Element, invoice: Invoice, line: ServiceLine) -> None:
    shared = shared_attributes(invoice, line)
    if line.tariff in TWO_PARTS:
        add(services, "service_ex", **shared, **two_parts(line), section_code=line.section)
    else:
        add(services, "service", **shared, **one_part(line))


def shared_attributes(invoice: Invoice, line: ServiceLine) -> dict[str, str]:
    return {
        "record_id": str(line.record_id),
        "tariff_type": line.tariff,
        "code": line.code,
        "name": line.name,
        "session": str(line.session),
        "quantity": str(line.quantity),
        "date_begin": f"{line.on}T00:00:00",
        "provider_id": invoice.practice.provider_gln,
        "responsible_id": invoice.practice.provider_gln,
        "amount": francs(line.amount_rappen),
        "vat_rate": str(line.vat_rate),
    }


def one_part(line: ServiceLine) -> dict[str, str]:
    return {"unit": str(line.points_mt), "unit_factor": str(line.value_mt)}


def two_parts(line: ServiceLine) -> dict[str, str]:
    """Return both parts, each rounded by itself (invoice-xml A1)."""
    medical, technical = line_parts(line)
    return {
        "unit_mt": str(line.points_mt),
        "unit_factor_mt": str(line.value_mt),
        "amount_mt": francs(medical),
        "unit_tt": str(line.points_tt),
        "unit_factor_tt": str(line.value_tt),
        "amount_tt": francs(technical),
    }
