"""What factoring says: whose money it is."""

from datetime import date

from libs.events.event import Event
from libs.events.values import CreditId, InvoiceId, Ownership, Posting


class ClaimTransmitted(Event, frozen=True, kw_only=True):
    """An invoice entered the books of its member (memo accounts 9100 and 9200)."""

    invoice_id: InvoiceId
    ownership: Ownership
    amount_rappen: int
    due_on: date | None = None
    """Last day to pay without being late; decides whether it may be advanced (BR-141)."""
    on: date
    postings: tuple[Posting, ...]


class AdvanceCredited(Event, frozen=True, kw_only=True):
    """A share of an open invoice was credited before it was paid (BR-142)."""

    invoice_id: InvoiceId
    amount_rappen: int
    on: date
    postings: tuple[Posting, ...]


class MemberCredited(Event, frozen=True, kw_only=True):
    """Received money was credited to the member, an advance on it repaid first (BR-147)."""

    invoice_id: InvoiceId
    credit_id: CreditId
    amount_rappen: int
    repaid_rappen: int
    credited_rappen: int = 0
    """What the member has had for this invoice in all, this act included: read tables set it."""
    open_rappen: int = 0
    """What is still held of the claim after this act (account 9100)."""
    advanced_rappen: int = 0
    """What is still advanced on it after this act (account 1150)."""
    on: date
    value_on: date
    postings: tuple[Posting, ...]


class MemberDebited(Event, frozen=True, kw_only=True):
    """Money that the bank took back was debited to the member."""

    invoice_id: InvoiceId
    credit_id: CreditId
    amount_rappen: int
    credited_rappen: int = 0
    """What the member has had for this invoice in all, this act included: read tables set it."""
    surplus_rappen: int = 0
    """What the bank took back beyond that: it had been the debtor's credit (account 2030)."""
    open_rappen: int = 0
    """What is held of the claim again after this act (account 9100)."""
    on: date
    postings: tuple[Posting, ...]


class ClaimChargedBack(Event, frozen=True, kw_only=True):
    """An advance went back to the member's account (BR-145)."""

    invoice_id: InvoiceId
    amount_rappen: int
    reason: str
    on: date
    postings: tuple[Posting, ...]


class ClaimClosed(Event, frozen=True, kw_only=True):
    """What was left of a claim leaves the memo accounts: cancelled, waived or lost."""

    invoice_id: InvoiceId
    amount_rappen: int
    refundable_rappen: int = 0
    """What the debtor had paid of a cancelled claim: credit of the debtor again (BR-89)."""
    reason: str
    on: date
    postings: tuple[Posting, ...]


class FeeCharged(Event, frozen=True, kw_only=True):
    """The cooperative's fee for an act, with its VAT (BR-51, BR-158)."""

    invoice_id: InvoiceId
    service: str
    net_rappen: int
    vat_rappen: int
    on: date
    postings: tuple[Posting, ...]


class ReceiptParked(Event, frozen=True, kw_only=True):
    """Money that belongs to nobody yet was booked to accounts 2030 or 2040 (BR-89)."""

    credit_id: CreditId
    amount_rappen: int
    """Negative: the bank took it back."""
    on: date
    postings: tuple[Posting, ...]
