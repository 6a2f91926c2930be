"""Invoices as PDF with their QR-bill, on one core."""

from collections.abc import Iterator
from datetime import timedelta
from time import process_time

from bench.measure import Figure
from bench.reading import DAY, messages
from libs.events.values import Address, Party, Payer
from libs.paper.invoice import Invoice, invoice_pdf
from libs.paper.letters import creditor
from libs.paper.references import reference_number
from libs.runtime.settings import Settings
from services.ingest.message import xml_invoice

COUNT = 60
PRACTICE = Party(
    name="Praxis am Rosenweg",
    address=Address(street="Rosenweg", house_no="4", zip="8001", city="Zürich"),
    company=True,
)


def models() -> Iterator[Invoice]:
    for number, data in enumerate(messages("5.0", COUNT + 1), start=1):
        read = xml_invoice.parse(data, DAY)
        assert isinstance(read, xml_invoice.Invoice)
        yield Invoice(
            language=read.facts.language,
            creditor=creditor(Settings()),
            practice=PRACTICE,
            debtor=read.patient.party,
            patient=read.patient,
            payer=Payer.PATIENT,
            number=f"26-{number:06d}",
            reference=reference_number(1001, number),
            facts=read.facts,
            medical=read.medical,
            open_rappen=read.facts.due_rappen,
            rounding_rappen=read.facts.due_rappen - read.facts.amount_rappen,
            issued_on=DAY,
            due_on=DAY + timedelta(days=30),
        )


def figures() -> Iterator[Figure]:
    first, *rest = models()
    invoice_pdf(first)  # compiles template and fonts, once a process
    begun = process_time()
    pages = sum(invoice_pdf(model).pages for model in rest)
    spent = process_time() - begun
    yield Figure(
        what=f"invoices with QR-bill, {pages / len(rest):.1f} pages each",
        ours=len(rest) / spent,
        unit="/core s",
        at_least=50,
    )
