"""POST /xml_import/xml: the upload that existing practice software speaks, unchanged."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from libs.events.values import Language, PracticeId
from libs.runtime.clock import ZURICH
from libs.runtime.web import Today
from services.gateway.api import upload_answers as answers
from services.gateway.api.bodies import XML_BYTES_MAX
from services.gateway.api.invoice_items import state_of
from services.gateway.api.models import PROBLEMS
from services.gateway.api.multipart import read_files
from services.gateway.auth import Asking, needs, practice_by_account
from services.gateway.door import Door, InDoor, Spoken
from services.gateway.portal import queries

router = APIRouter(tags=["submissions"])

UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["File"],
                    "properties": {"File": {"type": "string", "format": "binary"}},
                },
                "example": {"File": "R-2026-000431.xml"},
            }
        },
    }
}
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`uploadResponse`, its attribute result says success or failure.",
        "content": {
            "application/xml": {"example": '<uploadResponse result="success"/>'},
        },
    },
    409: {
        "description": "The same bytes were uploaded before; the text says when and what became.",
        "content": {"text/plain": {"example": "SameMD5Found: This file was transmitted before."}},
    },
}


@router.post(
    "/xml_import/xml",
    dependencies=[needs("submissions:write")],
    response_class=Response,
    responses=PROBLEMS | ANSWER,
    openapi_extra=UPLOAD,
)
async def upload(
    request: Request,
    door: InDoor,
    who: Asking,
    language: Spoken,
    today: Today,
    cdm_account_number: Annotated[str, Header(convert_underscores=False, max_length=50)] = "",
) -> Response:
    """Take one file for one account, answered as the software expects it."""
    practice = await door.read(practice_by_account, cdm_account_number, who)
    if practice is None:
        said = answers.say("account", language, account=cdm_account_number or "?")
        return xml(answers.general("InvalidAccount", said))
    files = await read_files(request, "File", XML_BYTES_MAX)
    if len(files) != 1:
        word = "many_files" if files else "no_file"
        return xml(answers.general("NoAttachmentFound", answers.say(word, language)))
    answer = await door.ask(
        "ingest",
        "POST",
        "/submissions",
        practice=practice,
        language=language,
        content=bytes(files[0].data),
        content_type="application/octet-stream",
    )
    receipt = answer.json()
    if receipt.get("repeated"):
        said = await same_file(door, practice, receipt, language, today)
        return Response(said, 409, media_type="text/plain; charset=utf-8")
    if answer.is_success:
        return xml(answers.success(receipt))
    return xml(answers.failure(files[0].filename, receipt))


async def same_file(
    door: Door, practice: PracticeId, receipt: dict[str, Any], language: Language, today: Any
) -> str:
    """Return what became of a file that was uploaded before."""
    at = datetime.fromisoformat(receipt["received_at"]).astimezone(ZURICH)
    said = [
        answers.say(
            "same", language, at=f"{at:%d.%m.%Y %H:%M}", submission=receipt["submission_id"]
        )
    ]
    if receipt.get("state") == "rejected":
        said += [answers.say("rejected", language), answers.lines_of(receipt.get("findings", ()))]
    else:
        said.append(answers.say("accepted", language))
        row = await door.read(queries.invoice, practice, receipt.get("invoice_id") or "")
        if row is not None:
            francs, rappen = divmod(row.open_rappen, 100)
            words = answers.STATES[state_of(row, today)]
            said.append(
                answers.say(
                    "invoice",
                    language,
                    number=row.number,
                    state=words[language],
                    open=f"CHF {francs}.{rappen:02}",
                )
            )
    return f"{answers.SAME_FILE}: " + "\n".join(said)


def xml(document: bytes) -> Response:
    """Return a document as XML."""
    return Response(document, media_type="application/xml")
