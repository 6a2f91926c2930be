"""Double entry: the accounts, and the entry of each case. Pure. Source: BR-153.

Debit is positive, credit negative. An entry that does not sum to zero cannot exist, so neither can
an event that carries one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from libs.events.values import Posting


class Account(StrEnum):
    """Where money stands. Source: BR-153."""

    BANK = "1020"
    ADVANCES = "1150"
    """Advanced on open claims, with recourse."""
    MEMBER = "2000"
    DEBTOR_CREDITS = "2030"
    """Paid too much, or for what is asked no more: to be refunded (BR-89)."""
    UNIDENTIFIED = "2040"
    VAT = "2200"
    FEES = "3400"
    CHARGES = "6940"
    """Charges of the bank that the cooperative bears (payments 3.6, 7.1)."""
    HELD = "9100"
    """Memo: claims held in mandate."""
    OWNED = "9200"
    """Memo: members' claims in collection; the counterpart of 9100."""


Line: TypeAlias = tuple[Account, int]


@dataclass(frozen=True)
class Entry:
    """Lines that sum to zero; lines of nothing are left out."""

    lines: tuple[Line, ...] = ()

    def __post_init__(self) -> None:
        if sum(amount for _, amount in self.lines):
            raise ValueError(f"An entry sums to zero (BR-155): {self.lines}")

    def __add__(self, other: "Entry") -> "Entry":
        return Entry(self.lines + other.lines)

    @property
    def postings(self) -> tuple[Posting, ...]:
        """The entry as events carry it."""
        return tuple(Posting(account=a, amount_rappen=amount) for a, amount in self.lines if amount)


def moved(debit: Account, credit: Account, amount_rappen: int) -> Entry:
    """Return an amount debited to one account and credited to another."""
    return Entry(((debit, amount_rappen), (credit, -amount_rappen)))


def held(amount_rappen: int) -> Entry:
    """Hold a claim that is transmitted, or open again; negative: it is held no more."""
    return moved(Account.HELD, Account.OWNED, amount_rappen)


def received(amount_rappen: int) -> Entry:
    """Credit the member with what a debtor paid."""
    return moved(Account.BANK, Account.MEMBER, amount_rappen)


def taken_back(amount_rappen: int) -> Entry:
    """Debit the member with a payment that the bank took back."""
    return moved(Account.MEMBER, Account.BANK, amount_rappen)


def advanced(amount_rappen: int) -> Entry:
    """Credit a share of an open claim before it is paid."""
    return moved(Account.ADVANCES, Account.MEMBER, amount_rappen)


def repaid(amount_rappen: int) -> Entry:
    """Pay an advance back, out of a payment or charged to the member's account."""
    return moved(Account.MEMBER, Account.ADVANCES, amount_rappen)


def charged(net_rappen: int, vat_rappen: int) -> Entry:
    """Charge a fee of the cooperative with its VAT."""
    return moved(Account.MEMBER, Account.FEES, net_rappen) + moved(
        Account.MEMBER, Account.VAT, vat_rappen
    )


def overpaid(amount_rappen: int) -> Entry:
    """Credit the debtor with what came too much; negative: the bank took it back."""
    return moved(Account.BANK, Account.DEBTOR_CREDITS, amount_rappen)


def borne(amount_rappen: int) -> Entry:
    """Bear what the bank took off a receipt; negative: the receipt is undone with its charge."""
    return moved(Account.CHARGES, Account.BANK, amount_rappen)


def refundable(amount_rappen: int) -> Entry:
    """Give a debtor back what was paid on a claim that its practice cancelled."""
    return moved(Account.MEMBER, Account.DEBTOR_CREDITS, amount_rappen)


def unidentified(amount_rappen: int) -> Entry:
    """Keep money that no rule could place; negative: the bank took it back."""
    return moved(Account.BANK, Account.UNIDENTIFIED, amount_rappen)


def remitted(gross_rappen: int, commission_rappen: int) -> Entry:
    """Book what an agency collected, less its commission, the agency's VAT within."""
    return received(gross_rappen) + moved(Account.MEMBER, Account.BANK, commission_rappen)


def paid_out(amount_rappen: int) -> Entry:
    """Pay the member's credit to the member's bank."""
    return moved(Account.MEMBER, Account.BANK, amount_rappen)
