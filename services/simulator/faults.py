"""What goes wrong in practices, so that a newcomer sees findings (invoice-xml 20)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from enum import StrEnum

from msgspec import structs

from services.simulator.invoices import Invoice
from services.simulator.seeds import chance, pick
from services.simulator.tariffs import TARDOC, TARDOC_FROM, TARMED, TWO_PARTS


class Fault(StrEnum):
    """One way in which a handed-in invoice differs from what it should be."""

    WRONG_SUM = "wrong_sum"
    """The stated sum is not that of the lines: refused (BR-44)."""
    WRONG_DUE = "wrong_due"
    """The amount due is not rounded to 5 rappen: refused (invoice-xml A6)."""
    WRONG_TARIFF = "wrong_tariff"
    """A tariff that is not valid on the day of treatment: refused (BR-30)."""
    WRONG_AHV = "wrong_ahv"
    """An AHV number with a wrong check digit: a warning (invoice-xml 3)."""
    REPEATED = "repeated"
    """The same bytes once more: the same receipt (B22)."""
    CANCELLED = "cancelled"
    """Right at first, then cancelled by a storno some days later."""


WEIGHTS: dict[Fault, float] = {
    Fault.WRONG_SUM: 2,
    Fault.WRONG_DUE: 1,
    Fault.WRONG_TARIFF: 2,
    Fault.WRONG_AHV: 4,
    Fault.REPEATED: 3,
    Fault.CANCELLED: 4,
}
REFUSED = frozenset({Fault.WRONG_SUM, Fault.WRONG_DUE, Fault.WRONG_TARIFF})
"""Faults for which the practice must send the invoice again, corrected."""
CORRECTED_AFTER_DAYS = (1, 4)
CANCELLED_AFTER_DAYS = (5, 12)
_TOO_MUCH_RAPPEN = 1_000


def fault(seed: int, invoice: Invoice, share: float) -> Fault | None:
    """Return what is wrong with an invoice; `share` of all have something."""
    draw = chance(seed, "fault", invoice.request_id)
    return pick(draw, WEIGHTS) if draw.random() < share else None


def wait_days(seed: int, invoice: Invoice, least_most: tuple[int, int]) -> int:
    """Return after how many days the practice corrects or cancels."""
    return chance(seed, "fault wait", invoice.request_id).randint(*least_most)


def spoil(invoice: Invoice, what: Fault) -> Invoice:
    """Return the invoice as it goes out with the fault in it."""
    return _SPOILT[what](invoice) if what in _SPOILT else invoice


def corrected(invoice: Invoice, on: date) -> Invoice:
    """Return the right invoice, sent again: same number, a new object (invoice-xml 12)."""
    days = (on - invoice.request_on).days
    stamp = invoice.request_timestamp + days * 24 * 3600
    guid = f"{chance(0, 'corrected', invoice.guid, on).getrandbits(128):032x}"
    return replace(invoice, request_on=on, request_timestamp=stamp, guid=guid)


def _wrong_sum(invoice: Invoice) -> Invoice:
    sums = invoice.totals
    amount = sums.amount_rappen + _TOO_MUCH_RAPPEN
    return replace(invoice, totals=replace(sums, amount_rappen=amount))


def _wrong_due(invoice: Invoice) -> Invoice:
    due = invoice.totals.due_rappen + 1
    return replace(invoice, totals=replace(invoice.totals, due_rappen=due))


def _wrong_tariff(invoice: Invoice) -> Invoice:
    """Name the tariff of the other year; without a line of either, the sum goes wrong."""
    other = TARMED if invoice.treated_to >= TARDOC_FROM else TARDOC
    if not any(line.tariff in TWO_PARTS for line in invoice.lines):
        return _wrong_sum(invoice)
    lines = tuple(
        structs.replace(line, tariff=other) if line.tariff in TWO_PARTS else line
        for line in invoice.lines
    )
    return replace(invoice, lines=lines)


def _wrong_ahv(invoice: Invoice) -> Invoice:
    ahv = invoice.patient.ahv
    wrong = ahv[:-1] + str((int(ahv[-1]) + 1) % 10)
    return replace(invoice, patient=replace(invoice.patient, ahv=wrong))


_SPOILT: dict[Fault, Callable[[Invoice], Invoice]] = {
    Fault.WRONG_SUM: _wrong_sum,
    Fault.WRONG_DUE: _wrong_due,
    Fault.WRONG_TARIFF: _wrong_tariff,
    Fault.WRONG_AHV: _wrong_ahv,
}
