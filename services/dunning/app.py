"""The dunning service, assembled: what it decides, hears, shows, does and answers."""

from libs.events import (
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
    ReminderEscalated,
)
from libs.runtime.service import Decider, Parts, Service
from services.dunning import (
    api,
    checks,
    configuration,
    consumers,
    decider,
    due,
    letters,
    projections,
    tables,
)

CASE = Decider(
    name="case",  # streams are named case-<invoice id>, here and nowhere else
    initial=decider.INITIAL,
    decide=decider.decide,
    evolve=decider.evolve,
    key=lambda command: command.invoice_id,
)  # reads its commands and events from the annotations of decide and evolve


def build(parts: Parts) -> Service:
    """Return the service. Nothing it hears is opened: only a letter reads a debtor's name."""
    return Service(
        name="dunning",
        deciders=[CASE],
        reactions={
            InvoiceIssued: (consumers.open_case, configuration.known),
            PaymentReceived: (consumers.record_payment, configuration.known_of_money),
            PaymentReversed: (consumers.record_reversal, configuration.known_of_money),
            InvoiceSettled: consumers.stop_settled,
            InvoiceCancelled: consumers.stop_cancelled,
        },
        effects={ReminderEscalated: letters.reminder(parts)},
        projections=[
            projections.project_cases,
            projections.project_holds,
            projections.project_steps,
            projections.project_debtors,
            configuration.project_practices,
        ],
        due=[due.reviews_due, due.escalations_due(parts.clock)],
        tables=tables.metadata,
        router=api.routes(parts.documents),
        checks=[checks.open_sums, checks.nobody_is_reminded_wrongly],
    )
