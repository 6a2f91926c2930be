"""Deliveries that are missing, as the portal shows them until something comes in (BR-169)."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, select

from libs.events import BatchMissing, Envelope, SubmissionAccepted, SubmissionRejected
from libs.runtime.rows import Change, drop, put
from services.gateway.tables import missing_batches

Delivered: TypeAlias = BatchMissing | SubmissionAccepted | SubmissionRejected


def project_deliveries(event: Delivered, _envelope: Envelope) -> Iterable[Change]:
    """Keep what is missing of each practice; whatever comes in is the delivery, only later."""
    if isinstance(event, BatchMissing):
        yield put(
            missing_batches,
            practice_id=event.practice_id,
            expected_on=event.expected_on,
            until=event.until,
            rhythm=event.rhythm,
        )
    else:
        yield drop(missing_batches, practice_id=event.practice_id)


def missing_batch(db: Connection, practice_id: str) -> Row[Any] | None:
    """Return the delivery of a practice that did not come, if nothing has come since."""
    wanted = select(missing_batches).where(missing_batches.c.practice_id == practice_id)
    return db.execute(wanted).one_or_none()
