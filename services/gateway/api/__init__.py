"""The REST interface: HTTP to command, query or question to another service, and back."""

from fastapi import APIRouter

from services.gateway.api import (
    account,
    answers,
    attachments,
    bank,
    events,
    finished,
    holds,
    invoices,
    jobs,
    practice,
    reconciliations,
    records,
    responses,
    sheets,
    submissions,
    tokens,
    upload,
    webhooks,
)

router = APIRouter()
for part in (
    tokens,
    submissions,
    jobs,
    finished,
    records,
    sheets,
    upload,
    invoices,
    attachments,
    responses,
    events,
    webhooks,
    holds,
    account,
    reconciliations,
    bank,
    answers,
    practice,
):
    router.include_router(part.router)

__all__ = ["router"]
