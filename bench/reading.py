"""Reading an invoice message, against lxml's parse of the same bytes alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle, islice

from lxml import etree
from msgspec import structs

from bench.measure import Figure, alternately
from libs.events.values import PracticeKind
from services.ingest import xml_invoice
from services.simulator.invoices import Invoice, invoice, totals
from services.simulator.practices import Version, Wish, practice
from services.simulator.request import message

DAY = date(2026, 6, 1)
COUNT = 400
LINES = 42
"""Makes a message of some 20 kB, as the figures of event-log section 4 mean it."""
SIZES: tuple[tuple[Version, int], ...] = (("4.4", 0), ("4.5", 0), ("5.0", 0), ("5.0", LINES))


def messages(version: Version, count: int = COUNT, lines: int = 0) -> list[bytes]:
    """Return messages of a specialist, the same in every run; all of so many lines, if said."""
    sender = practice(1, 1, Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version=version), DAY)
    ended_on = DAY - timedelta(days=3)
    sent = (invoice(1, sender, (ended_on, index), DAY) for index in range(count))
    return [message(lengthened(one, lines) if lines else one) for one in sent]


def lengthened(one: Invoice, count: int) -> Invoice:
    """Return the invoice with its lines repeated up to a number."""
    repeated = islice(cycle(one.lines), count)
    lines = tuple(
        structs.replace(line, record_id=number) for number, line in enumerate(repeated, start=1)
    )
    return replace(one, lines=lines, totals=totals(lines))


def figures() -> Iterator[Figure]:
    for version, lines in SIZES:
        data = messages(version, COUNT, lines)
        size = sum(map(len, data)) / len(data) / 1000

        def read(_: int, data: list[bytes] = data) -> None:
            for one in data:
                assert isinstance(xml_invoice.parse(one, DAY), xml_invoice.Invoice)

        def parse(_: int, data: list[bytes] = data) -> None:
            for one in data:
                etree.fromstring(one)

        ours, anchor = alternately(COUNT, read, parse)
        yield Figure(
            what=f"{version}, {size:.0f} kB: read, check, canonical",
            ours=ours,
            anchor=anchor,
            against="lxml alone",
        )
