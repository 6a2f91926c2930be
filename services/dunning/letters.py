"""Reminder letters: made after the step is recorded, stored under their content's name.

Rendering twice gives the same bytes, and a step's letter is recorded once; so a repeat is harmless
(BR-135). The debtor's name and address are opened here, for the letter, and nowhere else.
"""

import asyncio
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from libs.events import Envelope, ReminderEscalated
from libs.events.values import Party, Private, Stage, SubjectId
from libs.paper.letters import Creditor, creditor
from libs.paper.reminder import Instalment, Reminder, reminder_pdf
from libs.runtime.service import Effect, Parts
from services.dunning import configuration, queries
from services.dunning.arrangement import proposal
from services.dunning.decider import RecordLetter
from services.dunning.ladder import LETTERS

PROPOSING = frozenset({Stage.RPLUS_WRITTEN, Stage.FORMAL_NOTICE})
"""Letters that propose an arrangement. Source: BR-130."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the read tables know for a letter."""

    invoice: RowMapping
    """A row of `debtors`."""
    sender: configuration.Sender
    agency: str


def known(db: Connection, event: ReminderEscalated) -> Known:
    """Look up what a step's letter says besides the step itself."""
    practice = event.practice_id
    wishes = configuration.policies(db, {practice}).on(practice, event.on)
    return Known(
        invoice=queries.debtor_of(db, event.invoice_id),
        sender=configuration.sender(db, practice),
        agency=wishes.handover.agency if wishes.handover else "",
    )


def reminder(parts: Parts) -> Effect:
    """Return the effect that makes the letter of a step and has it recorded."""
    creditor_ = creditor(parts.settings)

    async def on_escalated(event: ReminderEscalated, _: Envelope) -> RecordLetter | None:
        if event.stage not in LETTERS:
            return None
        facts: Known = await parts.read("dunning", known, event)
        subject = SubjectId(facts.invoice["subject"])
        sealed = Private[Party](subject=subject, sealed=facts.invoice["sealed"])
        debtor = await asyncio.to_thread(
            parts.vault.open, sealed, facts.invoice["sealed_in"], "debtor", Party
        )
        document, pages = None, 0
        if debtor is not None:
            model = letter(event, facts, debtor, creditor_)
            pdf, pages = await asyncio.to_thread(reminder_pdf, model)
            document = await parts.documents.put(pdf, subject)
        return RecordLetter(
            practice_id=event.practice_id,
            invoice_id=event.invoice_id,
            stage=event.stage,
            run=event.run,
            document=document,
            pages=pages,
            on=parts.clock.today(),
        )

    return on_escalated


def letter(event: ReminderEscalated, facts: Known, debtor: Party, creditor_: Creditor) -> Reminder:
    """Return all that the letter says: about the sum, never about a treatment. Source: BR-130."""
    assert event.pay_by is not None, "a letter grants a term"
    invoice = facts.invoice
    proposed = proposal(event.open_rappen, event.pay_by) if event.stage in PROPOSING else ()
    return Reminder(
        stage=event.stage,
        language=invoice["language"],
        debtor=debtor,
        creditor=creditor_,
        practice=facts.sender.party,
        practice_phone=facts.sender.phone,
        number=invoice["number"],
        reference=invoice["reference"],
        invoiced_on=invoice["issued_on"],
        amount_rappen=invoice["amount_rappen"],
        paid_rappen=invoice["amount_rappen"] - event.open_rappen,
        open_rappen=event.open_rappen,
        written_on=event.on,
        pay_by=event.pay_by,
        next_on=event.next_on,
        agency=facts.agency,
        proposal=tuple(Instalment(part.amount_rappen, part.due_on) for part in proposed),
    )
