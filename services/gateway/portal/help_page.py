"""The help: what every finding means, what to do about it, and what it stops."""

from fastapi import APIRouter, Response

from services.gateway.portal.findings import help_entries
from services.gateway.portal.frame import Page, SeesSubmissions

router = APIRouter(route_class=Page, include_in_schema=False)


@router.get("/help/findings")
async def findings(visit: SeesSubmissions) -> Response:
    """List every code; each finding elsewhere leads to its place here."""
    entries = await help_entries(visit)
    return await visit.page("findings.html", "submissions", entries=entries)
