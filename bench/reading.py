"""Reading an invoice message, against lxml alone and against lxml with the official schema.

Each message is read once and is new to the reader: what it remembers is days, prices and codes of
other messages, as at work. The schemas are not part of the repository; where the folder beside it
is missing, a line says so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import cycle, islice
from pathlib import Path
from time import process_time
from tracemalloc import get_traced_memory, start, stop

from lxml import etree
from msgspec import structs

from bench.measure import ROUNDS, Figure, rates
from libs.events.values import PracticeKind
from services.ingest.message import xml_invoice
from services.simulator.invoices import Invoice, invoice, totals
from services.simulator.practices import Version, Wish, practice
from services.simulator.request import message

DAY = date(2026, 6, 1)
COUNT = 200
"""Messages of a turn."""
LINES = 42
"""Makes a message of some 20 kB, as the figures of event-log section 4 mean it."""
SIZES: Sequence[tuple[Version, int, int]] = (
    ("4.4", 0, COUNT),
    ("4.5", 0, COUNT),
    ("5.0", 0, COUNT),
    ("5.0", LINES, COUNT),
    ("5.0", 700, 12),
    ("5.0", 3_500, 4),
)
"""Version, lines (0: as many as a specialist has) and messages of a turn."""
SCHEMAS = Path(__file__).parents[2] / "shared" / "standards" / "invoice"
OF_PARSE = 0.45


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
    for version, lines, count in SIZES:
        data = messages(version, count * ROUNDS, lines)
        size = sum(map(len, data)) / len(data) / 1000
        wanted = lines == LINES
        what = f"{version}, {size:,.0f} kB: read, check, canonical"
        ours, alone, checked = rates(
            over(data, count, read),
            over(data, count, etree.fromstring),
            over(data, count, valid()),
            clock=process_time,
        )
        yield Figure(
            what=what,
            ours=ours,
            anchor=alone,
            against="lxml alone",
            at_least=OF_PARSE if wanted else None,
        )
        if SCHEMAS.exists():
            yield Figure(
                what=what,
                ours=ours,
                anchor=checked,
                against="lxml and official schema",
                at_least=1 if wanted else None,
            )
        else:
            print(f"no official schemas in {SCHEMAS}: not compared with them")
        yield peak(what.partition(":")[0], data[0])


def over(
    data: Sequence[bytes], count: int, work: Callable[[bytes], object]
) -> Callable[[int], int]:
    """Return a turn of the bench: the messages of its number, and how many they are."""

    def turn(number: int) -> int:
        for one in data[number * count : (number + 1) * count]:
            work(one)
        return count

    return turn


def read(one: bytes) -> None:
    assert isinstance(xml_invoice.parse(one, DAY), xml_invoice.Invoice)


def valid() -> Callable[[bytes], object]:
    """Return what parses and holds against the official schema; only parses where there is none."""
    if not SCHEMAS.exists():
        return etree.fromstring
    official = {
        version: etree.XMLSchema(etree.parse(SCHEMAS / f"generalInvoiceRequest_{version}0.xsd"))
        for version in ("44", "45", "50")
    }

    def check(one: bytes) -> None:
        root = etree.fromstring(one)
        hint = str(root.get("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"))
        assert official[hint[-7:-5]].validate(root)

    return check


def peak(what: str, one: bytes) -> Figure:
    """Return the most memory that reading takes, in bytes of Python for a byte of the message."""
    start()
    found = xml_invoice.parse(one, DAY)
    _, most = get_traced_memory()
    stop()
    assert isinstance(found, xml_invoice.Invoice)
    return Figure(what=f"{what}: memory at the most", ours=most / len(one), unit="B/B")
