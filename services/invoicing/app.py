"""Invoicing, assembled."""

from operator import attrgetter

from libs.events import (
    BankCreditBooked,
    BankCreditReversed,
    InvoiceIssued,
    SubmissionAccepted,
)
from libs.runtime.service import Decider, Parts, Service
from services.invoicing import api, checks, configuration, consumers, letters, projections, tables
from services.invoicing.decider import credit, invoice

INVOICE = Decider(
    name="invoice",  # streams are named invoice-<invoice id>, here and nowhere else
    initial=invoice.INITIAL,
    decide=invoice.decide,
    evolve=invoice.evolve,
    key=attrgetter("invoice_id"),
)
CREDIT = Decider(
    name="credit",
    initial=credit.INITIAL,
    decide=credit.decide,
    evolve=credit.evolve,
    key=attrgetter("credit_id"),
)


def build(parts: Parts) -> Service:
    """Return the service."""
    return Service(
        name="invoicing",
        deciders=[INVOICE, CREDIT],
        reactions={
            SubmissionAccepted: (consumers.act_on_submission, configuration.desk(parts.clock)),
            BankCreditBooked: (consumers.match_credit, configuration.receivers),
            BankCreditReversed: (consumers.match_reversal, configuration.reversal_receivers),
        },
        effects={InvoiceIssued: letters.send(parts)},
        projections=[
            projections.project_directory,
            projections.project_invoices,
            projections.project_documents,
            projections.project_requests,
            projections.project_receipts,
            projections.project_reported,
        ],
        tables=tables.metadata,
        router=api.routes(parts.documents),
        opens=frozenset({SubmissionAccepted, InvoiceIssued}),
        checks=[
            checks.every_submission_is_one_invoice,
            checks.every_bank_line_stands_in_one_place,
            checks.what_is_open_follows_from_what_was_paid,
        ],
        waiting=[checks.waiting],
    )
