"""generalInvoiceRequest: an invoice as the message that its practice's software sends."""

from services.simulator import request_44, request_45, request_50
from services.simulator.invoices import Invoice
from services.simulator.markup import DIALECTS, written

_BUILDERS = {"4.4": request_44.build, "4.5": request_45.build, "5.0": request_50.build}


def message(invoice: Invoice) -> bytes:
    """Return the bytes of the message; the same invoice gives the same bytes.

    It is valid against the official schema of its version, and its sums hold to the rappen
    (invoice-xml A1 to A9).
    """
    prefix, encoding = DIALECTS[invoice.practice.software[0]]
    return written(_BUILDERS[invoice.practice.version](invoice, prefix), encoding)
