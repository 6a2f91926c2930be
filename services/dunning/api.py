"""Dunning's internal HTTP interface; only the gateway calls it, and names the practice.

A case of another practice is answered like one that does not exist (B54).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from libs.days.holidays_ch import calendar_around
from libs.events.values import DocumentId, Hold, InvoiceId, PracticeId
from libs.runtime.documents import Documents
from libs.runtime.web import Handle, Problem, Read, Today
from services.dunning import queries
from services.dunning.calls import Outcome, RecordCall
from services.dunning.holds import LiftHold, PlaceHold

Practice = Annotated[PracticeId, Header(alias="X-Practice-Id")]
By = Annotated[str, Field(min_length=1, max_length=100)]
"""Who acts: a user or a client, as the gateway knows them."""

router = APIRouter()


class HoldWanted(BaseModel):
    """A hold to be set; every hold has a day on which it is looked at again."""

    model_config = ConfigDict(extra="forbid")

    reason: Hold
    review_on: date
    by: By


class CallMade(BaseModel):
    """What a call came to; `promised_on` goes with the outcome PROMISE alone."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome
    on: date | None = None
    promised_on: date | None = None
    by: By


@router.get("/cases")
async def cases(
    practice: Practice,
    read: Read,
    ended: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    after: Annotated[str, Query(max_length=36)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Mapping[str, Any]:
    """Return a page of cases; `next` is the `after` of the page behind it."""
    found = await read(
        lambda db: queries.cases_of(db, practice, ended=ended, after=after, limit=limit)
    )
    following = found[-1]["invoice_id"] if len(found) == limit else None
    return {"cases": [dict(row) for row in found], "next": following}


@router.get("/cases/{invoice_id}")
async def one_case(invoice_id: InvoiceId, practice: Practice, read: Read) -> Mapping[str, Any]:
    """Return a case with its holds and the steps that were taken."""
    found = await read(queries.case_of, practice, invoice_id)
    if found is None:
        raise Problem(404, "not_found", "There is no such case.")
    return found


@router.post("/cases/{invoice_id}/holds", status_code=201)
async def place_hold(
    invoice_id: InvoiceId,
    wanted: HoldWanted,
    practice: Practice,
    handle: Handle,
    read: Read,
    today: Today,
) -> Mapping[str, Any]:
    """Let the reminding rest. The same hold again changes nothing."""
    await one_case(invoice_id, practice, read)
    await handle(
        PlaceHold(
            practice_id=practice,
            invoice_id=invoice_id,
            reason=wanted.reason,
            by=wanted.by,
            today=today,
            review_on=wanted.review_on,
        )
    )
    return await one_case(invoice_id, practice, read)


@router.delete("/cases/{invoice_id}/holds")
async def lift_holds(
    invoice_id: InvoiceId,
    practice: Practice,
    by: By,
    handle: Handle,
    read: Read,
    today: Today,
    reason: Hold | None = None,
) -> Mapping[str, Any]:
    """Let the reminding go on: without a reason every hold is lifted."""
    await one_case(invoice_id, practice, read)
    await handle(
        LiftHold(
            practice_id=practice,
            invoice_id=invoice_id,
            reason=reason,
            by=by,
            today=today,
            calendar=calendar_around(today),
        )
    )
    return await one_case(invoice_id, practice, read)


@router.post("/cases/{invoice_id}/calls", status_code=201)
async def record_call(
    invoice_id: InvoiceId,
    made: CallMade,
    practice: Practice,
    handle: Handle,
    read: Read,
    today: Today,
) -> Mapping[str, Any]:
    """Note what a call came to. The same attempt again changes nothing."""
    await one_case(invoice_id, practice, read)
    await handle(
        RecordCall(
            practice_id=practice,
            invoice_id=invoice_id,
            outcome=made.outcome,
            promised_on=made.promised_on,
            by=made.by,
            on=made.on or today,
            today=today,
            calendar=calendar_around(today),
        )
    )
    return await one_case(invoice_id, practice, read)


@router.get("/calls")
async def calls(practice: Practice, read: Read) -> Sequence[Mapping[str, Any]]:
    """Return the cases whose debtor is to be called."""
    return [dict(row) for row in await read(queries.calls_of, practice)]


def routes(documents: Documents) -> APIRouter:
    """Return all endpoints: those above, and the letters from the document store."""
    whole = APIRouter()
    whole.include_router(router)

    @whole.get("/documents/{document_id}")
    async def document(document_id: DocumentId, practice: Practice, read: Read) -> Response:
        """Return a letter on one of the practice's cases."""
        pdf = None
        if await read(queries.has_document, practice, document_id):
            pdf = await documents.get(document_id)
        if pdf is None:
            raise Problem(404, "not_found", "There is no such document.")
        return Response(pdf, media_type="application/pdf")

    return whole
