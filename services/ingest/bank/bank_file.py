"""What a bank file says once it is proved: each movement in exactly one place. Pure."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from libs.events.values import CreditId
from services.ingest.bank.camt_entries import Detail, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money on our account: in, or an earlier receipt taken back."""

    credit_id: CreditId
    account: str
    amount_rappen: int
    charges_rappen: int
    reference: str
    booked_on: date
    value_on: date
    bank_reference: str
    payer: str
    text: str


@dataclass(frozen=True, slots=True)
class Unidentified:
    """A receipt without any reference of the bank: a person must look, no key is invented."""

    amount_rappen: int
    booked_on: date
    line: int


@dataclass(kw_only=True)
class BankFile:
    """What a file says, each entry in exactly one place."""

    message_id: str = ""
    created_at: str = ""
    version: str = ""
    accounts: set[str] = field(default_factory=set)
    credits: dict[CreditId, Movement] = field(default_factory=dict)
    reversals: dict[CreditId, Movement] = field(default_factory=dict)
    unidentified: list[Unidentified] = field(default_factory=list)
    repeated: int = 0
    """Receipts that stand in the file a second time."""
    pending_count: int = 0
    pending_rappen: int = 0
    """Announced, not booked; they come again (payments 3.8, number 5)."""
    other_count: int = 0
    other_rappen: int = 0
    """Payouts, their returns and charges, with sign: not ours to match here."""


def kind_of(entry: Entry, detail: Detail) -> Literal["credit", "reversal", "other"]:
    """Return what a movement is (payments 3.7); codes steer only what nothing else tells."""
    if detail.sign == "CRDT":
        returned = entry.reversal or entry.sub_family == "RRTN" or detail.returned
        return "other" if returned else "credit"
    taken_back = entry.reversal or (entry.family, entry.sub_family) == ("RCDT", "RRTN")
    return "reversal" if taken_back else "other"
