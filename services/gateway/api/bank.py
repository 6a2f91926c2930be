"""The bank's files: the cooperative's own programs hand them in."""

from fastapi import APIRouter, Request, Response

from libs.events.values import COOPERATIVE
from services.gateway.api.bodies import XML_BYTES_MAX, read
from services.gateway.api.examples import example
from services.gateway.api.models import PROBLEMS
from services.gateway.auth import needs
from services.gateway.door import InDoor, Spoken, passed_on

router = APIRouter(prefix="/v1", tags=["bank"], responses=PROBLEMS)

CAMT = {
    "requestBody": {
        "required": True,
        "description": "A camt.054.001.08 as the bank delivers it.",
        "content": {
            "application/xml": {
                "schema": {"type": "string", "format": "binary"},
                "example": example("camt054.xml"),
            }
        },
    }
}


@router.post("/bank-files", dependencies=[needs("bank:write")], openapi_extra=CAMT)
async def bank_file(request: Request, door: InDoor, language: Spoken) -> Response:
    """Book what the bank reports. The same file again books nothing again."""
    answer = await door.ask(
        "ingest",
        "POST",
        "/bank-files",
        practice=COOPERATIVE,
        language=language,
        content=await read(request, XML_BYTES_MAX),
        content_type=request.headers.get("content-type", ""),
    )
    return passed_on(answer)
