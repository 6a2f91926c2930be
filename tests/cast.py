"""Practices and messages for flow tests, from the simulated cooperative."""

from datetime import date, timedelta

from libs.events.values import PracticeKind
from libs.runtime.settings import Settings
from services.simulator.camt054 import Receipt, camt054
from services.simulator.invoices import Invoice, handed_in
from services.simulator.practices import Practice, Wish, practice
from services.simulator.request import message
from tests.system import Cooperative, Member

ACCOUNT: str = Settings.model_fields["creditor_iban"].default


def doctor(on: date, number: int = 1, canton: str = "ZH") -> Practice:
    """Return a general practice that hands in once a week, messages of 5.0."""
    kind = PracticeKind.GENERAL_PRACTICE
    wish = Wish(kind=kind, canton=canton, version="5.0", rhythm="weekly")
    return practice(7, number, wish, on)


def invoices(of: Practice, on: date, scheme: str = "") -> list[Invoice]:
    """Return what a practice would hand in within a month of a day, all dated that day."""
    found: list[Invoice] = []
    for back in range(35):
        day = on - timedelta(days=back)
        found += [one for one in handed_in(7, of, day) if one.request_on <= on]
    return [one for one in found if not scheme or one.scheme == scheme]


async def join(made: Cooperative, of: Practice) -> Member:
    """Make a simulated practice a member with its own settings."""
    return await made.join(
        of.account_no,
        of.gln,
        name=of.name,
        kind=of.kind,
        glns=of.glns,
        zsrs=of.zsrs,
        canton=of.canton,
        language=of.language,
        address=of.address,
        iban=of.iban,
        vat_number=of.vat_number,
    )


def xml(invoice: Invoice) -> bytes:
    """Return the message of an invoice."""
    return message(invoice)


def paid(number: int, on: date, *receipts: Receipt) -> bytes:
    """Return the bank's file of a day."""
    return camt054(number, on, ACCOUNT, receipts)
