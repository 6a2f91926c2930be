"""What became of a message or an invoice as a generalInvoiceResponse, in the request's version."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Row

from libs.events.values import Kind
from libs.runtime.web import Problem, Today
from services.gateway.api.ids import is_id
from services.gateway.api.invoice_items import state_of
from services.gateway.api.models import PROBLEMS
from services.gateway.auth import Practice, needs, not_here
from services.gateway.door import Door, InDoor, Spoken, passed_on
from services.gateway.portal import queries

router = APIRouter(prefix="/v1", tags=["responses"], responses=PROBLEMS)

XML: dict[int | str, Any] = {
    200: {
        "description": "A generalInvoiceResponse 4.4, 4.5 or 5.0; a request of 4.3 gets 4.4.",
        "content": {"application/xml": {"schema": {"type": "string", "format": "binary"}}},
    },
    409: {"description": "It came in another form, or names no invoice that could be answered."},
    410: {"description": "It was erased together with its person's data."},
}


@router.get(
    "/submissions/{submission_id}/response",
    dependencies=[needs("submissions:read")],
    response_class=Response,
    responses=XML,
)
async def submission_response(
    submission_id: str, door: InDoor, practice: Practice, language: Spoken
) -> Response:
    """Return what was found in a message: accepted, or rejected with every error."""
    return await _asked(door, practice, language, submission_id, {})


@router.get(
    "/invoices/{invoice_id}/response",
    dependencies=[needs("invoices:read")],
    response_class=Response,
    responses=XML,
)
async def invoice_response(
    invoice_id: str, door: InDoor, practice: Practice, language: Spoken, today: Today
) -> Response:
    """Return where an invoice stands now.

    Accepted; pending while its reminding rests or its insurer waits; rejected by its insurer.
    """
    row = await door.read(queries.invoice, practice, invoice_id) if is_id(invoice_id) else None
    if row is None:
        raise not_here()
    facts = await door.read(queries.events_of, practice, invoice_id)
    last = max(fact.recorded_at for fact in facts)
    told: dict[str, Any] = {
        "state": state_of(row, today),
        "hold": row.hold if row.end is None else None,
        "review_on": row.hold_review_on,
        "paid_rappen": row.paid_rappen,
        "at": last.isoformat() if last.tzinfo else f"{last.isoformat()}+00:00",
    }
    if row.end is None:
        told |= insurers(facts)
    params = {name: str(value) for name, value in told.items() if value is not None}
    submission = next(f.submission_id for f in facts if f.type == "InvoiceIssued")
    return await _asked(door, practice, language, submission, params)


def insurers(facts: Sequence[Row[Any]]) -> Mapping[str, str]:
    """Return what the insurer said last of an invoice, where that is not to pay it."""
    said = [json.loads(fact.data) for fact in facts if fact.type == "InsurerAnswered"]
    answers = [one for one in said if one["about"] == Kind.INVOICE]
    if not answers or answers[-1]["decision"] not in {"rejected", "pending"}:
        return {}
    codes = ",".join(answers[-1].get("codes") or ())
    return {"state": f"insurer_{answers[-1]['decision']}", "codes": codes[:1_000]}


async def _asked(
    door: Door, practice: Practice, language: Spoken, submission_id: str, params: Mapping[str, str]
) -> Response:
    if not is_id(submission_id):
        raise not_here()
    path = f"/submissions/{submission_id}/response"
    answer = await door.ask(
        "ingest", "GET", path, practice=practice, language=language, params=params
    )
    if answer.status_code == 404:  # noqa: PLR2004
        raise not_here()
    if not answer.is_success:
        told = answer.json()
        raise Problem(answer.status_code, told["code"], told["detail"])
    return passed_on(answer)
