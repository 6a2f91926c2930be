"""Pricing service records, against reading the same invoices as messages; searching positions.

A record is read, priced by lists at hand, judged by the rules of messages and made an invoice. The
search asks a list of a full tariff's size on SQLite, as the portal asks while somebody types.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from time import process_time
from typing import Any

from sqlalchemy import Connection

from bench.measure import ROUNDS, Figure, rates
from bench.reading import DAY, lengthened, over, read
from bench.servers import on_sqlite
from libs.events import Envelope
from libs.events.values import COOPERATIVE, EventId, PracticeKind, Variant
from libs.records import Biller, ServiceRecord
from libs.runtime import migrate, rows
from libs.runtime.engines import open_engine
from services.ingest import tariff_projections
from services.ingest.bodies import records
from services.ingest.bodies.record_parts import whole
from services.ingest.decider.tariffs import PositionsImported
from services.ingest.message.xml_invoice import Invoice
from services.ingest.prices.price_lists import Lists, PointValue, Position, VatRate
from services.ingest.prices.tariff_lists import Rows, read_list
from services.ingest.record_intake import judge
from services.simulator.invoices import invoice
from services.simulator.practices import Practice, Wish, practice
from services.simulator.record import record
from services.simulator.request import message

COUNT = 100
LINES = (0, 42)
"""Lines of a record; 0 is as many as a general practice has."""
POSITIONS = 5_000
SEARCHES = 100
AT_MOST_MS = 10
"""Less than anybody notices while typing, twenty at once included."""
NOBODYS = Envelope(
    id=EventId(""), source="ingest", type="", stream="", version=1, tenant=COOPERATIVE, position=1,
    recorded_at=datetime(2026, 1, 1, tzinfo=UTC), correlation_id="", causation_id="", data=b"",
)  # fmt: skip
WORDS = ("konsultation", "position 4", "aa.00", "nichts davon")


def figures() -> Iterator[Figure]:
    sender = practice(
        1, 1, Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="ZH", version="5.0"), DAY
    )
    for lines in LINES:
        yield pricing(sender, lines)
    yield searching()


def pricing(sender: Practice, lines: int) -> Figure:
    """Return records priced a second, against the same invoices read as messages."""
    ended_on = DAY - timedelta(days=3)
    sent = [invoice(1, sender, (ended_on, index), DAY) for index in range(COUNT * ROUNDS)]
    sent = [lengthened(one, lines) if lines else one for one in sent]
    bodies = [json.dumps(record(one)).encode() for one in sent]
    lists, by = sampled(), biller(sender)

    def price(data: bytes) -> None:
        body = records.read(data, ServiceRecord)
        assert isinstance(body, ServiceRecord)
        found, _ = judge(whole(body), by, lists, Variant.SUITE, DAY)
        assert isinstance(found, Invoice)

    ours, anchor = rates(
        over(bodies, COUNT, price),
        over([message(one) for one in sent], COUNT, read),
        clock=process_time,
    )
    what = f"{lines} lines" if lines else "as a general practice has them"
    return Figure(
        what=f"record, {what}: read, price, check", ours=ours, anchor=anchor, against="as XML 5.0"
    )


def sampled() -> Lists:
    """Return the lists that ship as samples."""
    positions, values = defaultdict(list), defaultdict(list)
    for position in _rows("positions", Position):
        positions[position.key].append(position)
    for value in _rows("point_values", PointValue):
        values[value.tariff].append(value)
    known = frozenset(tariff for tariff, _ in positions)
    return Lists(positions=positions, known=known, values=values, rates=_rows("vat_rates", VatRate))


def _rows(name: str, kind: type[Any]) -> Sequence[Any]:
    found = read_list(
        (files("services.ingest.prices") / "samples" / f"{name}.csv").read_bytes(), kind
    )
    assert isinstance(found, Rows)
    return found.rows


def biller(of: Practice) -> Biller:
    """Return a practice as the gateway names it."""
    return Biller(
        gln=of.gln,
        zsr=of.zsr,
        kind=of.kind.value,
        canton=of.canton,
        language=of.language,
        vat_number=of.vat_number,
    )


def searching() -> Figure:
    """Return how long a search of a tariff takes that has as many positions as the largest."""
    event = PositionsImported(
        practice_id=COOPERATIVE, file="", imported_at=datetime(2026, 1, 1, tzinfo=UTC),
        positions=tuple(map(_invented, range(POSITIONS))),
    )  # fmt: skip
    with on_sqlite() as create:
        engine = open_engine(create("ingest"))
        migrate.upgrade("ingest", engine)
        with engine.begin() as db:
            rows.write(db, tariff_projections.project_tariffs(event, NOBODYS))
        with engine.connect() as db:
            (each,) = rates(lambda _: _search(db), clock=process_time)
        engine.dispose()
    return Figure(
        what=f"search of {POSITIONS:,} positions",
        ours=1000 / each,
        unit="ms",
        at_most=AT_MOST_MS,
    )


def _search(db: Connection) -> int:
    for number in range(SEARCHES):
        words = WORDS[number % len(WORDS)].split()
        tariff_projections.search(db, "007", words, DAY, 8)
    return SEARCHES


def _invented(number: int) -> Position:
    return Position(
        tariff="007",
        code=f"{'ABCDEFGH'[number % 8]}A.{number // 100:02d}.{number:04d}",
        valid_from=date(2026, 1, 1),
        shape="two_part",
        points_mt=Decimal(number),
        points_tt=Decimal(1),
        source="bench",
        name_de=f"Konsultation, Position {number}",
        name_fr=f"Consultation, position {number}",
        name_it=f"Consultazione, posizione {number}",
    )
