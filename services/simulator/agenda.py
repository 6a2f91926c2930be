"""What debtors have in mind: who will look at which invoice when, and what the bank then books."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from libs.events.values import Payer
from services.simulator.behaviour import (
    Debt,
    Dispute,
    Intent,
    Slip,
    dispute,
    feels,
    insurer_answers,
    insurer_intent,
    patient_intent,
)
from services.simulator.camt054 import Receipt
from services.simulator.invoices import Invoice
from services.simulator.response import Answer

FIRST_LOOK_DAYS, NEXT_LOOK_DAYS = 50, 5
"""Who waits for a reminder looks at the invoice from the day of the first one on (BR-120)."""
REST_AFTER_DAYS = 30
"""Who paid a part pays the rest so much later."""
TAKEN_BACK_AFTER_DAYS, ONCE_MORE_AFTER_DAYS = 3, 10
PART = 0.75
"""Who pays less than this share means it as a part payment."""
WEEKEND, WEEK = 5, 7


@dataclass(frozen=True, kw_only=True)
class Issued:
    """An invoice as the cooperative issued it and its partner read it over REST."""

    invoice_id: str
    number: str
    reference: str
    payer: Payer
    issued_on: date
    open_rappen: int
    sent: Invoice
    """What the practice handed in for it."""

    @property
    def name(self) -> str:
        """Return who stands on the bank's notification."""
        if self.payer is Payer.INSURER:
            return self.sent.insurer.name
        person = self.sent.patient.payer(self.sent.treated_from)
        return f"{person.given_name} {person.name}"


@dataclass(frozen=True, kw_only=True)
class Look:
    """A debtor takes the invoice in hand, to pay it or to wait on."""

    issued: Issued
    intent: Intent
    heard: bool = False
    """Whether the reminder it waited for has come."""


@dataclass(frozen=True, kw_only=True)
class Contested:
    """An invoice whose reminders rest until the practice has answered."""

    issued: Issued
    answered_on: date


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An insurer says what it makes of an invoice."""

    issued: Issued
    answer: Answer


@dataclass(kw_only=True)
class Agenda:
    """All that is planned, by day. The bank works on Mondays to Fridays."""

    seed: int
    looks: dict[date, list[Look]] = field(default_factory=lambda: defaultdict(list))
    receipts: dict[date, list[Receipt]] = field(default_factory=lambda: defaultdict(list))
    holds: dict[date, list[Contested]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[date, list[Contested]] = field(default_factory=lambda: defaultdict(list))
    """Contested invoices, by the day of the contestation and by that of the practice's answer."""
    said: dict[date, list[Answered]] = field(default_factory=lambda: defaultdict(list))
    """What insurers answer."""
    last_reference: dict[int, str] = field(default_factory=dict)
    """By practice: what someone writes who takes the wrong slip."""
    booked: int = 0

    def take(self, issued: Issued) -> None:
        """Plan how the debtor of a new invoice will pay."""
        practice = issued.sent.practice
        debt = Debt(
            request_id=issued.sent.request_id,
            amount_rappen=issued.open_rappen,
            canton=practice.canton,
            late=practice.traits.late,
        )
        if issued.payer is Payer.INSURER:
            intent = insurer_intent(self.seed, debt)
            if not practice.suite:  # of messages written here nobody outside knows the stamp
                self._answer(issued, insurer_answers(self.seed, debt, intent))
        elif (contested := dispute(self.seed, debt)) is not None:
            self._contest(issued, contested)
            return
        else:
            intent = patient_intent(self.seed, debt)
        if intent.days is None:
            return
        days = intent.days if intent.after is None else FIRST_LOOK_DAYS
        on = issued.issued_on + timedelta(days=days)
        self._plan(on, Look(issued=issued, intent=intent))

    def _contest(self, issued: Issued, contested: Dispute) -> None:
        begun = working(issued.issued_on + timedelta(days=contested.days))
        answered = working(begun + timedelta(days=contested.answered_after_days))
        entry = Contested(issued=issued, answered_on=answered)
        self.holds[begun].append(entry)
        self.answers[answered].append(entry)
        pays = Look(issued=issued, intent=Intent(days=0, amount_rappen=issued.open_rappen))
        self._plan(answered + timedelta(days=contested.paid_after_days), pays)

    def _answer(self, issued: Issued, answers: Sequence[tuple[int, Answer]]) -> None:
        for days, answer in answers:
            on = working(issued.issued_on + timedelta(days=days))
            self.said[on].append(Answered(issued=issued, answer=answer))

    def due(self, on: date) -> list[Look]:
        """Return who takes an invoice in hand on a day, in an order that answers do not change."""
        return sorted(self.looks.pop(on, []), key=lambda look: look.issued.sent.request_id)

    def decide(self, on: date, look: Look, stage: str | None, open_rappen: int) -> None:
        """Pay, wait for the reminder that moves this debtor, or leave what is settled."""
        intent = look.intent
        if open_rappen <= 0:
            return
        if not look.heard and not feels(stage, intent.after):
            self._plan(on + timedelta(days=NEXT_LOOK_DAYS), look)
        elif not look.heard and intent.after is not None and intent.days:
            self._plan(on + timedelta(days=intent.days), replace(look, heard=True))
        else:
            self._pay(on, look, open_rappen)

    def _pay(self, on: date, look: Look, open_rappen: int) -> None:
        issued, intent = look.issued, look.intent
        amount = max(5, intent.amount_rappen + open_rappen - issued.open_rappen)
        receipt = self._receipt(issued, amount, intent.slip)
        self.receipts[on].append(receipt)
        again = Intent(days=0, amount_rappen=issued.open_rappen)
        if intent.again_after_days is not None:
            self.receipts[working(on + timedelta(days=intent.again_after_days))].append(
                self._receipt(issued, amount, Slip.RIGHT)
            )
        elif amount < issued.open_rappen * PART:
            rest = Look(issued=issued, intent=again, heard=True)
            self._plan(on + timedelta(days=REST_AFTER_DAYS), rest)
        elif intent.taken_back and receipt.reference:
            back = working(on + timedelta(days=TAKEN_BACK_AFTER_DAYS))
            reversal = self._receipt(issued, amount, Slip.RIGHT)
            self.receipts[back].append(replace(reversal, reversal=True))
            once_more = Look(issued=issued, intent=again, heard=True)
            self._plan(back + timedelta(days=ONCE_MORE_AFTER_DAYS), once_more)
        self.last_reference[issued.sent.practice.number] = issued.reference

    def _receipt(self, issued: Issued, amount_rappen: int, slip: Slip) -> Receipt:
        self.booked += 1
        other = self.last_reference.get(issued.sent.practice.number, issued.reference)
        by_slip = {Slip.RIGHT: issued.reference, Slip.OTHER: other, Slip.MISSING: ""}
        return Receipt(
            bank_reference=f"Z{self.booked:011d}",
            amount_rappen=amount_rappen,
            reference=by_slip[slip],
            payer=issued.name,
            text="" if by_slip[slip] else f"Rechnung {issued.number}",
        )

    def _plan(self, on: date, look: Look) -> None:
        """Plan for a day on which the bank works; an insurer pays on its day of the week."""
        day = working(on)
        if look.issued.payer is Payer.INSURER:
            pays = int(look.issued.sent.insurer.code) % WEEKEND
            day += timedelta(days=(pays - day.weekday()) % WEEK)
        self.looks[day].append(look)


def working(on: date) -> date:
    """Return the day itself or the Monday after a weekend."""
    return on + timedelta(days=max(0, WEEK - on.weekday()) if on.weekday() >= WEEKEND else 0)
