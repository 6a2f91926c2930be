"""generalInvoiceRequest 4.5, in the schema's order (invoice-xml 4 and 5.2)."""

from lxml import etree

from libs.events.handed import ServiceLine
from libs.events.values import Kind, Law, Scheme
from services.simulator.invoices import Invoice
from services.simulator.markup import add, document, francs, party_45, truth
from services.simulator.parties import (
    INTERMEDIATE_GLN,
    Cast,
    cast,
    has_insurer,
    place,
    reason,
    role_title,
)
from services.simulator.request_50 import (
    one_part,
    prolog,
    reference,
    shared_attributes,
    two_parts,
    vat_rates,
)
from services.simulator.tariffs import TWO_PARTS

CARD_EXPIRES = "2030-12-31T00:00:00"
"""4.4 wants the day, later versions take it."""


def build(invoice: Invoice, prefix: str | None) -> etree._Element:
    parties = cast(invoice)
    root, body = opened(invoice, prefix, parties, "generalInvoiceRequest_450.xsd")
    tiers = add(body, tiers_name(invoice), payment_period=f"P{invoice.term_days}D")
    billers(tiers, invoice, parties)
    party_45(add(tiers, "debitor", ean_party=parties.debtor_gln), parties.debtor)
    others(tiers, invoice, parties)
    balance(tiers, invoice)
    slip = add(
        body,
        "esrQR",
        type="esrQR",
        iban=invoice.practice.qr_iban,
        reference_number=invoice.reference,
    )
    party_45(add(slip, "bank"), parties.bank)
    party_45(add(slip, "creditor"), parties.biller)
    law(body, invoice, parties)
    treatment(body, invoice)
    services = add(body, "services")
    for line in invoice.lines:
        _service(services, invoice, line)
    return root


def opened(
    invoice: Invoice, prefix: str | None, parties: Cast, schema: str
) -> tuple[etree._Element, etree._Element]:
    """Return the message and its body, written up to the prolog; 4.4 begins the same way."""
    practice = invoice.practice
    root = document("request", prefix, schema, language=practice.language, modus="production")
    processing = add(root, "processing")
    transport = {"from": practice.gln, "to": parties.receiver_gln}
    add(add(processing, "transport", **transport), "via", via=INTERMEDIATE_GLN, sequence_id="1")
    payload = add(
        root,
        "payload",
        type="invoice",
        storno=truth(invoice.kind is Kind.STORNO),
        copy=truth(invoice.kind is Kind.COPY),
    )
    reference(payload, invoice)
    body = add(
        payload,
        "body",
        role=practice.traits.role,
        role_title=role_title(invoice),
        place=place(invoice),
    )
    prolog(body, invoice)
    if invoice.remark:
        add(body, "remark", invoice.remark)
    return root, body


def tiers_name(invoice: Invoice) -> str:
    return "tiers_payant" if invoice.scheme is Scheme.TP else "tiers_garant"


def billers(tiers: etree._Element, invoice: Invoice, parties: Cast) -> None:
    practice = invoice.practice
    biller = add(
        tiers,
        "biller",
        ean_party=practice.gln,
        zsr=practice.zsr,
        uid_number=practice.vat_number,
    )
    party_45(biller, parties.biller)


def others(tiers: etree._Element, invoice: Invoice, parties: Cast) -> None:
    """Append provider, insurance, patient and guarantor."""
    practice, patient = invoice.practice, invoice.patient
    provider = add(tiers, "provider", ean_party=practice.provider_gln, zsr=practice.zsr)
    party_45(provider, parties.provider)
    if has_insurer(invoice):
        party_45(add(tiers, "insurance", ean_party=invoice.insurer.gln), parties.insurer)
    element = add(
        tiers,
        "patient",
        gender=patient.sex,
        birthdate=f"{patient.born_on}T00:00:00",
        ssn=parties.ssn,
    )
    party_45(element, patient.person)
    if invoice.law in {Law.KVG, Law.VVG}:
        add(element, "card", card_id=patient.card, expiry_date=CARD_EXPIRES)
    party_45(add(tiers, "guarantor"), parties.payer)


def balance(parent: etree._Element, invoice: Invoice) -> None:
    sums = invoice.totals
    element = add(
        parent,
        "balance",
        currency="CHF",
        amount=francs(sums.amount_rappen),
        amount_due=francs(sums.due_rappen),
        amount_obligations=francs(sums.amount_rappen if _obliged(invoice) else 0),
    )
    vat_rates(element, invoice, vat_number=invoice.practice.vat_number)


def _obliged(invoice: Invoice) -> bool:
    """Whether the lines are services that the social insurances must pay."""
    return invoice.law not in {Law.ORG, Law.VVG}


def law(body: etree._Element, invoice: Invoice, parties: Cast) -> None:
    by_case = {"case_id": invoice.case_id, "case_date": f"{invoice.case_on}T00:00:00"}
    match invoice.law:
        case Law.KVG | Law.VVG:
            given = {"insured_id": invoice.patient.policy}
        case Law.ORG:
            given = {}
        case _:
            given = {**by_case, "ssn": parties.ssn}
    add(body, invoice.law.value.lower(), **given)


def treatment(body: etree._Element, invoice: Invoice) -> None:
    element = add(
        body,
        "treatment",
        date_begin=f"{invoice.treated_from}T00:00:00",
        date_end=f"{invoice.treated_to}T00:00:00",
        canton=invoice.practice.canton,
        reason=reason(invoice),
    )
    add(element, "diagnosis", type="cantonal", code=invoice.diagnosis)


def line_attributes(invoice: Invoice, line: ServiceLine) -> dict[str, str]:
    return {**shared_attributes(invoice, line), "obligation": truth(_obliged(invoice))}


def _service(services: etree._Element, invoice: Invoice, line: ServiceLine) -> None:
    shared = line_attributes(invoice, line)
    if line.tariff in TWO_PARTS:
        add(services, "service_ex", **shared, **two_parts(line))
    else:
        add(services, "service", **shared, **one_part(line))
