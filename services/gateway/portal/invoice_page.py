"""One invoice: what is open, what happens next and why, and everything that happened."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Response

from libs.events.values import Ownership, PracticeId
from libs.runtime.web import Problem
from services.gateway.api import attachments
from services.gateway.portal import formats, outlook, queries
from services.gateway.portal.catalogue import Words
from services.gateway.portal.frame import Page, SeesInvoices, Visit
from services.gateway.portal.sentences import Happened, explain, worded
from services.gateway.portal.states import InvoiceRow, state_of
from services.gateway.said import said

router = APIRouter(route_class=Page, include_in_schema=False)

InvoiceIn = Annotated[str, Path(max_length=80)]
NumberIn = Annotated[int, Path(ge=1, le=1_000)]
DocumentIn = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]

LETTERS = ("InvoiceDispatched", "PatientCopySent", "ReminderDispatched")
KEEPERS: Mapping[str, str] = {"ReminderDispatched": "dunning"}
"""Who keeps a letter, by the event that made it; the others are invoicing's."""

DONE: Mapping[str, str] = {"hold": "hold.done", "lift": "lift.done"}
"""What is said after an act, by the act."""

RECEIVED = "SubmissionAccepted"
IN_PLACE = "frame-ancestors 'self'"


async def found(visit: Visit, invoice_id: str) -> InvoiceRow:
    """Return an invoice of the practice; another's is not found, like one that does not exist."""
    row: InvoiceRow | None = await visit.read(queries.invoice, invoice_id)
    if row is None:
        raise Problem(404, "not_found", "There is no such invoice.")
    return row


@router.get("/invoices/{invoice_id}")
async def invoice(
    visit: SeesInvoices,
    invoice_id: InvoiceIn,
    done: Annotated[str, Query(pattern="^(hold|lift)$")] = "",
) -> Response:
    """Show an invoice with its way, the newest and what is planned on top."""
    row = await found(visit, invoice_id)
    events = [happened(event) for event in await visit.read(queries.events_of, invoice_id)]
    acting = {row.hold_by or "", *(str(event.data.get("by", "")) for event in events)}
    users = await visit.read(queries.user_names, sorted(acting))
    state, t = state_of(row, visit.today), visit.t
    may_act = visit.may("cases:write")
    enclosed = await attached(visit, invoice_id, events)
    return await visit.page(
        "invoice.html",
        "invoices",
        row=row,
        state=state,
        headline=outlook.headline(row, state, t, users, may_act=may_act),
        planned=outlook.plan(row, state, t),
        entries=[explain(event, t, users) for event in reversed(events)],
        facts=facts(row, t),
        enclosed=enclosed,
        notice={"tone": "good", "text": t(DONE[done])} if done else None,
    )


async def attached(
    visit: Visit, invoice_id: str, events: Sequence[Happened]
) -> Sequence[Mapping[str, Any]]:
    """Return the documents that came with an invoice; without their titles where those are away."""
    said = [event.data.get("attachments") for event in events if event.type == RECEIVED]
    if not any(said):
        return ()
    try:
        found = await attachments.listed(visit.door, PracticeId(visit.practice_id), invoice_id)
    except Problem:
        return ()
    return [
        {**one.model_dump(), "kind": attachments.ENDINGS.get(one.media_type or "", "bin")}
        for one in found.items
    ]


@router.get("/invoices/{invoice_id}/attachments/{number}")
async def attachment(visit: SeesInvoices, invoice_id: InvoiceIn, number: NumberIn) -> Response:
    """Return a document that came with an invoice, to be saved."""
    practice = PracticeId(visit.practice_id)
    return await attachments.attachment_answer(visit.door, practice, invoice_id, number)


def happened(row: Any) -> Happened:
    """Return an event as the timeline table keeps it."""
    return Happened(
        event_id=row.event_id,
        source=row.source,
        position=row.position,
        recorded_at=row.recorded_at,
        on=row.on,
        type=row.type,
        data=said(row.type, row.data),
    )


def facts(row: InvoiceRow, t: Words) -> Sequence[tuple[str, str]]:
    """Return what an invoice is made of, for the card beside its next step."""
    payer = row.insurer_name if row.to_insurer and row.insurer_name else t(f"payer.{row.payer}")
    days = formats.days(row.treated_from, row.treated_to)
    lines = [
        ("fact.amount", formats.money(row.amount_rappen)),
        ("fact.paid", formats.money(row.paid_rappen)),
        ("fact.open", formats.money(row.open_rappen)),
        ("fact.due", formats.day(row.due_on)),
        ("fact.payer", f"{payer}, {worded('scheme', row.scheme, t)}"),
        ("fact.law", worded("law", row.law, t)),
        ("fact.treated", days),
        ("fact.request", row.request_id or formats.NOTHING),
        ("fact.reference", formats.reference(row.reference)),
    ]
    if row.ownership:
        lines.append(("fact.ownership", worded("ownership", owner(row), t)))
        lines.append(("fact.advanced", formats.money(row.advanced_rappen or 0)))
        lines.append(("fact.credited", formats.money(row.credited_rappen or 0)))
    return lines


def owner(row: InvoiceRow) -> str | None:
    """Return whose claim it is; one that was taken over in mandate may have been advanced since."""
    advanced = row.ownership == Ownership.MANDATED and row.advanced_rappen
    return Ownership.ADVANCED_RECOURSE if advanced else row.ownership


@router.get("/invoices/{invoice_id}/documents/{document_id}")
async def document(
    visit: SeesInvoices,
    invoice_id: InvoiceIn,
    document_id: DocumentIn,
    download: Literal["", "1"] = "",
) -> Response:
    """Return a letter of an invoice, to be shown in place or saved; only what its events name."""
    row = await found(visit, invoice_id)
    keeper = await keeper_of(visit, invoice_id, document_id)
    answer = await visit.ask(keeper, "GET", f"/documents/{document_id}")
    if not answer.is_success:
        raise Problem(404, "not_found", "There is no such document.")
    way = "attachment" if download else "inline"
    headers = {
        "Content-Disposition": f'{way}; filename="{row.number}-{document_id[:8]}.pdf"',
        "Content-Security-Policy": IN_PLACE,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "no-store",
    }
    return Response(answer.content, headers=headers, media_type="application/pdf")


async def keeper_of(visit: Visit, invoice_id: str, document_id: str) -> str:
    """Return the service that keeps a letter of this invoice; 404 for any other letter."""
    for event in await visit.read(queries.events_of, invoice_id):
        if event.type in LETTERS:
            data = msgspec.json.decode(event.data)
            if data.get("document") == document_id:
                return KEEPERS.get(event.type, "invoicing")
    raise Problem(404, "not_found", "There is no such document.")
