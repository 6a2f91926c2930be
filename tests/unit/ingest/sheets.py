"""Sheets for tests of their rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

from libs.events.values import DocumentId, InvoiceId, PracticeId, SubmissionId
from libs.records import Biller
from services.ingest.decider.sheet_words import (
    ClaimSheet,
    KeySheet,
    ReceiveSheet,
    ResolveSheet,
    SendSheetBack,
    SheetClaimed,
    SheetId,
    SheetKeyed,
    SheetReceived,
    SheetReleased,
    SheetReopened,
    SheetResolved,
    SheetSentBack,
    SheetTakenIn,
    TakeSheetIn,
)

NOW = datetime(2026, 2, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=21)
ANNA, BEA, CARLA = "anna", "bea", "carla"
ONE, OTHER = DocumentId("1" * 64), DocumentId("2" * 64)
IDS: dict[str, Any] = {
    "practice_id": PracticeId("practice-1"),
    "sheet_id": SheetId("0c52b7a2-0a8e-5b5e-9c42-3f0a0e3f6a11"),
}
SCAN: dict[str, Any] = IDS | {
    "document": DocumentId("a" * 64),
    "media_type": "image/png",
    "pages": 1,
    "size_bytes": 1_000,
    "kind": "sheet",
    "template_version": 3,
    "received_at": NOW,
    "biller": Biller(
        account_no=40_112, gln="7601003000009", kind="dentist", canton="LU", language="de"
    ),
}
BECAME: dict[str, Any] = IDS | {
    "submission_id": SubmissionId("11111111-0a8e-5b5e-9c42-3f0a0e3f6a11"),
    "invoice_id": InvoiceId("22222222-0a8e-5b5e-9c42-3f0a0e3f6a11"),
}

received = SheetReceived(**SCAN)
receive = ReceiveSheet(**SCAN)
take_in = TakeSheetIn(**BECAME)
taken_in = SheetTakenIn(**BECAME)
released = SheetReleased(**IDS)
reopened = SheetReopened(**IDS, problem="duplicate_invoice_conflict")


def claim(by: str, now: datetime = NOW) -> ClaimSheet:
    return ClaimSheet(**IDS, by=by, now=now)


def claimed(by: str, at: datetime = NOW) -> SheetClaimed:
    return SheetClaimed(**IDS, by=by, until=at + timedelta(minutes=20))


def key(by: str, keyed: DocumentId = ONE, rappen: int = 5_000, now: datetime = NOW) -> KeySheet:
    said: dict[str, Any] = {"twice_from_rappen": 100_000, "now": now}
    return KeySheet(**IDS, by=by, keyed=keyed, amount_rappen=rappen, **said)


def keyed(
    by: str,
    document: DocumentId = ONE,
    rappen: int = 5_000,
    *,
    second: bool = False,
    final: bool = True,
) -> SheetKeyed:
    said: dict[str, Any] = {"second": second, "final": final}
    return SheetKeyed(**IDS, by=by, keyed=document, amount_rappen=rappen, **said)


def resolve(by: str, document: DocumentId = OTHER) -> ResolveSheet:
    return ResolveSheet(**IDS, by=by, keyed=document, amount_rappen=200_000, now=NOW)


def resolved(by: str, document: DocumentId = OTHER) -> SheetResolved:
    return SheetResolved(**IDS, by=by, keyed=document, amount_rappen=200_000)


def send_back(by: str) -> SendSheetBack:
    return SendSheetBack(**IDS, by=by, reason="unreadable", now=NOW)


def sent_back(by: str) -> SheetSentBack:
    return SheetSentBack(**IDS, by=by, reason="unreadable", at=NOW)
