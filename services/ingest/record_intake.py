"""Takes a service record in: read, priced by the tables, judged, then accepted like a message."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeAlias

from libs.events.handed import Finding
from libs.events.values import Variant
from libs.records import Biller, Handed, ServiceRecord
from libs.runtime.service import Parts
from libs.runtime.web import Handler, Querier
from services.ingest import known, projections, tariff_projections
from services.ingest.bodies import records
from services.ingest.bodies.places import Elements
from services.ingest.bodies.record_parts import Part, parts_of, together, whole
from services.ingest.bodies.records import Priceable
from services.ingest.bodies.written import Writer, days_of
from services.ingest.decider.submission import Accepted, Rejected
from services.ingest.findings import Unreadable, broken, refused
from services.ingest.intake import Arrival, Intake
from services.ingest.message.tariffs import TARDOC_ON
from services.ingest.message.xml_invoice import Invoice
from services.ingest.prices.price_lists import Lists
from services.ingest.prices.priced import Case, Priced
from services.ingest.prices.pricing_sums import price

Judged: TypeAlias = tuple[Invoice | Unreadable, Priced | None]
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

    async def take(
        self, arrival: Arrival, variant: Variant
    ) -> list[tuple[Accepted | Rejected, bool]]:
        """Return what the receipts say, and whether the same bytes had come in before.

        A series over a change of tariffs becomes two invoices; both are taken, or none (BR-31).
        """
        judged = [one for one, _ in await self._judge(arrival, variant, in_parts=True)]
        if len(judged) > 1:
            compared = [await self._compared(arrival, one) for one in judged]
            refusal = together(compared)
            if refusal is not None:
                return [await self._intake.settle(arrival, refusal)]
        return [await self._intake.settle(arrival, one) for one in judged]

    async def _compared(
        self, arrival: Arrival, judged: Invoice | Unreadable
    ) -> Invoice | Unreadable:
        """Return a part with what is known of it; in conflict where other bytes have its number."""
        if isinstance(judged, Unreadable):
            return judged
        key = arrival.practice_id, judged.submission_id
        earlier = await self._read(projections.submission, *key)
        if earlier is None or earlier["content"] == arrival.content:
            return await self._intake.compared(arrival, judged)
        params = known.receipt_of(earlier["submission_id"], earlier["received_at"])
        found = refused((broken("duplicate_invoice_conflict", params=params),))
        return replace(found, invoice_id=judged.invoice_id, request_id=judged.facts.request_id)

    async def judge(self, arrival: Arrival, variant: Variant) -> Invoice | Unreadable:
        """Return the invoice that a record becomes, or all that is wrong with it; keep nothing."""
        ((judged, _),) = await self._judge(arrival, variant, in_parts=False)
        return judged

    async def preview(self, arrival: Arrival, variant: Variant) -> Preview:
        """Return what a record would come to; nothing is kept. One half filled in is priced too."""
        found: tuple[Finding, ...] = ()
        priced: Priced | None = None
        for one, prices in await self._judge(arrival, variant, in_parts=True):
            judged = one
            if isinstance(judged, Invoice):
                judged = await self._intake.compared(arrival, judged)
            found += judged.warnings if isinstance(judged, Invoice) else judged.findings
            priced = prices if priced is None or prices is None else priced.and_then(prices)
        if priced is None and (some := records.priceable(arrival.data)) is not None:
            lists = await self._read(tariff_projections.lists_for, some.lines)
            case, elements = _case(some, self._biller), Elements()
            priced = price(list(enumerate(some.lines)), some.prepaid_rappen, case, lists, elements)
            found += records.noticed(priced, elements)
        return Preview(priced=priced, findings=found)

    async def _judge(self, arrival: Arrival, variant: Variant, *, in_parts: bool) -> list[Judged]:
        if arrival.content_type.partition(";")[0].strip().lower() != "application/json":
            return [(refused((broken("content_type_not_json"),)), None)]
        body = records.read(arrival.data, ServiceRecord)
        if isinstance(body, Unreadable):
            return [(body, None)]
        lists = await self._read(tariff_projections.lists_for, body.lines)
        parts = parts_of(body) if in_parts else [whole(body)]
        given = parts, self._biller, lists, variant, arrival.today
        if len(body.lines) > IN_LOOP_LINES_MAX:
            return await asyncio.to_thread(_each, *given)
        return _each(*given)


def _each(
    parts: Sequence[Part], biller: Biller, lists: Lists, variant: Variant, today: date
) -> list[Judged]:
    return [judge(part, biller, lists, variant, today) for part in parts]


def judge(
    part: Part, biller: Biller, lists: Lists, variant: Variant, today: date
) -> tuple[Invoice | Unreadable, Priced]:
    """Return the invoice that a part becomes, or all that is wrong with it; and its prices."""
    body, writer = part.body, Writer(part.body, biller)
    priced = price(part.lines, body.prepaid_rappen, _case(body, biller), lists, writer)
    treated = days_of(body, [line.on for _, line in part.lines])
    written = writer.write(treated, priced.sums, priced.nodes)
    if part.split:
        priced.warning("series_split", priced.nodes[0], "", limit=f"{TARDOC_ON}")
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
