"""What the events of an archive mean for the read tables, and what is asked of them."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, RowMapping, select

from libs.events import Envelope
from libs.events.values import PracticeId
from libs.runtime.rows import Change, change, put
from services.ingest import cursors
from services.ingest.decider.job import JobAdvanced, JobFinished, JobId, JobReceived, JobRefused
from services.ingest.tables import job_items, jobs, submissions

RUNNING, FINISHED, REFUSED = "running", "finished", "refused"
TAKEN_STATUS = 202

Shown: TypeAlias = JobReceived | JobRefused | JobAdvanced | JobFinished


def project_jobs(event: Shown, envelope: Envelope) -> Iterable[Change]:  # noqa: ARG001
    """Keep how far each archive is, and what became of each of its messages."""
    match event:
        case JobReceived():
            yield _job(event, state=RUNNING, kind=event.kind, count=event.count)
        case JobRefused():
            yield _job(
                event,
                state=REFUSED,
                status=event.status,
                problem=event.problem,
                findings=_json(event.findings),
            )
        case JobAdvanced():
            names = ("done", "accepted", "rejected", "repeated")
            counts = {name: getattr(event, name) for name in names}
            yield change(jobs, job_id=event.job_id, **counts)
            for item in event.items:
                values = msgspec.structs.asdict(item) | {"findings": _json(item.findings)}
                yield put(job_items, job_id=event.job_id, **values)
        case JobFinished():
            yield change(jobs, job_id=event.job_id, state=FINISHED)


def _job(event: JobReceived | JobRefused, **said: str | int) -> Change:
    nothing: dict[str, str | int] = {
        "kind": "",
        "count": 0,
        "done": 0,
        "accepted": 0,
        "rejected": 0,
        "repeated": 0,
        "status": TAKEN_STATUS,
        "problem": "",
        "findings": "[]",
    }
    return put(
        jobs,
        job_id=event.job_id,
        practice_id=event.practice_id,
        received_at=event.received_at,
        archive=event.archive,
        size_bytes=event.size_bytes,
        **(nothing | said),
    )


def job(db: Connection, practice_id: PracticeId, job_id: JobId) -> RowMapping | None:
    """Return an archive of a practice."""
    wanted = select(jobs).where(jobs.c.job_id == job_id, jobs.c.practice_id == practice_id)
    return db.execute(wanted).mappings().one_or_none()


def newest_jobs(
    db: Connection, practice_id: PracticeId, after: str, limit: int
) -> tuple[Sequence[RowMapping], str | None]:
    """Return archives of a practice, newest first, and where the next page begins."""
    wanted = select(jobs).where(jobs.c.practice_id == practice_id)
    order = jobs.c.received_at, jobs.c.job_id
    return cursors.newest(db, wanted, order, after, limit)


_RECEIPT = (
    submissions.c.request_id,
    submissions.c.invoice_id,
    submissions.c.findings.label("own_findings"),
)


def items(
    db: Connection, practice_id: PracticeId, job_id: JobId, state: str, after: int, limit: int
) -> Sequence[RowMapping] | None:
    """Return messages of an archive behind a number; None if there is no such archive."""
    if job(db, practice_id, job_id) is None:
        return None
    wanted: Any = (
        select(job_items, *_RECEIPT)
        .outerjoin(submissions, submissions.c.submission_id == job_items.c.submission_id)
        .where(job_items.c.job_id == job_id, job_items.c.number > after)
    )
    if state:
        wanted = wanted.where(job_items.c.state == state)
    found: Sequence[RowMapping] = (
        db.execute(wanted.order_by(job_items.c.number).limit(limit)).mappings().all()
    )
    return found


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
