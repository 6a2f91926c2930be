"""The internal HTTP interface, called by the gateway: invoices, documents, unmatched money."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from sqlalchemy import RowMapping

from libs.events.values import DocumentId, InvoiceId, PracticeId
from libs.runtime.documents import Documents
from libs.runtime.web import Problem, Read, Today
from services.invoicing import checks, projections

Practice = Annotated[str, Header(alias="X-Practice-Id")]
Limit = Annotated[int, Query(ge=1, le=500)]
Rows = list[dict[str, Any]]


def routes(documents: Documents) -> APIRouter:
    """Return the endpoints. What belongs to another practice is not found (B54)."""
    router = APIRouter()
    router.include_router(_lists())

    @router.get("/invoices/{invoice_id}")
    async def invoice(invoice_id: str, practice: Practice, read: Read) -> dict[str, Any]:
        """Return where an invoice stands."""
        row = await read(projections.invoice, PracticeId(practice), InvoiceId(invoice_id))
        if row is None:
            raise Problem(404, "not_found", "There is no such invoice.")
        return _as_json(row)

    @router.get("/invoices/{invoice_id}/documents")
    async def invoice_documents(invoice_id: str, practice: Practice, read: Read) -> Rows:
        """Return the documents that were made for an invoice."""
        key = PracticeId(practice), InvoiceId(invoice_id)
        if await read(projections.invoice, *key) is None:
            raise Problem(404, "not_found", "There is no such invoice.")
        return [_as_json(row) for row in await read(projections.documents_of, *key)]

    @router.get("/documents/{document_id}")
    async def document(document_id: str, practice: Practice, read: Read) -> Response:
        """Return a document's bytes; one whose subject was erased is gone."""
        key = PracticeId(practice), DocumentId(document_id)
        row = await read(projections.document, *key)
        if row is None:
            raise Problem(404, "not_found", "There is no such document.")
        pdf = await documents.get(DocumentId(document_id))
        if pdf is None:
            raise Problem(410, "erased", "The document was erased with its subject's data.")
        headers = {"Cache-Control": "no-store", "X-Document-Kind": row["kind"]}
        return Response(pdf, media_type="application/pdf", headers=headers)

    return router


def _lists() -> APIRouter:
    router = APIRouter()

    @router.get("/unmatched")
    async def unmatched(practice: Practice, read: Read, limit: Limit = 100) -> Rows:
        """Return money that stands on no invoice; the cooperative sees all of it."""
        found = await read(projections.unmatched, PracticeId(practice), limit)
        return [_as_json(row) for row in found]

    @router.get("/requests")
    async def requests(practice: Practice, read: Read, limit: Limit = 100) -> Rows:
        """Return copies, reminders and stornos about an invoice that was never issued."""
        found = await read(projections.unknown_requests, PracticeId(practice), limit)
        return [_as_json(row) for row in found]

    @router.get("/alerts")
    async def alerts(practice: Practice, read: Read, today: Today) -> dict[str, list[InvoiceId]]:
        """Return what a person must look at today; the cooperative sees all practices (BR-6)."""
        missing = await read(checks.copies_missing, PracticeId(practice), today)
        return {"TP_COPY_MISSING": missing}

    return router


def _as_json(row: RowMapping) -> dict[str, Any]:
    return {
        str(name): value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
    }
