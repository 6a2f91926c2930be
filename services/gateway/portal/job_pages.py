"""Archives of many messages: how far each is, then the receipt of every message in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from libs.runtime.web import Problem
from services.gateway.api.ids import is_id
from services.gateway.auth import not_here
from services.gateway.portal.findings import Sentence
from services.gateway.portal.frame import Page, SeesSubmissions, Visit, html

router = APIRouter(route_class=Page, include_in_schema=False)

JOBS_SHOWN = 50
ITEMS_SHOWN = 50
TONES: Mapping[str, str] = {"running": "info", "finished": "good", "refused": "bad"}

State = Literal["all", "accepted", "rejected"]


@dataclass(frozen=True, kw_only=True)
class Archive:
    """An archive as its page shows it."""

    job_id: str
    state: str
    received_at: datetime
    count: int
    done: int
    accepted: int
    rejected: int
    repeated: int
    findings: Sequence[Sentence] = field(default_factory=tuple)

    @property
    def tone(self) -> str:
        """Return the colour and shape of its tag; done with refusals is no clean end."""
        mixed = self.state == "finished" and self.rejected
        return "warn" if mixed else TONES[self.state]


@dataclass(frozen=True, kw_only=True)
class Item:
    """The receipt of one message of an archive."""

    number: int
    word: Literal["accepted", "repeated", "rejected"]
    request_id: str
    invoice_id: str
    findings: Sequence[Sentence]

    @property
    def tone(self) -> str:
        """Return the colour and shape of its tag."""
        return {"accepted": "good", "repeated": "info", "rejected": "bad"}[self.word]


@router.get("/submissions/jobs")
async def jobs(visit: SeesSubmissions) -> Response:
    """List the newest archives."""
    found = await visit.ask("ingest", "GET", "/jobs", params={"limit": str(JOBS_SHOWN)})
    if not found.is_success:
        raise Problem(502, "failed", "This part of the system failed; it was recorded.")
    rows = [archive_of(one) for one in found.json()["items"]]
    return await visit.page("jobs.html", "submissions", rows=rows)


@router.get("/submissions/jobs/{job_id}")
async def job(
    job_id: str,
    visit: SeesSubmissions,
    state: State = "all",
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Show how far an archive is, again and again until it is done; then what became of it."""
    archive = archive_of(await _asked(visit, job_id, ""))
    values: dict[str, Any] = {"job": archive, "state": state, "rows": (), "more_href": None}
    if archive.state == "finished":
        chosen = "" if state == "all" else state
        params = {"after": str(after), "limit": str(ITEMS_SHOWN), "state": chosen}
        found = await _asked(visit, job_id, "/items", params=params)
        values["rows"] = [item_of(one) for one in found["items"]]
        if found["next"]:
            more = f"/submissions/jobs/{job_id}?state={state}&after={found['next']}"
            values["more_href"] = more
    if visit.partial:
        template = "job_rows.html" if after else "job_progress.html"
        return html(template, t=visit.t, **values)
    return await visit.page("job.html", "submissions", **values)


def archive_of(told: Mapping[str, Any]) -> Archive:
    """Return an archive from what ingest says of it."""
    counts = ("count", "done", "accepted", "rejected", "repeated")
    return Archive(
        job_id=told["job_id"],
        state=told["state"],
        received_at=datetime.fromisoformat(told["received_at"]),
        findings=[said(one) for one in told.get("findings", ())],
        **{name: told[name] for name in counts},
    )


def item_of(told: Mapping[str, Any]) -> Item:
    """Return a receipt from what ingest says of it."""
    word: Literal["accepted", "repeated", "rejected"] = (
        "rejected"
        if told["state"] == "rejected"
        else "repeated"
        if told["repeated"]
        else "accepted"
    )
    return Item(
        number=told["number"],
        word=word,
        request_id=told["request_id"],
        invoice_id=told["invoice_id"] or "",
        findings=[said(one) for one in told["findings"]],
    )


def said(told: Mapping[str, Any]) -> Sentence:
    """Return a finding that ingest has put into words already."""
    return Sentence(
        told["severity"],
        told.get("message", ""),
        told.get("remedy", ""),
        told.get("line", 0),
        told.get("code", ""),
    )


async def _asked(visit: Visit, job_id: str, path: str, **more: Any) -> Any:
    if not is_id(job_id):
        raise not_here()
    answer = await visit.ask("ingest", "GET", f"/jobs/{job_id}{path}", **more)
    if not answer.is_success:
        raise not_here()
    return answer.json()
