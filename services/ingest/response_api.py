"""The generalInvoiceResponse to a message: what became of it, for practice software to read."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import RowMapping

from libs.events.values import Address, DocumentId, Hold, Party, PracticeId, SubmissionId
from libs.runtime.service import Parts
from libs.runtime.settings import Settings
from libs.runtime.web import Problem, Read
from services.ingest import findings, projections, receipts
from services.ingest.headers import Languages, Practice
from services.ingest.message import xml_tree
from services.ingest.message.xml_tree import Tree
from services.ingest.responses import response
from services.ingest.responses.response import SPOKEN, Said, Spoken, Verdict
from services.ingest.responses.response_parties import Office

WORDS: Final[Mapping[str, Any]] = tomllib.loads(
    Path(__file__).with_name("response_words.toml").read_text(encoding="utf-8")
)
State = Literal[
    "open", "overdue", "reminded", "held", "collection", "paid", "settled_small", "cancelled",
    "insurer_rejected", "insurer_pending",
]  # fmt: skip
"""Where the invoice stands that a message became, as the gateway says."""


Decided = Literal["accepted", "pending", "rejected"]
DECIDED: Final[Mapping[State, Decided]] = {
    "held": "pending",
    "insurer_pending": "pending",
    "insurer_rejected": "rejected",
}
"""What is not accepted, or not yet."""


class Standing(BaseModel):
    """Where the invoice of a message stands now, if the gateway asks about that."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    hold: Hold | None = None
    review_on: date | None = None
    codes: str = ""
    """The insurer's own numbers, separated by commas."""
    paid_rappen: int = 0
    at: datetime | None = None
    """Since when it stands so; without it the message itself is answered."""


def routes(parts: Parts) -> APIRouter:
    """Return the endpoint; a message of another practice is not found (B54)."""
    router = APIRouter()

    @router.get("/submissions/{submission_id}/response")
    async def answer(
        submission_id: str,
        practice: Practice,
        read: Read,
        standing: Annotated[Standing, Query()],
        languages: Languages = "",
    ) -> Response:
        """Return the response in the version of the request; 409 where there is none."""
        key = PracticeId(practice), SubmissionId(submission_id)
        row = await read(projections.submission, *key)
        if row is None:
            raise Problem(404, "not_found", "There is no such message.")
        data = await parts.documents.get(DocumentId(row["content"]))
        if data is None:
            raise Problem(410, "erased", "The message was erased with its subject's data.")
        tree = xml_tree.read(data)
        if not isinstance(tree, Tree):
            raise _no_response()
        verdict = verdict_of(row, language_of(receipts.language_of(languages), tree))
        verdict = standing_of(verdict, standing)
        written = response.written(tree, verdict, office_of(parts.settings))
        if written is None:
            raise _no_response()
        headers = {"Content-Language": verdict.language, "Cache-Control": "no-store"}
        return Response(written, media_type="application/xml", headers=headers)

    return router


def _no_response() -> Problem:
    detail = "This cannot be answered in XML: it names no invoice. See its receipt instead."
    return Problem(409, "no_response_possible", detail)


def language_of(asked: str, tree: Tree) -> Spoken:
    """Return the language asked for, the message's where the schema has no word for that one."""
    for wanted in (asked, tree.root.get("language")):
        for known in SPOKEN:
            if known == wanted:
                return known
    return "de"


def verdict_of(row: RowMapping, language: Spoken) -> Verdict:
    """Return what was found in a message."""
    state: Literal["accepted", "rejected"] = (
        "accepted" if row["state"] == projections.ACCEPTED else "rejected"
    )
    words = WORDS[state]
    return Verdict(
        state=state,
        status_in=words["status"][0],
        status_out=words["status"][1],
        explanation=words[language],
        said=tuple(
            Said(
                code=one.code,
                text=f"{findings.message(one, language)} {findings.remedy(one, language)}",
                record_id=one.record_id,
            )
            for one in projections.findings_of(row)
        ),
        at=projections.aware(row["received_at"]),
        language=language,
        key=row["submission_id"],
    )


def standing_of(verdict: Verdict, standing: Standing) -> Verdict:
    """Return what became of the invoice since its message was accepted."""
    if standing.state is None or standing.at is None:
        return verdict
    words, language = WORDS[standing.state], verdict.language
    on = standing.review_on.strftime("%d.%m.%Y") if standing.review_on else "?"
    why = tuple(
        Said(code=code, text=WORDS["code"][language].format(code=code))
        for code in standing.codes.split(",")
        if code
    )
    if standing.state == "held" and standing.hold is not None:
        why = (Said(code=standing.hold, text=WORDS["hold"][standing.hold][language]),)
    decided: Decided = DECIDED.get(standing.state, "accepted")
    return Verdict(
        state=decided,
        status_in=words["status"][0],
        status_out=words["status"][1],
        explanation=words[language].format(day=on),
        said=() if decided == "accepted" else why,
        at=standing.at,
        language=language,
        paid_rappen=standing.paid_rappen,
        key=verdict.key,
    )


def office_of(settings: Settings) -> Office:
    """Return who answers: the cooperative, as its letters name it."""
    address = Address(
        street=settings.creditor_street,
        house_no=settings.creditor_house_no,
        zip=settings.creditor_zip,
        city=settings.creditor_city,
    )
    party = Party(name=settings.creditor_name, company=True, address=address)
    return Office(party=party, phone=settings.creditor_phone, email=settings.creditor_email)
