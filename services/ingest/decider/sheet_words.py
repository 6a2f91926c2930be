"""What is said of a scanned sheet, and what may be asked of it. Pure; the rules: `sheet.py`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NewType, TypeAlias

from libs.events import Event, Refused
from libs.events.values import DocumentId, InvoiceId, PracticeId, SubmissionId
from libs.records import Biller

SheetId = NewType("SheetId", str)
"""Made of practice and digest: the same scan again is the same sheet."""

Why: TypeAlias = Literal[
    "unreadable", "incomplete", "not_a_sheet", "person_unclear", "services_unclear", "duplicate"
]
REASONS: Final[tuple[Why, ...]] = (
    "unreadable", "incomplete", "not_a_sheet", "person_unclear", "services_unclear", "duplicate",
)  # fmt: skip


class ClaimedByOther(Refused):
    """Another clerk has this sheet in hand."""


class NotWaiting(Refused):
    """This sheet has been taken in or sent back."""


class SecondClerkNeeded(Refused):
    """This sheet was keyed by you; the amount wants a second pair of eyes."""


class NothingToResolve(Refused):
    """Both clerks keyed the same."""


class SheetReceived(Event, frozen=True, kw_only=True):
    """A scan was kept; it waits for a clerk unless its codes held the whole message."""

    sheet_id: SheetId
    document: DocumentId
    media_type: str
    pages: int
    size_bytes: int
    kind: str
    """sheet: one of ours; form: a form of 5.0; scan: anything else."""
    template_version: int | None = None
    received_at: datetime
    biller: Biller


class SheetClaimed(Event, frozen=True, kw_only=True):
    """A clerk took a sheet in hand."""

    sheet_id: SheetId
    by: str
    until: datetime


class SheetReleased(Event, frozen=True, kw_only=True):
    """A clerk laid a sheet back."""

    sheet_id: SheetId


class SheetKeyed(Event, frozen=True, kw_only=True):
    """A clerk keyed what a sheet says."""

    sheet_id: SheetId
    by: str
    keyed: DocumentId
    """The body as JSON, kept under the sheet's own key."""
    amount_rappen: int
    second: bool
    final: bool
    """It is taken in now; otherwise a second clerk keys, or both are compared."""


class SheetResolved(Event, frozen=True, kw_only=True):
    """A person chose what holds where two clerks had keyed different things."""

    sheet_id: SheetId
    by: str
    keyed: DocumentId
    amount_rappen: int


class SheetReopened(Event, frozen=True, kw_only=True):
    """What was keyed could not be taken in; it waits again, from the beginning."""

    sheet_id: SheetId
    problem: str


class SheetTakenIn(Event, frozen=True, kw_only=True):
    """A sheet became an invoice."""

    sheet_id: SheetId
    submission_id: SubmissionId
    invoice_id: InvoiceId


class SheetSentBack(Event, frozen=True, kw_only=True):
    """The practice was told why its sheet cannot be keyed."""

    sheet_id: SheetId
    reason: Why
    by: str
    at: datetime


SheetEvent: TypeAlias = (
    SheetReceived
    | SheetClaimed
    | SheetReleased
    | SheetKeyed
    | SheetResolved
    | SheetReopened
    | SheetTakenIn
    | SheetSentBack
)


@dataclass(frozen=True, kw_only=True)
class ReceiveSheet:
    practice_id: PracticeId
    sheet_id: SheetId
    document: DocumentId
    media_type: str
    pages: int
    size_bytes: int
    kind: str
    template_version: int | None
    received_at: datetime
    biller: Biller


@dataclass(frozen=True, kw_only=True)
class ClaimSheet:
    practice_id: PracticeId
    sheet_id: SheetId
    by: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class ReleaseSheet:
    practice_id: PracticeId
    sheet_id: SheetId
    by: str


@dataclass(frozen=True, kw_only=True)
class KeySheet:
    practice_id: PracticeId
    sheet_id: SheetId
    by: str
    keyed: DocumentId
    amount_rappen: int
    twice_from_rappen: int
    """From this amount on a second clerk keys."""
    now: datetime


@dataclass(frozen=True, kw_only=True)
class ResolveSheet:
    practice_id: PracticeId
    sheet_id: SheetId
    by: str
    keyed: DocumentId
    amount_rappen: int
    now: datetime


@dataclass(frozen=True, kw_only=True)
class ReopenSheet:
    practice_id: PracticeId
    sheet_id: SheetId
    problem: str


@dataclass(frozen=True, kw_only=True)
class TakeSheetIn:
    practice_id: PracticeId
    sheet_id: SheetId
    submission_id: SubmissionId
    invoice_id: InvoiceId


@dataclass(frozen=True, kw_only=True)
class SendSheetBack:
    practice_id: PracticeId
    sheet_id: SheetId
    reason: Why
    by: str
    now: datetime


Command: TypeAlias = (
    ReceiveSheet
    | ClaimSheet
    | ReleaseSheet
    | KeySheet
    | ResolveSheet
    | ReopenSheet
    | TakeSheetIn
    | SendSheetBack
)
