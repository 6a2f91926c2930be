"""Words for tests of factoring: a claim of which only what matters is said."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from libs.events import Event
from libs.events.values import CreditId, InvoiceId, Posting, PracticeId
from services.factoring.app import ACCOUNT, CLAIM, RECEIPT
from services.factoring.decider.claim import (
    AdvanceClaim,
    CloseClaim,
    NoteCollection,
    NoteDispute,
    ReviewAdvance,
    TransmitClaim,
)
from services.factoring.decider.claim_state import CloseReason
from services.factoring.decider.receipts import RecordReceipt, ReverseReceipt
from tests.scenario import Scenario

PRACTICE = PracticeId("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")
INVOICE = InvoiceId("9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d")
IDS: Mapping[str, Any] = {"practice_id": PRACTICE, "invoice_id": INVOICE}

ISSUED = date(2026, 1, 5)
DUE = date(2026, 2, 4)
RUN = date(2026, 1, 7)
PAID = date(2026, 2, 2)
LATER = date(2026, 6, 1)

claim = Scenario(CLAIM)
account = Scenario(ACCOUNT)
receipt = Scenario(RECEIPT)


def transmit(amount_rappen: int = 1_000_00, *, fee_bp: int = 120) -> TransmitClaim:
    return TransmitClaim(
        **IDS, amount_rappen=amount_rappen, due_on=DUE, on=ISSUED, fee_bp=fee_bp, vat_bp=810
    )


def advance(rate_bp: int = 8_000, room_rappen: int = 100_000_00, on: date = RUN) -> AdvanceClaim:
    return AdvanceClaim(**IDS, rate_bp=rate_bp, room_rappen=room_rappen, on=on)


def pay(
    amount_rappen: int,
    open_rappen: int,
    *,
    surplus_rappen: int = 0,
    charges_rappen: int = 0,
    credit: str = "credit-1",
    on: date = PAID,
) -> RecordReceipt:
    return RecordReceipt(
        **IDS,
        credit_id=CreditId(credit),
        amount_rappen=amount_rappen,
        surplus_rappen=surplus_rappen,
        charges_rappen=charges_rappen,
        open_rappen=open_rappen,
        on=on,
        value_on=on,
    )


def take_back(
    amount_rappen: int,
    open_rappen: int,
    *,
    surplus_rappen: int = 0,
    charges_rappen: int = 0,
    reversal: str = "reversal-1",
    on: date = LATER,
) -> ReverseReceipt:
    return ReverseReceipt(
        **IDS,
        reversal_id=CreditId(reversal),
        amount_rappen=amount_rappen,
        surplus_rappen=surplus_rappen,
        charges_rappen=charges_rappen,
        open_rappen=open_rappen,
        on=on,
    )


def close(reason: CloseReason, on: date = PAID) -> CloseClaim:
    return CloseClaim(**IDS, reason=reason, on=on)


def collect(on: date = LATER) -> NoteCollection:
    return NoteCollection(**IDS, on=on)


def dispute(on: date = PAID, *, disputed: bool = True) -> NoteDispute:
    return NoteDispute(**IDS, disputed=disputed, on=on)


def review(on: date) -> ReviewAdvance:
    return ReviewAdvance(**IDS, on=on)


def after(scenario: Scenario, *commands: Any) -> Scenario:
    """Return the scenario after commands that were all taken."""
    for command in commands:
        scenario = scenario.given(*scenario.when(command).decided())
    return scenario


def postings_of(events: Iterable[Event]) -> Iterable[Posting]:
    """Return all lines of all entries."""
    return [line for event in events for line in getattr(event, "postings", ())]


def balances(events: Iterable[Event]) -> dict[str, int]:
    """Return the accounts after all entries, those of nothing left out."""
    found: Counter[str] = Counter()
    for line in postings_of(events):
        found[line.account] += line.amount_rappen
    return {name: amount for name, amount in found.items() if amount}
