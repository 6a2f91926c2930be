"""The internal HTTP interface of what is priced here: service records, tariffs, their positions."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response

from libs.events.values import PracticeId, Variant
from libs.records.biller import HEADER, heard
from libs.runtime.service import Parts
from libs.runtime.web import Handle, Now, Read, Today
from services.ingest import receipts, tariff_projections
from services.ingest.bodies.written import plain
from services.ingest.intake import Arrival
from services.ingest.message.lines import read_lines, service_line
from services.ingest.prices.price_lists import Position
from services.ingest.prices.priced import Priced
from services.ingest.record_intake import Preview, RecordIntake

Practice = Annotated[str, Header(alias="X-Practice-Id")]
Languages = Annotated[str, Header(alias="Accept-Language")]
Billers = Annotated[str, Header(alias=HEADER)]
WORDS_MAX = 6


def routes(parts: Parts) -> APIRouter:
    """Return the endpoints."""
    router = APIRouter()
    router.include_router(_records(parts))
    router.include_router(_tariffs())
    return router


async def _arrival(request: Request, practice: Practice, today: Today, now: Now) -> Arrival:
    return Arrival(
        practice_id=PracticeId(practice),
        data=await request.body(),
        content_type=request.headers.get("content-type", ""),
        today=today,
        at=now,
    )


Arrived = Annotated[Arrival, Depends(_arrival)]


def _records(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.post("/service-records", status_code=202)
    async def submit(
        arrival: Arrived,
        biller: Billers,
        handle: Handle,
        read: Read,
        languages: Languages = "",
        variant: Variant = Variant.SUITE,
    ) -> Response:
        """Take one record, priced by the tables; the same bytes get the same receipt (P10)."""
        intake = RecordIntake(parts, handle, read, heard(biller))
        (state, repeated), *others = await intake.take(arrival, variant)
        language, further = receipts.language_of(languages), [one for one, _ in others]
        return receipts.answer(state, language, repeated=repeated, further=further)

    @router.post("/service-records/preview")
    async def preview(
        arrival: Arrived, biller: Billers, handle: Handle, read: Read, languages: Languages = ""
    ) -> Response:
        """Say what a record would come to and what stands in its way; nothing is kept."""
        intake = RecordIntake(parts, handle, read, heard(biller))
        found = await intake.preview(arrival, Variant.WEB)
        language = receipts.language_of(languages)
        body = _preview(found) | {"findings": receipts.said(found.findings, language)}
        return JSONResponse(body, headers={"Content-Language": language})

    return router


def _tariffs() -> APIRouter:
    router = APIRouter()

    @router.get("/tariffs")
    async def tariffs(read: Read, today: Today, on: date | None = None) -> dict[str, Any]:
        """Return the tariffs that have positions on a day."""
        rows = await read(tariff_projections.tariff_list, on or today)
        items = [dict(row) | {"valid_from": row["valid_from"].isoformat()} for row in rows]
        return {"items": items}

    @router.get("/tariffs/{tariff}/positions")
    async def positions(
        tariff: str,
        read: Read,
        today: Today,
        q: Annotated[str, Query(max_length=100)] = "",
        on: date | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        languages: Languages = "",
    ) -> dict[str, Any]:
        """Return positions of a tariff whose code or name holds all words, as of a day."""
        words = q.lower().split()[:WORDS_MAX]
        found = await read(tariff_projections.search, tariff, words, on or today, limit)
        language = receipts.language_of(languages)
        return {"items": [_position(one) | {"name": one.name(language)} for one in found]}

    return router


def _position(position: Position) -> dict[str, Any]:
    """Return a position as it is shown; what is no amount is a text, so it stays exact."""
    return {
        "tariff": position.tariff,
        "code": position.code,
        "shape": position.shape,
        "points_mt": plain(position.points_mt),
        "points_tt": plain(position.points_tt),
        "price_rappen": position.price_rappen,
        "own": position.own,
        "own_min": _text(position.own_min),
        "own_max": _text(position.own_max),
        "category": position.category,
        "net": position.net,
        "valid_from": position.valid_from.isoformat(),
        "valid_to": position.valid_to.isoformat() if position.valid_to else None,
        "source": position.source,
    }


def _preview(found: Preview) -> dict[str, Any]:
    """Return what a record comes to: lines, VAT by rate group, sum, rounding, what is asked for."""
    priced = found.priced or Priced()
    sums = priced.sums
    return {
        "lines": _lines(priced),
        "vat": [
            {
                "rate": plain(group.rate),
                "amount_rappen": group.amount_rappen,
                "vat_rappen": group.vat_rappen,
            }
            for group in sums.groups
        ],
        "amount_rappen": sums.amount_rappen,
        "due_rappen": sums.due_rappen,
        "share_rappen": priced.share_rappen,
        "complete": found.priced is not None and not priced.failed,
    }


def _lines(priced: Priced) -> list[dict[str, Any]]:
    sources = [row.source if row else "" for row in priced.positions]
    sources += [""] * (len(priced.nodes) - len(sources))  # VAT on top is in no list
    return [
        {
            "record_id": line.record_id,
            "tariff": line.tariff,
            "code": line.code,
            "name": line.name,
            "on": line.on.isoformat(),
            "quantity": plain(line.quantity),
            "points_mt": plain(line.points_mt),
            "value_mt": plain(line.value_mt),
            "points_tt": plain(line.points_tt),
            "value_tt": plain(line.value_tt),
            "vat_rate": plain(line.vat_rate),
            "amount_rappen": line.amount_rappen,
            "source": source,
        }
        for line, source in zip(map(service_line, read_lines(priced.nodes)), sources, strict=True)
    ]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
