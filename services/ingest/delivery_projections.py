"""What a practice's deliveries mean for the read tables, and which of them are missing (BR-169)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from libs.days.calendar import DAY, Calendar
from libs.days.holidays_ch import calendar_around
from libs.events import BatchMissing, Envelope, PracticeConfigured
from libs.events.terms import Deliveries
from libs.events.values import PracticeId
from libs.runtime.clock import ZURICH
from libs.runtime.rows import Change, put
from services.ingest.decider.delivery import MissBatch
from services.ingest.deliveries import Expected, expected_on, last_expected
from services.ingest.projections import aware
from services.ingest.tables import delivery_plans, missed_batches, submissions


def project_plans(event: PracticeConfigured, envelope: Envelope) -> Iterable[Change]:  # noqa: ARG001
    """Keep every version of when a practice hands in."""
    if isinstance(event.settings, Deliveries):
        yield put(
            delivery_plans,
            practice_id=event.practice_id,
            version=event.version,
            valid_from=event.valid_from,
            data=msgspec.json.encode(event.settings).decode(),
        )


def project_missed(event: BatchMissing, envelope: Envelope) -> Iterable[Change]:  # noqa: ARG001
    """Keep for which day a delivery was missed last."""
    yield put(missed_batches, practice_id=event.practice_id, expected_on=event.expected_on)


def batches_due(db: Connection, day: date, last: MissBatch | None) -> Iterator[MissBatch]:
    """Find the practices whose delivery had not come when its days of grace had passed.

    What came in since the delivery before it counts, however much or little of it could be used:
    of a message that was refused the practice has heard.
    """
    plans = delivery_plans.c
    received = (
        select(func.max(submissions.c.received_at))
        .where(
            submissions.c.practice_id == plans.practice_id,
            submissions.c.received_at < _instant(day, time()),
        )
        .scalar_subquery()
    )
    wanted = (
        select(delivery_plans, missed_batches.c.expected_on, received.label("received_at"))
        .outerjoin(missed_batches, missed_batches.c.practice_id == plans.practice_id)
        .where(plans.valid_from <= day)
        .order_by(plans.practice_id, plans.valid_from, plans.version)
    )
    if last is not None:
        wanted = wanted.where(plans.practice_id > last.practice_id)
    calendar = calendar_around(day)
    for _, versions in groupby(db.execute(wanted), key=lambda row: row.practice_id):
        row = list(versions)[-1]
        plan = msgspec.json.decode(row.data, type=Deliveries)
        expected = last_expected(plan, calendar, day)
        if expected is None or not _comes_in_question(row, expected):
            continue
        if not _came(db, row, plan, calendar, expected):
            yield MissBatch(
                practice_id=PracticeId(row.practice_id),
                expected_on=expected.on,
                until=expected.until,
                rhythm=plan.rhythm,
                today=day,
            )


def _comes_in_question(row: Any, expected: Expected) -> bool:
    """Whether a delivery lies within the plan and was not missed before."""
    missed = row.expected_on is not None and expected.on <= row.expected_on
    return expected.on >= row.valid_from and not missed


def _came(
    db: Connection, row: Any, plan: Deliveries, calendar: Calendar, expected: Expected
) -> bool:
    """Whether something came for a delivery, by the last that came in.

    What came late for the delivery before does not count for this one as well.
    """
    if row.received_at is None:
        return False
    received = aware(row.received_at)
    if expected.before is None or expected.before < row.valid_from:
        return received >= _instant(row.valid_from, time())
    if received < _instant(expected.before, plan.cut_off):
        return False
    before = expected_on(plan, calendar, expected.before)
    late_until = min(_instant(before.until + DAY, time()), _instant(expected.on, plan.cut_off))
    if received >= late_until:
        return True
    began = before.before if before.before and before.before >= row.valid_from else None
    since = _instant(began, plan.cut_off) if began else _instant(row.valid_from, time())
    in_time = select(submissions.c.submission_id).where(
        submissions.c.practice_id == row.practice_id,
        submissions.c.received_at >= since,
        submissions.c.received_at < _instant(expected.before, plan.cut_off),
    )
    return db.execute(in_time.limit(1)).first() is not None


def _instant(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=ZURICH).astimezone(UTC)
