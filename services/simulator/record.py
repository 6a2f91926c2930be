"""An invoice as service records: what a practice suite hands in where prices are made elsewhere.

The lines say what was done and no price; the lists that the demo imports make the same prices of
them as stand in the invoice. Source: BR-28, variant RH.
"""

from decimal import Decimal
from typing import Any

from libs.events.handed import ServiceLine
from libs.events.values import Address, Law, Party
from services.simulator.invoices import Invoice
from services.simulator.parties import cast, has_insurer, reason
from services.simulator.tariffs import DENTAL, HOME_CARE

_MINUTES = 60
_FREE_VALUE = frozenset((Law.ORG, Law.VVG))
"""Under these a dentist sets the value of a point (BR-38)."""


def record(invoice: Invoice) -> dict[str, Any]:
    """Return the body of an invoice for `POST /v1/service-records`."""
    patient, parties = invoice.patient, cast(invoice)
    body: dict[str, Any] = {
        "request_id": invoice.request_id,
        "request_on": f"{invoice.request_on}",
        "request_timestamp": invoice.request_timestamp,
        "scheme": invoice.scheme.value,
        "law": invoice.law.value,
        "biller_gln": invoice.practice.gln,
        "provider_gln": invoice.practice.provider_gln,
        "patient": _party(patient.person)
        | {"born_on": f"{patient.born_on}", "sex": patient.sex, "ahv": parties.ssn},
        "treatment": {
            "reason": reason(invoice),
            "diagnoses": [{"type": "cantonal", "code": invoice.diagnosis}],
        },
        "term_days": invoice.term_days,
        "remark": invoice.remark,
        "lines": [_line(invoice, line) for line in invoice.lines],
    }
    if has_insurer(invoice):
        body["insurer"] = _insurer(invoice)
        body["insured"] = _insured(invoice)
    if parties.debtor not in {patient.person, parties.insurer}:
        body["debtor"] = _party(parties.debtor)
    return body


def _party(party: Party) -> dict[str, Any]:
    given = {
        "name": party.name,
        "given_name": party.given_name,
        "salutation": party.salutation,
        "address": _address(party.address),
    }
    return given | ({"company": True} if party.company else {})


def _address(address: Address) -> dict[str, str]:
    return {
        "street": address.street,
        "house_no": address.house_no,
        "zip": address.zip,
        "city": address.city,
    }


def _insurer(invoice: Invoice) -> dict[str, Any]:
    insurer = invoice.insurer
    return {"gln": insurer.gln, "name": insurer.name, "address": _address(insurer.address)}


def _insured(invoice: Invoice) -> dict[str, str]:
    patient = invoice.patient
    if invoice.law in {Law.KVG, Law.VVG}:
        return {"insured_id": patient.policy, "card_id": patient.card}
    return {"case_id": invoice.case_id, "case_on": f"{invoice.case_on}"}


def _line(invoice: Invoice, line: ServiceLine) -> dict[str, Any]:
    """Return a line without its price; home care counts in minutes (BR-42)."""
    minutes = line.tariff == HOME_CARE
    quantity = line.quantity * _MINUTES if minutes else line.quantity
    said: dict[str, Any] = {
        "tariff": line.tariff,
        "code": line.code,
        "quantity": f"{quantity.normalize():f}",
        "on": f"{line.on}",
        "section": line.section,
    }
    if line.tariff == DENTAL and invoice.law in _FREE_VALUE and line.value_mt != Decimal(1):
        said["point_value"] = f"{line.value_mt}"
    return said
