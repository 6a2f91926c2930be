"""The books against a plain model of what happened, whatever the order. Source: BR-155."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from libs.events import Event, Refused
from libs.events.values import CreditId, InvoiceId
from services.factoring.decider.claim import (
    AdvanceClaim,
    CloseClaim,
    NoteCollection,
    NoteDispute,
    ReviewAdvance,
    TransmitClaim,
)
from services.factoring.decider.receipts import RecordReceipt, ReverseReceipt
from tests.scenario import Scenario
from tests.unit.factoring.claims import PRACTICE, balances, claim

RAPPEN = st.integers(1, 5_000_00)
SMALL_RAPPEN = 5_00


@dataclass
class Invoice:
    """An invoice as invoicing sees it."""

    number: int
    open_rappen: int
    served: dict[CreditId, int] = field(default_factory=dict)
    surplus: dict[CreditId, int] = field(default_factory=dict)
    charges: dict[CreditId, int] = field(default_factory=dict)
    waived_rappen: int = 0
    cancelled: bool = False

    @property
    def invoice_id(self) -> InvoiceId:
        """The id under which factoring knows it."""
        return InvoiceId(f"invoice-{self.number}")


class Ledger(RuleBasedStateMachine):
    """Issue, pay, waive, cancel, take back, advance, contest, collect; say things twice."""

    invoices = Bundle("invoices")

    @initialize()
    def begin(self) -> None:
        """Start with empty books."""
        self.day = date(2026, 1, 5)
        self.count = 0
        self.known: list[Invoice] = []
        self.books: dict[InvoiceId, Scenario] = {}
        self.last: Any = None

    def act(self, command: Any) -> Sequence[Event]:
        """Do a command; a refusal leaves the books as they are."""
        scenario = self.books.setdefault(command.invoice_id, claim)
        self.last = command
        try:
            events = scenario.when(command).decided()
        except Refused:
            return ()
        assert all(event.practice_id == PRACTICE for event in events)
        self.books[command.invoice_id] = scenario.given(*events)
        return events

    def ids(self, invoice: Invoice) -> dict[str, Any]:
        """Return what names a claim in a command."""
        return {"practice_id": PRACTICE, "invoice_id": invoice.invoice_id}

    def new_credit(self) -> CreditId:
        """Return the id of a receipt that was not there before."""
        self.count += 1
        return CreditId(f"credit-{self.count}")

    @rule(target=invoices, amount=RAPPEN)
    def issue(self, amount: int) -> Invoice:
        """Issue an invoice."""
        invoice = Invoice(len(self.known), amount)
        self.known.append(invoice)
        self.act(
            TransmitClaim(
                **self.ids(invoice),
                amount_rappen=amount,
                due_on=self.day + timedelta(days=30),
                on=self.day,
                fee_bp=120,
                vat_bp=810,
            )
        )
        return invoice

    @rule(invoice=invoices, amount=RAPPEN, charges=st.sampled_from((0, 0, 1)))
    def pay(self, invoice: Invoice, amount: int, charges: int) -> None:
        """Pay some, all or too much; a small rest is waived."""
        credit = self.new_credit()
        served = 0 if invoice.cancelled else min(amount, invoice.open_rappen)
        invoice.open_rappen -= served
        invoice.served[credit], invoice.surplus[credit] = served, amount - served
        invoice.charges[credit] = charges
        self.act(
            RecordReceipt(
                **self.ids(invoice),
                credit_id=credit,
                amount_rappen=served,
                surplus_rappen=amount - served,
                charges_rappen=charges,
                open_rappen=invoice.open_rappen,
                on=self.day,
                value_on=self.day,
            )
        )
        if served and 0 < invoice.open_rappen <= SMALL_RAPPEN:
            invoice.waived_rappen, invoice.open_rappen = invoice.open_rappen, 0
            self.act(CloseClaim(**self.ids(invoice), reason="waived", on=self.day))

    @rule(invoice=invoices, which=st.integers(0, 9))
    def take_back(self, invoice: Invoice, which: int) -> None:
        """Let the bank take a receipt back; a waived rest is asked for again."""
        there = [c for c in invoice.served if invoice.served[c] + invoice.surplus[c]]
        if not there:
            return
        undone = there[which % len(there)]
        served, surplus = invoice.served.pop(undone), invoice.surplus.pop(undone)
        charges = invoice.charges.pop(undone)
        if served:
            invoice.open_rappen += served + invoice.waived_rappen
            invoice.waived_rappen = 0
        self.act(
            ReverseReceipt(
                **self.ids(invoice),
                reversal_id=CreditId(f"reversal-of-{undone}"),
                amount_rappen=served,
                surplus_rappen=surplus,
                charges_rappen=charges,
                open_rappen=invoice.open_rappen,
                on=self.day,
            )
        )

    @rule(invoice=invoices)
    def cancel(self, invoice: Invoice) -> None:
        """Cancel an invoice; what was paid on it is the debtor's."""
        invoice.open_rappen, invoice.waived_rappen, invoice.cancelled = 0, 0, True
        for credit, served in invoice.served.items():
            invoice.surplus[credit] += served
            invoice.served[credit] = 0
        self.act(CloseClaim(**self.ids(invoice), reason="cancelled", on=self.day))

    @rule(invoice=invoices, room=st.integers(0, 10_000_00))
    def advance(self, invoice: Invoice, room: int) -> None:
        """Run the weekly advances for one claim."""
        self.act(AdvanceClaim(**self.ids(invoice), rate_bp=8_000, room_rappen=room, on=self.day))

    @rule(invoice=invoices)
    def collect(self, invoice: Invoice) -> None:
        """Hand a claim over."""
        self.act(NoteCollection(**self.ids(invoice), on=self.day))

    @rule(invoice=invoices, disputed=st.booleans())
    def contest(self, invoice: Invoice, *, disputed: bool) -> None:
        """Contest a claim, or do so no more."""
        self.act(NoteDispute(**self.ids(invoice), disputed=disputed, on=self.day))

    @rule(invoice=invoices)
    def review(self, invoice: Invoice) -> None:
        """Look whether an advance has been out too long."""
        self.act(ReviewAdvance(**self.ids(invoice), on=self.day))

    @rule(days=st.integers(1, 70))
    def wait(self, days: int) -> None:
        """Let time pass."""
        self.day += timedelta(days=days)

    @precondition(lambda self: self.last is not None)
    @rule()
    def say_again(self) -> None:
        """Hear the last message once more."""
        assert self.act(self.last) == ()

    @invariant()
    def every_entry_sums_to_zero(self) -> None:
        """BR-155."""
        for event in self.events():
            assert sum(line.amount_rappen for line in getattr(event, "postings", ())) == 0

    @invariant()
    def accounts_are_what_happened(self) -> None:
        """Each account equals what the model says, to the rappen."""
        total = balances(self.events())
        served = sum(sum(one.served.values()) for one in self.known)
        surplus = sum(sum(one.surplus.values()) for one in self.known)
        open_rappen = sum(one.open_rappen for one in self.known)
        advanced = sum(scenario.state.advanced_rappen for scenario in self.books.values())
        fees = -total.get("3400", 0) - total.get("2200", 0)
        charges = sum(sum(one.charges.values()) for one in self.known)
        assert total.get("1020", 0) == served + surplus - charges
        assert total.get("6940", 0) == charges
        assert total.get("2030", 0) == -surplus
        assert total.get("9100", 0) == open_rappen
        assert total.get("9200", 0) == -open_rappen
        assert total.get("1150", 0) == advanced
        assert total.get("2000", 0) == fees - served - advanced
        assert total.get("2040", 0) == 0

    @invariant()
    def an_advance_is_never_negative_nor_more_than_was_given(self) -> None:
        """BR-155: 1150 for each invoice."""
        for scenario in self.books.values():
            out = 0
            highest = 0
            for event in scenario.events:
                out += balances([event]).get("1150", 0)
                highest = max(highest, out)
                assert out >= 0
            assert out == scenario.state.advanced_rappen <= highest

    def events(self) -> Sequence[Event]:
        """Return all that was said."""
        return [event for scenario in self.books.values() for event in scenario.events]


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
