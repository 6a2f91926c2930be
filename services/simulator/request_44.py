"""generalInvoiceRequest 4.4, as old software still sends it (invoice-xml 13).

Its slip is the orange one, which nobody has been able to pay since October 2022; readers take it.
"""

from lxml import etree
from stdnum.ch import esr

from libs.events.handed import ServiceLine
from services.simulator.invoices import Invoice
from services.simulator.markup import add, party_45
from services.simulator.parties import cast
from services.simulator.request_45 import (
    balance,
    billers,
    law,
    line_attributes,
    opened,
    others,
    tiers_name,
    treatment,
)
from services.simulator.request_50 import one_part, two_parts
from services.simulator.tariffs import TWO_PARTS

_PARTICIPANT = "200027"
_RECORDS = {
    "311": "record_paramed",
    "312": "record_paramed",
    "317": "record_lab",
    "402": "record_drug",
    "452": "record_migel",
}


def build(invoice: Invoice, prefix: str | None) -> etree._Element:
    parties = cast(invoice)
    root, body = opened(invoice, prefix, parties, "generalInvoiceRequest_440.xsd")
    balance(body, invoice)
    slip = add(body, "esr9", type="16or27", **_orange(invoice))
    party_45(add(slip, "bank"), parties.bank)
    tiers = add(body, tiers_name(invoice), payment_period=f"P{invoice.term_days}D")
    billers(tiers, invoice, parties)
    others(tiers, invoice, parties)
    law(body, invoice, parties)
    treatment(body, invoice)
    services = add(body, "services")
    for line in invoice.lines:
        _record(services, invoice, line)
    return root


def _orange(invoice: Invoice) -> dict[str, str]:
    """Return the slip's numbers; the coding line repeats them all (invoice-xml 6)."""
    reference = invoice.reference
    groups = [reference[:2], *(reference[at : at + 5] for at in range(2, len(reference), 5))]
    check = esr.calc_check_digit(f"01{_PARTICIPANT}")
    amount = f"01{max(0, invoice.totals.due_rappen):010d}"
    return {
        "participant_number": f"01-{_PARTICIPANT}-{check}",
        "reference_number": " ".join(groups),
        "coding_line": f"{amount}{esr.calc_check_digit(amount)}>{reference}+ "
        f"01{_PARTICIPANT}{check}>",
    }


def _record(services: etree._Element, invoice: Invoice, line: ServiceLine) -> None:
    shared = line_attributes(invoice, line)
    if line.tariff in TWO_PARTS:
        add(services, "record_tarmed", **shared, **two_parts(line))
    else:
        add(services, _RECORDS.get(line.tariff, "record_other"), **shared, **one_part(line))
