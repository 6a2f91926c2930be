"""Takes a service record in: read, priced by the tables, judged, then accepted like a message."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.events.handed import Finding
from libs.events.values import Variant
from libs.records import Biller, Handed, ServiceRecord
from libs.runtime.service import Parts
from libs.runtime.web import Handler, Querier
from services.ingest import records, tariff_projections
from services.ingest.decider.submission import Accepted, Rejected
from services.ingest.findings import Unreadable, broken, refused
from services.ingest.intake import Arrival, Intake
from services.ingest.places import Elements
from services.ingest.price_lists import Lists
from services.ingest.priced import Case, Priced
from services.ingest.pricing_sums import price
from services.ingest.records import Priceable
from services.ingest.written import Writer, days_of
from services.ingest.xml_invoice import Invoice

IN_LOOP_LINES_MAX: Final = 50
"""More lines are priced beside the loop, which must not stand still for them."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a record would come to, and what was noticed; no lines where none can be read."""

    priced: Priced | None
    findings: tuple[Finding, ...]


class RecordIntake:
    """Works with the parts of the service; one per request."""

    def __init__(self, parts: Parts, handle: Handler, read: Querier, biller: Biller) -> None:
        self._intake = Intake(parts, handle, read)
        self._read = read
        self._biller = biller

    async def take(self, arrival: Arrival, variant: Variant) -> tuple[Accepted | Rejected, bool]:
        """Return what the receipt says, and whether the same bytes had come in before."""
        judged, _ = await self._judge(arrival, variant)
        return await self._intake.settle(arrival, judged)

    async def judge(self, arrival: Arrival, variant: Variant) -> Invoice | Unreadable:
        """Return the invoice that a record becomes, or all that is wrong with it; keep nothing."""
        judged, _ = await self._judge(arrival, variant)
        return judged

    async def preview(self, arrival: Arrival, variant: Variant) -> Preview:
        """Return what a record would come to; nothing is kept. One half filled in is priced too."""
        judged, priced = await self._judge(arrival, variant)
        if isinstance(judged, Invoice):
            judged = await self._intake.compared(arrival, judged)
        found = judged.warnings if isinstance(judged, Invoice) else judged.findings
        if priced is None and (some := records.priceable(arrival.data)) is not None:
            lists = await self._read(tariff_projections.lists_for, some.lines)
            case, elements = _case(some, self._biller), Elements()
            priced = price(some.lines, some.prepaid_rappen, case, lists, elements)
            found += records.noticed(priced, elements)
        return Preview(priced=priced, findings=found)

    async def _judge(
        self, arrival: Arrival, variant: Variant
    ) -> tuple[Invoice | Unreadable, Priced | None]:
        if arrival.content_type.partition(";")[0].strip().lower() != "application/json":
            return refused((broken("content_type_not_json"),)), None
        body = records.read(arrival.data, ServiceRecord)
        if isinstance(body, Unreadable):
            return body, None
        lists = await self._read(tariff_projections.lists_for, body.lines)
        given = body, self._biller, lists, variant, arrival.today
        if len(body.lines) > IN_LOOP_LINES_MAX:
            return await asyncio.to_thread(judge, *given)
        return judge(*given)


def judge(
    body: ServiceRecord, biller: Biller, lists: Lists, variant: Variant, today: date
) -> tuple[Invoice | Unreadable, Priced]:
    """Return the invoice that a record becomes, or all that is wrong with it; and its prices."""
    writer = Writer(body, biller)
    priced = price(body.lines, body.prepaid_rappen, _case(body, biller), lists, writer)
    treated = days_of(body, [line.on for line in body.lines])
    written = writer.write(treated, priced.sums, priced.nodes)
    report = records.report_of(written, priced)
    return records.judged(body, written, variant, today, report), priced


def _case(body: Handed | Priceable, biller: Biller) -> Case:
    """Return what prices depend on: the practice's canton and kind, the payer's law and group."""
    return Case(
        law=body.law,
        canton=biller.canton,
        provider_kind=biller.kind,
        provider_gln=body.provider_gln or body.biller_gln or biller.gln,
        insurer_gln=body.insurer.gln if body.insurer else "",
        language=body.language or biller.language,
        taxable=bool(biller.vat_number),
        born_on=body.patient.born_on if isinstance(body, Handed) else None,
    )
