"""What a practice hands over as JSON, instead of a message of its software.

The bodies of service records (variants I and RH), of keyed sheets (E) and of finished invoices (A):
the gateway describes them in its interface, ingest reads them.
"""

from libs.records.biller import Biller
from libs.records.finished import FINISHED_TYPE, Finished, FinishedInvoice, Group
from libs.records.handed import (
    Begun,
    Diagnosed,
    Handed,
    Insured,
    Insurer,
    Party,
    Patient,
    Place,
    Treatment,
)
from libs.records.services import Service, ServiceRecord, Tax

__all__ = [
    "FINISHED_TYPE",
    "Begun",
    "Biller",
    "Diagnosed",
    "Finished",
    "FinishedInvoice",
    "Group",
    "Handed",
    "Insured",
    "Insurer",
    "Party",
    "Patient",
    "Place",
    "Service",
    "ServiceRecord",
    "Tax",
    "Treatment",
]
