"""Many messages in one archive: counted chunk by chunk, each chunk once (F6, P10)."""

from datetime import UTC, datetime

from libs.events.handed import Finding
from libs.events.values import PracticeId, SubmissionId
from services.ingest.app import JOB
from services.ingest.decider.job import (
    AdvanceJob,
    Item,
    JobAdvanced,
    JobFinished,
    JobId,
    JobReceived,
    JobRefused,
    ReceiveJob,
    RefuseJob,
)
from tests.scenario import Scenario

PRACTICE, ID = PracticeId("p"), JobId("j")
AT = datetime(2026, 2, 2, 8, tzinfo=UTC)
KEY = {"practice_id": PRACTICE, "job_id": ID}
WHAT = KEY | {"archive": "digest", "size_bytes": 9, "received_at": AT}
EMPTY = (Finding(code="archive_empty", severity="error"),)
LARGE = (Finding(code="archive_too_large", severity="error"),)

receive = ReceiveJob(**WHAT, kind="zip", count=3)  # type: ignore[arg-type]  # facts by name
received = JobReceived(**WHAT, kind="zip", count=3)  # type: ignore[arg-type]
refuse = RefuseJob(**WHAT, status=422, problem="archive_empty", findings=EMPTY)  # type: ignore[arg-type]
refused = JobRefused(**WHAT, status=422, problem="archive_empty", findings=EMPTY)  # type: ignore[arg-type]
good = Item(number=1, state="accepted", submission_id=SubmissionId("s"))
again = Item(number=2, state="accepted", repeated=True, submission_id=SubmissionId("s"))
bad = Item(number=3, state="rejected", status=415, problem="not_xml")
job = Scenario(JOB)


def advance(after: int, *items: Item) -> AdvanceJob:
    return AdvanceJob(practice_id=PRACTICE, job_id=ID, after=after, items=items)


def advanced(items: tuple[Item, ...], *counts: int) -> JobAdvanced:
    done, accepted, rejected, repeated = counts
    return JobAdvanced(
        practice_id=PRACTICE,
        job_id=ID,
        items=items,
        done=done,
        accepted=accepted,
        rejected=rejected,
        repeated=repeated,
    )


def test_an_archive_is_received_once() -> None:
    job.when(receive).then(received).when(receive).then_nothing()


def test_every_chunk_carries_the_counts_of_all_until_it_and_the_last_one_ends_the_job() -> None:
    end = JobFinished(practice_id=PRACTICE, job_id=ID, count=3)
    first = (
        job.given(received).when(advance(0, good, again)).then(advanced((good, again), 2, 1, 0, 1))
    )
    last = first.when(advance(2, bad)).then(advanced((bad,), 3, 1, 1, 1), end)
    last.when(advance(2, bad)).then_nothing()
    last.when(receive).then_nothing()
    last.when(refuse).then_nothing()


def test_f6_a_chunk_that_was_counted_before_or_comes_too_early_changes_nothing() -> None:
    first = job.given(received, advanced((good,), 1, 1, 0, 0))
    first.when(advance(0, good)).then_nothing()
    first.when(advance(2, bad)).then_nothing()
    first.when(advance(1)).then_nothing()
    job.when(advance(0, good)).then_nothing()


def test_p22_a_refusal_is_said_once_for_each_reason_and_a_mended_rule_lets_it_in() -> None:
    away = job.when(refuse).then(refused)
    away.when(refuse).then_nothing()
    other = RefuseJob(**WHAT, status=413, problem="archive_too_large", findings=LARGE)  # type: ignore[arg-type]
    assert len(away.when(other).decided()) == 1
    away.when(receive).then(received)
