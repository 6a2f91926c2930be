"""Reading an invoice message, against lxml's parse of the same bytes alone."""

from collections.abc import Iterator
from datetime import date, timedelta

from lxml import etree

from bench.measure import Figure, alternately
from libs.events.values import PracticeKind
from services.ingest import xml_invoice
from services.simulator.invoices import invoice
from services.simulator.practices import Version, Wish, practice
from services.simulator.request import message

DAY = date(2026, 6, 1)
VERSIONS: tuple[Version, ...] = ("4.4", "4.5", "5.0")
COUNT = 400


def messages(version: Version, count: int = COUNT) -> list[bytes]:
    """Return messages of a specialist, the same in every run."""
    sender = practice(1, 1, Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version=version), DAY)
    ended_on = DAY - timedelta(days=3)
    return [message(invoice(1, sender, (ended_on, index), DAY)) for index in range(count)]


def figures() -> Iterator[Figure]:
    for version in VERSIONS:
        data = messages(version)
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
