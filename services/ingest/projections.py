"""What events mean for ingest's read tables, and what is asked of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, assert_never

import msgspec
from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select

from libs.events import (
    BankCreditBooked,
    BankCreditReversed,
    Envelope,
    PracticeRegistered,
    SubmissionAccepted,
    SubmissionRejected,
)
from libs.events.handed import Finding
from libs.events.values import COOPERATIVE, DocumentId, PracticeId, SubmissionId
from libs.runtime.rows import Change, put
from services.ingest.decider.bank import BankFileBegun, BankFileImported, BankFileRefused, BankSum
from services.ingest.decider.submission import Accepted
from services.ingest.tables import bank_files, billers, movements, practices, submissions

CREDIT, REVERSAL = "credit", "reversal"
ACCEPTED, REJECTED = "accepted", "rejected"
IMPORTED, REFUSED = "imported", "refused"
IMPORTING = "importing"
"""Its receipts are being recorded; one that stays so died, and is to come again."""
ACCEPTED_STATUS, IMPORTED_STATUS = 202, 200
TOGETHER_MAX = 500
"""Keys that one query names."""

Received: TypeAlias = SubmissionAccepted | SubmissionRejected
Files: TypeAlias = BankFileBegun | BankFileImported | BankFileRefused
Movements: TypeAlias = BankCreditBooked | BankCreditReversed


def project_practices(event: PracticeRegistered, envelope: Envelope) -> Iterable[Change]:  # noqa: ARG001
    """Keep which numbers belong to whom; a number that was given up stays in `billers` only."""
    yield put(
        practices,
        practice_id=event.practice_id,
        account_no=event.account_no,
        glns=_json(event.glns),
        zsrs=_json(event.zsrs),
        vat_number=event.vat_number,
    )
    for number in (*event.glns, *event.zsrs):
        yield put(billers, number=number, practice_id=event.practice_id)


def project_submissions(event: Received, envelope: Envelope) -> Iterable[Change]:
    """Keep the verdict on each message."""
    match event:
        case SubmissionAccepted(facts=facts):
            yield _submission(
                event,
                envelope,
                state=ACCEPTED,
                request_id=facts.request_id,
                invoice_id=event.invoice_id,
                version=facts.version,
                amount_rappen=facts.amount_rappen,
                status=ACCEPTED_STATUS,
                problem="",
                kind=facts.kind.value,
                likeness=event.likeness or None,
            )
        case SubmissionRejected():
            yield _submission(
                event,
                envelope,
                state=REJECTED,
                request_id=event.request_id,
                invoice_id=None,
                version=event.version,
                amount_rappen=event.amount_rappen,
                status=event.status,
                problem=event.problem,
                kind="",
                likeness=None,
            )


def _submission(event: Received, envelope: Envelope, **verdict: str | int | None) -> Change:
    return put(
        submissions,
        submission_id=event.submission_id,
        practice_id=event.practice_id,
        received_at=event.received_at or envelope.recorded_at,
        content=event.content,
        size_bytes=event.size_bytes,
        findings=_json(event.findings),
        **verdict,
    )


def project_movements(event: Movements, envelope: Envelope) -> Iterable[Change]:  # noqa: ARG001
    """Keep each movement of the bank and the file that reported it."""
    match event:
        case BankCreditBooked():
            kind, reference = CREDIT, event.reference
        case BankCreditReversed():
            kind, reference = REVERSAL, event.original_reference
        case _:
            assert_never(event)
    yield put(
        movements,
        credit_id=event.credit_id,
        practice_id=event.practice_id,
        kind=kind,
        account=event.account,
        amount_rappen=event.amount_rappen,
        reference=reference,
        booked_on=event.booked_on,
        bank_reference=event.bank_reference,
        file=event.file,
    )


def project_bank_files(event: Files, envelope: Envelope) -> Iterable[Change]:
    """Keep what became of each file."""
    match event:
        case BankFileBegun():
            said = _imported(_NOTHING) | {"state": IMPORTING}
        case BankFileImported():
            said = _imported(event)
        case BankFileRefused():
            said = _imported(_NOTHING) | {
                "state": REFUSED,
                "status": event.status,
                "problem": event.problem,
                "findings": _json(event.findings),
            }
        case _:
            assert_never(event)
    yield put(
        bank_files,
        file=event.file,
        received_at=event.received_at or envelope.recorded_at,
        size_bytes=event.size_bytes,
        **said,
    )


def _imported(event: BankFileImported) -> dict[str, str | int]:
    return {
        "state": IMPORTED,
        "message_id": event.message_id,
        "version": event.version,
        "credits_count": event.credits.count,
        "credits_rappen": event.credits.amount_rappen,
        "reversals_count": event.reversals.count,
        "reversals_rappen": event.reversals.amount_rappen,
        "known_count": event.known.count,
        "pending_count": event.pending.count,
        "other_count": event.other.count,
        "unidentified": _json(event.unidentified),
        "status": IMPORTED_STATUS,
        "problem": "",
        "findings": "[]",
    }


_NOTHING = BankFileImported(
    practice_id=COOPERATIVE,
    file=DocumentId(""),
    message_id="",
    version="",
    accounts=(),
    received_at=None,
    size_bytes=0,
    credits=BankSum(),
    reversals=BankSum(),
    known=BankSum(),
    pending=BankSum(),
    other=BankSum(),
)
"""What stands in the row of a file of which nothing was booked."""


_BILLERS = select(practices.c.practice_id, practices.c.glns, practices.c.zsrs).where(
    practices.c.practice_id.in_(
        select(billers.c.practice_id).where(
            billers.c.number.in_([bindparam("gln"), bindparam("zsr")])
        )
    )
)


def bills_for(db: Connection, practice_id: PracticeId, gln: str, zsr: str) -> bool:
    """Return whether a biller's numbers belong to a practice (B24).

    The GLN decides where anybody has it; one that nobody has is carried by a ZSR of the practice.
    """
    rows = db.execute(_BILLERS, {"gln": gln, "zsr": zsr}).mappings()
    holders, by_zsr = set(), False
    for row in rows:
        if gln in msgspec.json.decode(row["glns"]):
            holders.add(row["practice_id"])
        if zsr and row["practice_id"] == practice_id:
            by_zsr = zsr in msgspec.json.decode(row["zsrs"])
    return practice_id in holders or (not holders and by_zsr)


def submission(
    db: Connection, practice_id: PracticeId, submission_id: SubmissionId
) -> RowMapping | None:
    """Return a message of a practice."""
    wanted = select(submissions).where(
        submissions.c.submission_id == submission_id, submissions.c.practice_id == practice_id
    )
    return db.execute(wanted).mappings().one_or_none()


def accepted_of(row: RowMapping) -> Accepted:
    """Return the receipt of an accepted message from its row."""
    return Accepted(
        submission_id=row["submission_id"],
        invoice_id=row["invoice_id"],
        content=row["content"],
        received_at=aware(row["received_at"]),
        request_id=row["request_id"],
        findings=findings_of(row),
    )


def newest_bank_files(db: Connection, limit: int) -> Sequence[RowMapping]:
    """Return files of the bank, newest first."""
    newest = select(bank_files).order_by(bank_files.c.received_at.desc(), bank_files.c.file)
    return db.execute(newest.limit(limit)).mappings().all()


def owners(db: Connection, account_numbers: Sequence[int]) -> Mapping[int, PracticeId]:
    """Return the practices that have these account numbers."""
    found: dict[int, PracticeId] = {}
    for start in range(0, len(account_numbers), TOGETHER_MAX):
        some = account_numbers[start : start + TOGETHER_MAX]
        wanted: Select[Any] = select(practices.c.account_no, practices.c.practice_id).where(
            practices.c.account_no.in_(some)
        )
        found |= {row.account_no: row.practice_id for row in db.execute(wanted)}
    return found


def reported_by(db: Connection, file: DocumentId) -> Mapping[str, tuple[int, int]]:
    """Return count and sum of the movements that a file was the first to report, by kind."""
    wanted = (
        select(movements.c.kind, func.count(), func.sum(movements.c.amount_rappen))
        .where(movements.c.file == file)
        .group_by(movements.c.kind)
    )
    return {kind: (count, int(total)) for kind, count, total in db.execute(wanted)}


def findings_of(row: RowMapping) -> tuple[Finding, ...]:
    """Return the findings of a row as they were recorded."""
    return findings_in(row["findings"])


def findings_in(text: str) -> tuple[Finding, ...]:
    """Return findings from their JSON."""
    return msgspec.json.decode(text, type=tuple[Finding, ...])


def aware(at: datetime) -> datetime:
    """Return an instant with its zone, which SQLite does not keep."""
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
