"""Handing in, and what became of what was handed in."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import UploadFile

from libs.events.handed import Finding
from libs.runtime.web import Problem
from services.gateway import sessions
from services.gateway.api.packing import MARK_BYTES, MARKS
from services.gateway.portal import figures
from services.gateway.portal.findings import Sentence, sentences
from services.gateway.portal.forms import FILES_MAX, WithFiles
from services.gateway.portal.frame import HandsIn, Page, SeesSubmissions, Visit, html
from services.gateway.portal.job_pages import said

router = APIRouter(route_class=Page, include_in_schema=False)

HAND_IN = "/submissions/new"
PIECE_BYTES = 1 << 18


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """A submission with its findings as sentences."""

    received_at: Any
    request_id: str
    state: str
    invoice_id: str | None
    findings: Sequence[Sentence]


@router.get("/submissions")
async def submissions(
    visit: SeesSubmissions,
    state: Literal["all", "accepted", "rejected"] = "all",
    before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Response:
    """List what was handed in, newest first, with its verdict."""
    found, after = await visit.read(figures.submission_page, state, before)
    findings = [msgspec.json.decode(row.findings, type=tuple[Finding, ...]) for row in found]
    said = await sentences(visit, [one for some in findings for one in some])
    rows = [
        HandedIn(
            received_at=row.received_at,
            request_id=row.request_id,
            state=row.state,
            invoice_id=row.invoice_id,
            findings=[said(one) for one in some],
        )
        for row, some in zip(found, findings, strict=True)
    ]
    chosen = "" if state == "all" else f"state={state}&"
    more = f"/submissions?{chosen}before={after}" if after else None
    if before is not None and visit.partial:
        return html("submission_rows.html", t=visit.t, rows=rows, more_href=more)
    counts = await visit.read(figures.submission_counts)
    values = {"state": state, "rows": rows, "more_href": more, "counts": counts}
    return await visit.page("submissions.html", "submissions", **values)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of one file of the form."""

    file: str
    word: Literal["accepted", "repeated", "rejected", "away"]
    request_id: str = ""
    invoice_id: str = ""
    findings: Sequence[Sentence] = ()

    @property
    def accepted(self) -> bool:
        """Whether there is an invoice for it, now or before."""
        return self.word in {"accepted", "repeated"}

    @property
    def tone(self) -> str:
        """Return the colour and shape of its tag."""
        tones = {"accepted": "good", "repeated": "info", "rejected": "bad", "away": "warn"}
        return tones[self.word]


@router.get(HAND_IN)
async def hand_in_form(visit: HandsIn) -> Response:
    """Ask for files."""
    return await hand_in_page(visit)


async def hand_in_page(
    visit: Visit,
    verdicts: Sequence[Verdict] = (),
    archives: Sequence[tuple[str, str]] = (),
    error: str = "",
    status: int = 200,
) -> Response:
    """Return the form, above it the verdicts of what was just handed in, and where archives are."""
    return await visit.page(
        "hand_in.html",
        "hand_in",
        status,
        verdicts=verdicts,
        archives=archives,
        error=error,
        files_max=FILES_MAX,
        bytes_max=visit.door.parts.settings.archive_bytes_max,
    )


@router.post(HAND_IN)
async def hand_in(request: Request, visit: HandsIn, sent: WithFiles) -> Response:
    """Hand each file in and show its verdict, or where an archive is. A repeat changes nothing."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    chosen = sent.files("files")
    if not chosen:
        return await hand_in_page(visit, error=visit.t("hand_in.no_files"), status=422)
    if len(chosen) > FILES_MAX:
        megabytes = visit.door.parts.settings.archive_bytes_max // 1_000_000
        error = visit.t("hand_in.too_much", files=FILES_MAX, mb=megabytes)
        return await hand_in_page(visit, error=error, status=422)
    verdicts, archives = [], []
    for file in chosen:
        mark = await file.read(MARK_BYTES)
        await file.seek(0)
        if not mark.startswith(MARKS):
            verdicts.append(await verdict_on(visit, file))
        elif isinstance(found := await archive_of(visit, file), Verdict):
            verdicts.append(found)
        else:
            archives.append((name_of(file), found))
    if len(archives) == 1 and not verdicts:
        return Response(
            status_code=303, headers={"Location": f"/submissions/jobs/{archives[0][1]}"}
        )
    return await hand_in_page(visit, verdicts, archives)


async def archive_of(visit: Visit, file: UploadFile) -> str | Verdict:
    """Hand an archive on piece by piece; return its job, or why nothing of it is taken."""

    async def pieces() -> AsyncIterator[bytes]:
        while piece := await file.read(PIECE_BYTES):
            yield piece

    try:
        answer = await visit.ask("ingest", "POST", "/jobs", content=pieces())
        told = msgspec.json.decode(answer.content)
    except (Problem, msgspec.DecodeError):
        return Verdict(file=name_of(file), word="away")
    if answer.is_success:
        return str(told["job_id"])
    findings = [said(one) for one in told.get("findings", ())]
    return Verdict(file=name_of(file), word="rejected", findings=findings)


def name_of(file: UploadFile) -> str:
    """Return a file's own name, as its sender sees it."""
    return (file.filename or "").replace("\\", "/").rpartition("/")[2][:120]


async def verdict_on(visit: Visit, file: UploadFile) -> Verdict:
    """Hand in one file; when the check is away the others still get theirs."""
    name = name_of(file)
    try:
        answer = await visit.ask(
            "ingest",
            "POST",
            "/submissions",
            content=await file.read(),
            content_type="application/xml",
        )
        receipt = msgspec.json.decode(answer.content)
    except (Problem, msgspec.DecodeError):
        return Verdict(file=name, word="away")
    findings = [
        Sentence(
            severity=one["severity"],
            message=one.get("message", ""),
            remedy=one.get("remedy", ""),
            line=one.get("line", 0),
            code=one.get("code", ""),
        )
        for one in receipt.get("findings", ())
    ]
    accepted = answer.is_success and receipt.get("state") == "accepted"
    return Verdict(
        file=name,
        word="rejected" if not accepted else "repeated" if receipt.get("repeated") else "accepted",
        request_id=receipt.get("request_id" if answer.is_success else "message_id") or "",
        invoice_id=receipt.get("invoice_id") or "",
        findings=findings,
    )
