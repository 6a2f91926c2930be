"""The portal's routes in one place; the last one answers what nothing else does."""

from fastapi import APIRouter, Request, Response

from libs.runtime.problems import nothing_here
from services.gateway.portal import (
    access_pages,
    account_page,
    delivery_pages,
    finished_pages,
    help_page,
    hold_pages,
    insurer_pages,
    invoice_list,
    invoice_page,
    job_pages,
    keying_pages,
    record_pages,
    sheet_pages,
    start,
    statics,
    submission_pages,
    webhook_pages,
)
from services.gateway.portal.frame import error_page

MACHINES = ("/v1/", "/oauth/", "/xml_import/", "/static/", "/health/")

router = APIRouter(include_in_schema=False)
for part in (
    statics,
    access_pages,
    start,
    invoice_list,
    hold_pages,
    invoice_page,
    record_pages,
    job_pages,
    finished_pages,
    keying_pages,
    sheet_pages,
    submission_pages,
    delivery_pages,
    insurer_pages,
    account_page,
    webhook_pages,
    help_page,
):
    router.include_router(part.router)


@router.get("/{path:path}")
async def nowhere(request: Request, path: str) -> Response:
    """Answer an unknown address: people with a page, programs with a problem document."""
    problem = nothing_here(request)
    people = "text/html" in request.headers.get("accept", "")
    if not people or f"/{path}".startswith(MACHINES):
        raise problem
    return await error_page(request, problem.status, "not_found", problem.headers)
