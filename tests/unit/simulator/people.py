"""Practices and invoices that the simulator's tests ask for."""

from datetime import date

from libs.events.values import PracticeKind
from services.simulator.invoices import Invoice, invoice
from services.simulator.practices import Practice, Version, Wish, practice

ENDED_ON = date(2026, 3, 10)
SENT_ON = date(2026, 4, 1)


def some_practice(
    kind: PracticeKind = PracticeKind.GENERAL_PRACTICE, version: Version = "5.0", number: int = 7
) -> Practice:
    return practice(1, number, Wish(kind=kind, canton="BE", version=version), SENT_ON)


def some_invoices(of: Practice, count: int, ended_on: date = ENDED_ON) -> list[Invoice]:
    return [invoice(1, of, (ended_on, index), SENT_ON) for index in range(count)]
