"""What `quittance verify` proves about ingest (architecture section 10)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from libs.events import SubmissionAccepted
from libs.runtime.tables import EVENTS
from services.ingest.projections import ACCEPTED, CREDIT, IMPORTED, IMPORTING, REVERSAL
from services.ingest.tables import bank_files, movements, submissions

NAMED_MAX = 20


def every_accepted_message_has_its_row(db: Connection) -> Mapping[str, Any]:
    """As many messages were accepted as stand in the table, each on one invoice id."""
    accepted = submissions.c.state == ACCEPTED
    rows = db.execute(select(func.count()).where(accepted)).scalar_one()
    said = db.execute(
        select(func.count()).where(EVENTS.c.type == SubmissionAccepted.__name__)
    ).scalar_one()
    failed = []
    if rows != said:
        failed.append(f"{said} messages were accepted, {rows} rows say so")
    nameless = select(submissions.c.submission_id).where(accepted, submissions.c.invoice_id == "")
    failed += [
        f"{each} is on no invoice" for each in db.execute(nameless.limit(NAMED_MAX)).scalars()
    ]
    return {"accepted_submissions": said, "failed": failed}


def every_movement_stands_in_one_file(db: Connection) -> Mapping[str, Any]:
    """Each movement was first reported by one file; one that is imported sums to its own."""
    taken = bank_files.c.state.in_([IMPORTED, IMPORTING])
    of_file = and_(bank_files.c.file == movements.c.file, taken)
    astray = (
        select(movements.c.credit_id)
        .outerjoin(bank_files, of_file)
        .where(bank_files.c.file.is_(None))
        .limit(NAMED_MAX)
    )
    failed = [f"{each} stands in no file" for each in db.execute(astray).scalars()]

    def own(kind: str) -> Any:
        return func.coalesce(
            func.sum(case((movements.c.kind == kind, movements.c.amount_rappen), else_=0)), 0
        )

    sums = (
        select(bank_files.c.file)
        .outerjoin(movements, movements.c.file == bank_files.c.file)
        .where(bank_files.c.state == IMPORTED)
        .group_by(bank_files.c.file, bank_files.c.credits_rappen, bank_files.c.reversals_rappen)
        .having(
            (own(CREDIT) != bank_files.c.credits_rappen)
            | (own(REVERSAL) != bank_files.c.reversals_rappen)
        )
        .limit(NAMED_MAX)
    )
    failed += [f"file {each} does not sum to its movements" for each in db.execute(sums).scalars()]
    totals = {
        f"bank_{kind}s_rappen": db.execute(
            select(func.coalesce(func.sum(movements.c.amount_rappen), 0)).where(
                movements.c.kind == kind
            )
        ).scalar_one()
        for kind in (CREDIT, REVERSAL)
    }
    going = select(func.count()).where(bank_files.c.state == IMPORTING)
    return {**totals, "unfinished_bank_files": db.execute(going).scalar_one(), "failed": failed}
