"""Services without prices: handed in, priced by the tables, previewed; and the tables to search."""

import json
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Path, Query, Request, Response

from libs.events.values import Language, PracticeId, Variant
from libs.records import ServiceRecord
from libs.records.handed import Day
from libs.runtime.problems import Problem
from services.gateway.api.bodies import described, read
from services.gateway.api.examples import example
from services.gateway.api.models import (
    PROBLEMS,
    Receipt,
    RefusalDocument,
)
from services.gateway.api.once import Once
from services.gateway.api.record_models import PositionList, Preview, TariffList
from services.gateway.api.refusals import refusal
from services.gateway.api.submissions import RECEIPTS
from services.gateway.auth import Practice, needs
from services.gateway.billers import biller_header
from services.gateway.door import Door, InDoor, Spoken, passed_on

RECORD_BYTES_MAX = 500_000

router = APIRouter(prefix="/v1", responses=PROBLEMS)

BODY = described(ServiceRecord, json.loads(example("service_record.json")))
Tariff = Annotated[str, Path(pattern="^[0-9A-Z]{3}$", examples=["007"])]
Words = Annotated[
    str, Query(max_length=100, pattern="^[^\\x00]*$", description="Parts of code or name.")
]


@router.post(
    "/service-records",
    tags=["submissions"],
    status_code=202,
    dependencies=[needs("submissions:write")],
    responses={
        200: {"model": Receipt, "description": "The same record again.", "links": RECEIPTS},
        202: {"links": RECEIPTS},
        422: refusal(RefusalDocument, "Why the record cannot be used."),
    },
    response_model=Receipt,
    openapi_extra=BODY,
)
async def service_record(
    request: Request, door: InDoor, practice: Practice, language: Spoken, once: Once
) -> Response:
    """Take the services of one invoice, priced here by dated tariffs and point values (BR-28).

    The same body again gets the same receipt (P10). What stands in the way is told at once, each
    with the JSON Pointer of its field.
    """
    data = await read(request, RECORD_BYTES_MAX)
    kind = request.headers.get("content-type", "")

    async def work(_: str) -> Response:
        # The body itself is the key of its receipt (P10), so it needs no id of the request.
        answer = await handed_on(door, practice, language, data, kind)
        where = {}
        if answer.is_success:
            where["Location"] = f"/v1/submissions/{answer.json()['submission_id']}"
        return passed_on(answer, where)

    return await once(data, work)


@router.post(
    "/service-records/preview",
    tags=["submissions"],
    dependencies=[needs("submissions:write")],
    response_model=Preview,
    openapi_extra=BODY,
)
async def service_record_preview(
    request: Request, door: InDoor, practice: Practice, language: Spoken
) -> Response:
    """Say what such a record would come to and what stands in its way; nothing is kept.

    A record that is not complete yet is priced as far as its lines are.
    """
    data = await read(request, RECORD_BYTES_MAX)
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "content_type_unsupported", "Send the record as application/json.")
    return passed_on(await previewed(door, practice, language, data, kind))


@router.get("/tariffs", tags=["tariffs"], dependencies=[needs("submissions:read")])
async def tariffs(
    door: InDoor, practice: Practice, language: Spoken, on: Day | None = None
) -> TariffList:
    """List the tariffs that have positions on a day, today unless said."""
    asked = {} if on is None else {"on": on.isoformat()}
    answer = await door.ask(
        "ingest", "GET", "/tariffs", practice=practice, language=language, params=asked
    )
    return TariffList.model_validate_json(answer.content)


@router.get(
    "/tariffs/{tariff}/positions", tags=["tariffs"], dependencies=[needs("submissions:read")]
)
async def positions(
    tariff: Tariff,
    door: InDoor,
    practice: Practice,
    language: Spoken,
    q: Words = "",
    on: Day | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> PositionList:
    """Search positions of a tariff by parts of their code or name, as of a day."""
    answer = await searched(
        door, practice, language, tariff, q=q, limit=str(limit), on=on.isoformat() if on else ""
    )
    return PositionList.model_validate_json(answer.content)


async def handed_on(
    door: Door,
    practice: PracticeId,
    language: Language,
    data: bytes,
    kind: str = "application/json",
    variant: Variant = Variant.SUITE,
) -> httpx.Response:
    """Hand a record to the service that prices and judges it; the portal's form does it too."""
    return await door.ask(
        "ingest",
        "POST",
        "/service-records",
        practice=practice,
        language=language,
        content=data,
        content_type=kind,
        params={"variant": variant.value},
        headers=await biller_header(door, practice),
    )


async def previewed(
    door: Door, practice: PracticeId, language: Language, data: bytes, kind: str
) -> httpx.Response:
    """Ask what a record would come to."""
    return await door.ask(
        "ingest",
        "POST",
        "/service-records/preview",
        practice=practice,
        language=language,
        content=data,
        content_type=kind,
        headers=await biller_header(door, practice),
    )


async def searched(
    door: Door, practice: PracticeId, language: Language, tariff: str, **query: Any
) -> httpx.Response:
    """Ask for positions; a part of the query that is empty is left out."""
    return await door.ask(
        "ingest",
        "GET",
        f"/tariffs/{tariff}/positions",
        practice=practice,
        language=language,
        params={name: value for name, value in query.items() if value},
    )
