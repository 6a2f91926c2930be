"""The bank's money: one stream per receipt, and one per file, which begins and ends an import.

A crash between the two leaves nothing to mend: the file comes again, what is booked stays booked
once, and the end follows (payments 3.8, number 10). Until then each receipt stands in a file that
is being imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypeAlias, assert_never

import msgspec

from libs.events import BankCreditBooked, BankCreditReversed, Event
from libs.events.handed import Finding
from libs.events.values import COOPERATIVE, CreditId, DocumentId, PracticeId, Private


class BankSum(msgspec.Struct, frozen=True, kw_only=True):
    """How many movements, and how much they come to."""

    count: int = 0
    amount_rappen: int = 0


class UnidentifiedReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Money that carries no reference of the bank: a person must look (payments 3.8, number 7)."""

    amount_rappen: int
    booked_on: date
    line: int = 0


class BankFileBegun(Event, frozen=True, kw_only=True):
    """A file can be used; its receipts are recorded from here on."""

    file: DocumentId
    received_at: datetime
    size_bytes: int


class BankFileImported(Event, frozen=True, kw_only=True):
    """Everything in a file stands in its place. Written after its receipts."""

    file: DocumentId
    message_id: str
    version: str
    accounts: tuple[str, ...]
    received_at: datetime | None
    size_bytes: int
    credits: BankSum
    """Receipts that this file was the first to report."""
    reversals: BankSum
    known: BankSum
    """Movements that another file had reported before, or this one twice."""
    pending: BankSum
    other: BankSum
    """Payouts, their returns and charges, with sign."""
    unidentified: tuple[UnidentifiedReceipt, ...] = ()


class BankFileRefused(Event, frozen=True, kw_only=True):
    """A file cannot be used; nothing of it was booked."""

    file: DocumentId
    received_at: datetime | None
    size_bytes: int
    status: int
    problem: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class BookCredit:
    """Record money that the bank booked in our favour."""

    practice_id: PracticeId
    """Whose reference it carries; the cooperative's where that is nobody's."""
    credit_id: CreditId
    file: DocumentId
    account: str
    amount_rappen: int
    charges_rappen: int
    reference: str
    booked_on: date
    value_on: date
    bank_reference: str
    payer: Private[str] | None


@dataclass(frozen=True, kw_only=True)
class ReverseCredit:
    """Record that the bank took a credit back."""

    practice_id: PracticeId
    credit_id: CreditId
    file: DocumentId
    account: str
    amount_rappen: int
    original_reference: str
    booked_on: date
    value_on: date
    bank_reference: str


@dataclass(frozen=True, kw_only=True)
class BeginFile:
    """Open a file whose receipts are about to be recorded."""

    file: DocumentId
    received_at: datetime
    size_bytes: int
    practice_id: PracticeId = COOPERATIVE


@dataclass(frozen=True, kw_only=True)
class ImportFile:
    """Close a file whose receipts are all recorded."""

    file: DocumentId
    message_id: str
    version: str
    accounts: tuple[str, ...]
    received_at: datetime
    size_bytes: int
    credits: BankSum
    reversals: BankSum
    known: BankSum
    pending: BankSum
    other: BankSum
    unidentified: tuple[UnidentifiedReceipt, ...]
    practice_id: PracticeId = COOPERATIVE


@dataclass(frozen=True, kw_only=True)
class RefuseFile:
    """Record that a file cannot be used, and why."""

    file: DocumentId
    received_at: datetime
    size_bytes: int
    status: int
    problem: str
    findings: tuple[Finding, ...]
    practice_id: PracticeId = COOPERATIVE


CreditCommand: TypeAlias = BookCredit | ReverseCredit
CreditEvent: TypeAlias = BankCreditBooked | BankCreditReversed
FileCommand: TypeAlias = BeginFile | ImportFile | RefuseFile
FileEvent: TypeAlias = BankFileBegun | BankFileImported | BankFileRefused


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Whether a movement of the bank is recorded."""

    recorded: bool = False


@dataclass(frozen=True, kw_only=True)
class File:
    """What became of a file."""

    begun: bool = False
    imported: BankFileImported | None = None
    refused: BankFileRefused | None = None


CREDIT_INITIAL: Final = Movement()
FILE_INITIAL: Final = File()


def decide_credit(state: Movement, command: CreditCommand) -> Sequence[CreditEvent]:
    """Record a movement once, whatever number of files report it (payments, rule d)."""
    if state.recorded:
        return []
    match command:
        case BookCredit():
            return [
                BankCreditBooked(
                    practice_id=command.practice_id,
                    credit_id=command.credit_id,
                    account=command.account,
                    amount_rappen=command.amount_rappen,
                    charges_rappen=command.charges_rappen,
                    reference=command.reference,
                    booked_on=command.booked_on,
                    value_on=command.value_on,
                    bank_reference=command.bank_reference,
                    file=command.file,
                    payer=command.payer,
                )
            ]
        case ReverseCredit():
            return [
                BankCreditReversed(
                    practice_id=command.practice_id,
                    credit_id=command.credit_id,
                    account=command.account,
                    amount_rappen=command.amount_rappen,
                    original_reference=command.original_reference,
                    booked_on=command.booked_on,
                    value_on=command.value_on,
                    bank_reference=command.bank_reference,
                    file=command.file,
                )
            ]
        case _:
            assert_never(command)


def evolve_credit(state: Movement, event: CreditEvent) -> Movement:  # noqa: ARG001 - any says it
    """Apply a fact."""
    return Movement(recorded=True)


def decide_file(state: File, command: FileCommand) -> Sequence[FileEvent]:
    """Record what became of a file; a refused one may be imported later, not the reverse."""
    if state.imported is not None:
        return []
    match command:
        case BeginFile():
            return [] if state.begun else [BankFileBegun(**vars(command))]
        case ImportFile():
            return [
                BankFileImported(
                    practice_id=command.practice_id,
                    file=command.file,
                    message_id=command.message_id,
                    version=command.version,
                    accounts=command.accounts,
                    received_at=command.received_at,
                    size_bytes=command.size_bytes,
                    credits=command.credits,
                    reversals=command.reversals,
                    known=command.known,
                    pending=command.pending,
                    other=command.other,
                    unidentified=command.unidentified,
                )
            ]
        case RefuseFile():
            refused = state.refused
            if refused is not None and refused.findings == command.findings:
                return []
            return [
                BankFileRefused(
                    practice_id=command.practice_id,
                    file=command.file,
                    received_at=command.received_at,
                    size_bytes=command.size_bytes,
                    status=command.status,
                    problem=command.problem,
                    findings=command.findings,
                )
            ]
        case _:
            assert_never(command)


def evolve_file(state: File, event: FileEvent) -> File:
    """Apply a fact."""
    match event:
        case BankFileBegun():
            return replace(state, begun=True)
        case BankFileImported():
            return replace(state, imported=event)
        case BankFileRefused():
            return replace(state, refused=event)
        case _:
            assert_never(event)
