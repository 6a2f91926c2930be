"""The factoring service, assembled: what it decides, hears, shows and answers."""

from libs.events import (
    CollectionRequested,
    CreditUnmatched,
    HoldLifted,
    HoldPlaced,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
    ReversalUnmatched,
)
from libs.runtime.service import Decider, Parts, Service
from services.factoring import checks, configuration, consumers, due, projections, tables
from services.factoring.api import router
from services.factoring.decider import account, claim, receipt

CLAIM = Decider(
    name="claim",
    initial=claim.INITIAL,
    decide=claim.decide,
    evolve=claim.evolve,
    key=lambda command: command.invoice_id,
)
ACCOUNT = Decider(
    name="account",
    initial=account.INITIAL,
    decide=account.decide,
    evolve=account.evolve,
    key=lambda command: f"{command.practice_id}-{command.month}",
)
RECEIPT = Decider(
    name="receipt",
    initial=receipt.INITIAL,
    decide=receipt.decide,
    evolve=receipt.evolve,
    key=lambda command: command.credit_id,
)


def build(_: Parts) -> Service:
    """Return the service. It opens nothing: whose money it is needs no name of a patient."""
    books = configuration.open_books
    return Service(
        name="factoring",
        deciders=[CLAIM, ACCOUNT, RECEIPT],
        reactions={
            InvoiceIssued: (consumers.transmit, configuration.known),
            PaymentReceived: (consumers.record_receipt, books),
            PaymentReversed: (consumers.reverse_receipt, books),
            InvoiceSettled: (consumers.close_settled, books),
            InvoiceCancelled: (consumers.close_cancelled, books),
            CreditUnmatched: (consumers.park_credit, books),
            ReversalUnmatched: (consumers.park_reversal, books),
            CollectionRequested: (consumers.note_collection, books),
            HoldPlaced: consumers.note_dispute,
            HoldLifted: consumers.note_dispute,
        },
        projections=[
            projections.project_journal,
            projections.project_claims,
            projections.project_flags,
            projections.project_months,
            projections.project_contracts,
        ],
        due=[due.months_due, due.chargebacks_due, due.advances_due],
        tables=tables.metadata,
        router=router,
        checks=[
            checks.entries_sum_to_zero,
            checks.memo_accounts_agree,
            checks.money_stands_where_invoicing_says,
            checks.claims_fit_the_journal,
            checks.closings_fit_the_journal,
        ],
    )
