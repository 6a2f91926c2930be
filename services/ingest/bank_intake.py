"""Takes a file of the bank in: begun, every receipt once, ended (payments 3.8)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from libs.events.values import COOPERATIVE, DocumentId, PracticeId, Private
from libs.runtime import crash
from libs.runtime.service import Parts
from libs.runtime.web import Handler, Querier
from services.ingest import projections, subjects
from services.ingest.bank.bank_file import BankFile, Movement
from services.ingest.bank.camt054 import parse
from services.ingest.decider.bank import (
    BankSum,
    BeginFile,
    BookCredit,
    CreditCommand,
    File,
    ImportFile,
    RefuseFile,
    ReverseCredit,
    UnidentifiedReceipt,
)
from services.ingest.findings import Unreadable
from services.ingest.intake import IN_LOOP_BYTES_MAX, refuses_type
from services.ingest.message.lexical import reference_ok

TOGETHER: Final = 200
"""Receipts on their way at a time; the writer makes a few commits of them."""
OUR_PREFIX: Final = "01"
"""Bank prefix 0, format version 1: how references of ours begin (payments 1.1)."""
ACCOUNT: Final = slice(2, 9)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A file as it was handed in."""

    data: bytes
    content_type: str
    at: datetime
    file: DocumentId


class BankIntake:
    """Works with the parts of the service; one per request."""

    def __init__(self, parts: Parts, handle: Handler, read: Querier) -> None:
        self._vault = parts.vault
        self._documents = parts.documents
        self._accounts = frozenset((parts.settings.creditor_iban,))
        self._handle = handle
        self._read = read

    async def take(self, delivery: Delivery) -> tuple[File, bool]:
        """Return what became of the file, and whether it had come in before."""
        subject = self._vault.pseudonym("bank file", delivery.file)
        await self._documents.put(delivery.data, subject)
        crash.point("bank_file.after_storing")
        judged = refuses_type(delivery.content_type)
        read = judged or await self._parse(delivery.data)
        if isinstance(read, Unreadable):
            return await self._refuse(delivery, read)
        await self._handle(
            BeginFile(file=delivery.file, received_at=delivery.at, size_bytes=len(delivery.data))
        )
        commands = await self._commands(read, delivery.file)
        for start in range(0, len(commands), TOGETHER):
            some = commands[start : start + TOGETHER]
            await asyncio.gather(*(self._handle(command) for command in some))
            crash.point("bank_file.after_booking")
        return await self._close(delivery, read)

    async def _parse(self, data: bytes) -> BankFile | Unreadable:
        if len(data) > IN_LOOP_BYTES_MAX:
            return await asyncio.to_thread(parse, data, self._accounts)
        return parse(data, self._accounts)

    async def _refuse(self, delivery: Delivery, judged: Unreadable) -> tuple[File, bool]:
        state: File = await self._handle(
            RefuseFile(
                file=delivery.file,
                received_at=delivery.at,
                size_bytes=len(delivery.data),
                status=judged.status,
                problem=judged.problem,
                findings=judged.findings,
            )
        )
        known = state.imported or state.refused
        return state, known is not None and known.received_at != delivery.at

    async def _commands(self, file: BankFile, name: DocumentId) -> list[CreditCommand]:
        moved = [*file.credits.values(), *file.reversals.values()]
        numbers = sorted({number for number in map(account_number, moved) if number is not None})
        owners = await self._read(projections.owners, numbers)
        found: list[CreditCommand] = []
        for movement in file.credits.values():
            owner = owners.get(account_number(movement) or 0, COOPERATIVE)
            found.append(self._booking(movement, owner, name))
        for movement in file.reversals.values():
            owner = owners.get(account_number(movement) or 0, COOPERATIVE)
            found.append(_reversal(movement, owner, name))
        return found

    def _booking(self, movement: Movement, owner: PracticeId, name: DocumentId) -> BookCredit:
        told = "\n".join(part for part in (movement.payer, movement.text) if part)
        subject = subjects.payer(self._vault, owner, movement.credit_id)
        return BookCredit(
            practice_id=owner,
            credit_id=movement.credit_id,
            file=name,
            account=movement.account,
            amount_rappen=movement.amount_rappen,
            charges_rappen=movement.charges_rappen,
            reference=movement.reference,
            booked_on=movement.booked_on,
            value_on=movement.value_on,
            bank_reference=movement.bank_reference,
            payer=Private(subject=subject, value=told) if told else None,
        )

    async def _close(self, delivery: Delivery, file: BankFile) -> tuple[File, bool]:
        """Write the file's own event from what the tables say it was the first to report."""
        own = await self._read(projections.reported_by, delivery.file)
        credits_, reversals = (
            BankSum(count=count, amount_rappen=total)
            for count, total in (
                own.get(kind, (0, 0)) for kind in (projections.CREDIT, projections.REVERSAL)
            )
        )
        state: File = await self._handle(
            ImportFile(
                file=delivery.file,
                message_id=file.message_id,
                version=file.version,
                accounts=tuple(sorted(file.accounts)),
                received_at=delivery.at,
                size_bytes=len(delivery.data),
                credits=credits_,
                reversals=reversals,
                known=_known(file, credits_, reversals),
                pending=BankSum(count=file.pending_count, amount_rappen=file.pending_rappen),
                other=BankSum(count=file.other_count, amount_rappen=file.other_rappen),
                unidentified=tuple(
                    UnidentifiedReceipt(
                        amount_rappen=one.amount_rappen, booked_on=one.booked_on, line=one.line
                    )
                    for one in file.unidentified
                ),
            )
        )
        assert state.imported is not None, "the rule imports or did before"
        return state, state.imported.received_at != delivery.at


def account_number(movement: Movement) -> int | None:
    """Return the account number in a reference laid out as ours; None for any other (payments 1.1).

    It names whose log the receipt belongs to. Whether the reference was ever issued, and for what,
    is looked up where invoices are.
    """
    reference = movement.reference
    if not reference.startswith(OUR_PREFIX) or not reference_ok(reference):
        return None
    return int(reference[ACCOUNT])


def _reversal(movement: Movement, owner: PracticeId, name: DocumentId) -> ReverseCredit:
    return ReverseCredit(
        practice_id=owner,
        credit_id=movement.credit_id,
        file=name,
        account=movement.account,
        amount_rappen=movement.amount_rappen,
        original_reference=movement.reference,
        booked_on=movement.booked_on,
        value_on=movement.value_on,
        bank_reference=movement.bank_reference,
    )


def _known(file: BankFile, credits_: BankSum, reversals: BankSum) -> BankSum:
    """Return what of a file stood elsewhere before: another file reported it first."""
    said: Sequence[Movement] = (*file.credits.values(), *file.reversals.values())
    total = sum(movement.amount_rappen for movement in said)
    return BankSum(
        count=len(said) + file.repeated - credits_.count - reversals.count,
        amount_rappen=total - credits_.amount_rappen - reversals.amount_rappen,
    )
