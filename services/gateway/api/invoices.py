"""Invoices: the list, one, everything that happened to it, and its documents."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection, Row, select, tuple_

from libs.events.values import PracticeId
from libs.records.handed import Day
from libs.runtime.cursors import cursor, place
from libs.runtime.web import Problem, Today
from services.gateway.api.ids import is_document, is_id
from services.gateway.api.invoice_items import item, next_step, state_of
from services.gateway.api.models import (
    PROBLEMS,
    DocumentItem,
    DocumentList,
    InvoiceItem,
    InvoicePage,
    InvoiceState,
    Timeline,
    TimelineItem,
)
from services.gateway.api.reasons import because, because_next
from services.gateway.auth import Practice, needs, not_here
from services.gateway.door import Door, InDoor
from services.gateway.portal import queries
from services.gateway.portal.states import InvoiceRow
from services.gateway.said import said
from services.gateway.tables import invoices, timeline

router = APIRouter(
    prefix="/v1/invoices",
    tags=["invoices"],
    responses=PROBLEMS,
    dependencies=[needs("invoices:read")],
)

DOCUMENTS = {
    "InvoiceDispatched": "invoice",
    "PatientCopySent": "patient_copy",
    "ReminderDispatched": "reminder",
}
"""Events that name a document, and what kind it is."""


@router.get("")
async def invoice_list(
    door: InDoor,
    practice: Practice,
    today: Today,
    state: InvoiceState | None = None,
    issued_since: Day | None = None,
    q: Annotated[str, Query(max_length=100, description="Number, reference, name or sum.")] = "",
    after: Annotated[str | None, Query(alias="cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> InvoicePage:
    """List a practice's invoices, newest first."""
    if "\x00" in q:
        raise Problem(422, "invalid", "A text must not hold the character U+0000.")
    start = place(after, tuple[date, str]) if after else None
    rows = await door.read(page, practice, state, issued_since, q, start, today, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return InvoicePage(
        items=[item(row, today) for row in rows[:limit]],
        next_cursor=cursor((last.issued_on, last.invoice_id)) if last else None,
    )


@router.get("/{invoice_id}")
async def invoice(invoice_id: str, door: InDoor, practice: Practice, today: Today) -> InvoiceItem:
    """Return one invoice and where it stands."""
    return item(await _own(door, practice, invoice_id), today)


@router.get("/{invoice_id}/timeline")
async def invoice_timeline(
    invoice_id: str, door: InDoor, practice: Practice, today: Today
) -> Timeline:
    """Return everything that happened to an invoice, why, and what happens next."""
    row = await _own(door, practice, invoice_id)
    events = await door.read(queries.events_of, practice, invoice_id)
    return Timeline(
        invoice_id=invoice_id,
        state=state_of(row, today),
        events=[_event(one) for one in events],
        next=next_step(row),
        next_because=because_next(row),
    )


@router.get("/{invoice_id}/documents")
async def document_list(invoice_id: str, door: InDoor, practice: Practice) -> DocumentList:
    """List the documents that were made for an invoice."""
    await _own(door, practice, invoice_id)
    rows = await door.read(documents_of, practice, invoice_id)
    return DocumentList(items=[made.item for made in rows])


@router.get(
    "/{invoice_id}/documents/{document_id}",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "The document."}},
)
async def document(invoice_id: str, document_id: str, door: InDoor, practice: Practice) -> Response:
    """Return a document as PDF. Erased ones are gone for good (410)."""
    return await document_answer(door, practice, invoice_id, document_id)


async def document_answer(
    door: Door, practice: PracticeId, invoice_id: str, document_id: str, *, inline: bool = True
) -> Response:
    """Return a document of a practice's invoice from the service that made it.

    The portal's pages answer with it too. The file name is made of what we know, in both forms of
    RFC 6266; nothing that a sender wrote gets into it but the number we gave.
    """
    row = await _own(door, practice, invoice_id)
    made = await door.read(documents_of, practice, invoice_id) if is_document(document_id) else []
    found = next((one for one in made if one.item.document_id == document_id), None)
    if found is None:
        raise not_here()
    answer = await door.ask(found.source, "GET", f"/documents/{document_id}", practice=practice)
    if not answer.is_success:
        raise Problem(410, "gone", "This document was erased together with its person's data.")
    name = f"{found.item.kind}-{row.number}.pdf"
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    how = "inline" if inline else "attachment"
    return Response(
        answer.content,
        media_type="application/pdf",
        headers={"Content-Disposition": f"{how}; filename=\"{safe}\"; filename*=UTF-8''{safe}"},
    )


async def _own(door: Door, practice: PracticeId, invoice_id: str) -> InvoiceRow:
    row = await door.read(queries.invoice, practice, invoice_id) if is_id(invoice_id) else None
    if row is None:
        raise not_here()
    return row


def page(
    db: Connection,
    practice_id: PracticeId,
    state: InvoiceState | None,
    issued_since: date | None,
    q: str,
    start: tuple[date, str] | None,
    today: date,
    count: int,
) -> list[InvoiceRow]:
    """Return invoices by what was asked, newest first, from a place on."""
    wanted = queries.shown().where(invoices.c.practice_id == practice_id)
    if state in {"settled_small", "cancelled"}:
        wanted = wanted.where(invoices.c.end == str(state).upper())
    elif state == "paid":
        wanted = wanted.where(invoices.c.end == "PAID")
    elif state is not None:
        wanted = wanted.where(*queries.in_state(practice_id, state, today))
    if issued_since is not None:
        wanted = wanted.where(invoices.c.issued_on >= issued_since)
    found = queries.searched(practice_id, q)
    if found is not None:
        wanted = wanted.where(invoices.c.invoice_id.in_(found))
    if start is not None:
        wanted = wanted.where(tuple_(invoices.c.issued_on, invoices.c.invoice_id) < tuple_(*start))
    ordered = wanted.order_by(invoices.c.issued_on.desc(), invoices.c.invoice_id.desc())
    return [queries.as_row(row) for row in db.execute(ordered.limit(count))]


class Made(NamedTuple):
    """A document, and the service that keeps it."""

    source: str
    item: DocumentItem


def documents_of(db: Connection, practice_id: PracticeId, invoice_id: str) -> list[Made]:
    """Return the documents of an invoice, oldest first."""
    wanted = select(timeline).where(
        timeline.c.practice_id == practice_id,
        timeline.c.invoice_id == invoice_id,
        timeline.c.type.in_(DOCUMENTS),
    )
    rows = db.execute(wanted.order_by(timeline.c.recorded_at, timeline.c.position))
    return [made for row in rows for made in documents_in(row)]


def documents_in(row: Row[Any]) -> Iterator[Made]:
    """Return the documents that an event names."""
    data = said(row.type, row.data)
    kind = data.get("stage") or DOCUMENTS[row.type]
    for name, pages, what in (("document", "pages", kind), ("form", "form_pages", "form")):
        if data.get(name):
            item = DocumentItem(
                document_id=data[name], kind=what, pages=data.get(pages, 0), on=row.on
            )
            yield Made(row.source, item)


def _event(row: Row[Any]) -> TimelineItem:
    data = said(row.type, row.data)
    return TimelineItem(
        event_id=row.event_id,
        source=row.source,
        position=row.position,
        type=row.type,
        on=row.on,
        recorded_at=row.recorded_at,
        because=because(row.type, data),
        data=data,
    )
