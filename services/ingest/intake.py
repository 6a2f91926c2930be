"""Takes one message in: judged, kept byte for byte, then accepted or refused, and remembered."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from libs.events.values import DocumentId, PracticeId, Private, SubmissionId
from libs.runtime import crash
from libs.runtime.ids import derived
from libs.runtime.service import Parts
from libs.runtime.web import Handler, Querier
from services.ingest import known, projections, subjects
from services.ingest.decider.submission import (
    Accepted,
    AcceptSubmission,
    ConflictingDuplicate,
    Rejected,
    RejectSubmission,
)
from services.ingest.findings import Unreadable, broken, refused
from services.ingest.message.xml_invoice import Invoice, parse

IN_LOOP_BYTES_MAX: Final = 200_000
"""A longer message is parsed beside the loop, which must not stand still for it."""
XML_TYPES: Final = frozenset(
    ("application/xml", "text/xml", "application/forumdatenaustausch+xml",
     "application/octet-stream")
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Bytes that a practice handed in."""

    practice_id: PracticeId
    data: bytes
    content_type: str
    today: date
    at: datetime
    finished: bytes | None = None
    """The invoice that its practice finished itself, beside what it says of it (variant A)."""

    @property
    def content(self) -> DocumentId:
        """The digest, which is also the name of the kept bytes."""
        return named(self.data)


def named(data: bytes) -> DocumentId:
    """Return the name under which bytes are kept."""
    return DocumentId(hashlib.sha256(data).hexdigest())


def refuses_type(content_type: str) -> Unreadable | None:
    """Return why a body is not used, whatever it holds (B16); packed ones never come here (B14)."""
    if content_type.partition(";")[0].strip().lower() not in XML_TYPES:
        return refused((broken("content_type_unsupported"),))
    return None


class Intake:
    """Works with the parts of the service; one per request."""

    def __init__(self, parts: Parts, handle: Handler, read: Querier) -> None:
        self._vault = parts.vault
        self._documents = parts.documents
        self._handle = handle
        self._read = read

    async def take(self, arrival: Arrival) -> tuple[Accepted | Rejected, bool]:
        """Return what the receipt says, and whether the message had come in before.

        The bytes are stored before anything is recorded about them, so that an event never names
        what is not there.
        """
        return await self.settle(arrival, await self._judge(arrival))

    async def settle(
        self, arrival: Arrival, judged: Invoice | Unreadable
    ) -> tuple[Accepted | Rejected, bool]:
        """Return the same for bytes that were judged, in whatever form they came."""
        if isinstance(judged, Invoice):
            judged = await self.compared(arrival, judged)
        if isinstance(judged, Unreadable):
            return await self._refuse(arrival, judged)
        try:
            return await self._accept(arrival, judged)
        except ConflictingDuplicate:
            return await self._conflict(
                arrival, judged, judged.facts.request_id, judged.facts.version
            )

    async def _judge(self, arrival: Arrival) -> Invoice | Unreadable:
        unseen = refuses_type(arrival.content_type)
        if len(arrival.data) > IN_LOOP_BYTES_MAX:
            judged = await asyncio.to_thread(parse, arrival.data, arrival.today)
        else:
            judged = parse(arrival.data, arrival.today)
        if unseen is not None:  # looked at only for the case under which its bytes are kept
            return replace(unseen, invoice_id=judged.invoice_id)
        return judged

    async def compared(self, arrival: Arrival, judged: Invoice) -> Invoice | Unreadable:
        """Return a usable message with what is known of it, or why it is refused for that."""
        likeness = subjects.likeness(self._vault, arrival.practice_id, judged)
        asked = arrival.practice_id, judged, likeness, arrival.today
        found = await self._read(known.look_up, *asked)
        refusal = known.refusal(found, judged)
        if refusal is not None:
            return refusal
        remarks = tuple(known.remarks(found, judged.facts))
        return replace(judged, warnings=judged.warnings + remarks, likeness=likeness)

    async def _accept(self, arrival: Arrival, invoice: Invoice) -> tuple[Accepted, bool]:
        vault, practice_id = self._vault, arrival.practice_id
        case = subjects.case(vault, invoice.invoice_id)
        finished = () if arrival.finished is None else (arrival.finished,)
        kept = (arrival.data, *finished, *(inside.data for inside in invoice.inside))
        debtor = subjects.debtor(vault, practice_id, invoice.debtor, invoice.patient)
        patient = subjects.patient(vault, practice_id, invoice.patient)
        put = (self._documents.put(data, case, (debtor, patient)) for data in kept)
        await asyncio.gather(*put)
        crash.point("upload.after_storing")
        state = await self._handle(
            AcceptSubmission(
                practice_id=practice_id,
                submission_id=invoice.submission_id,
                invoice_id=invoice.invoice_id,
                content=arrival.content,
                received_at=arrival.at,
                size_bytes=len(arrival.data),
                finished=None if arrival.finished is None else named(arrival.finished),
                facts=invoice.facts,
                findings=invoice.warnings,
                likeness=invoice.likeness,
                attachments=tuple(one.attachment.document for one in invoice.inside),
                debtor=Private(subject=debtor, value=invoice.debtor),
                patient=Private(subject=patient, value=invoice.patient),
                medical=Private(subject=case, value=invoice.medical),
            )
        )
        assert isinstance(state, Accepted), "the rule accepts or raises"
        return state, state.received_at != arrival.at

    async def _refuse(
        self, arrival: Arrival, judged: Unreadable
    ) -> tuple[Accepted | Rejected, bool]:
        """Record a refusal, unless the message had been accepted: verdicts change with the day."""
        if judged.submission_id is not None and judged.status == 422:  # noqa: PLR2004
            row = await self._read(
                projections.submission, arrival.practice_id, judged.submission_id
            )
            if row is not None and row["state"] == projections.ACCEPTED:
                if row["content"] == arrival.content:
                    return projections.accepted_of(row), True
                return await self._conflict(arrival, judged, judged.request_id, judged.version)
        return await self._record(arrival, judged)

    async def _conflict(
        self, arrival: Arrival, judged: Invoice | Unreadable, request_id: str, version: str
    ) -> tuple[Rejected, bool]:
        """Record that other bytes came under an accepted key, and name its receipt (B23)."""
        assert judged.submission_id is not None, "its key led to the accepted message"
        earlier = await self._read(known.accepted_under, arrival.practice_id, judged.submission_id)
        return await self._record(
            arrival,
            Unreadable(
                status=409,
                problem="duplicate_invoice_conflict",
                findings=(broken("duplicate_invoice_conflict", params=earlier),),
                invoice_id=judged.invoice_id,
                request_id=request_id,
                version=version,
            ),
        )

    async def _record(self, arrival: Arrival, judged: Unreadable) -> tuple[Rejected, bool]:
        """Keep the bytes under their case where they name one: erasing it takes them along."""
        content = arrival.content
        if judged.invoice_id is not None:
            subject = subjects.case(self._vault, judged.invoice_id)
        else:
            subject = self._vault.pseudonym("message", arrival.practice_id, content)
        await self._documents.put(arrival.data, subject)
        state = await self._handle(
            RejectSubmission(
                practice_id=arrival.practice_id,
                submission_id=SubmissionId(derived("refusal", arrival.practice_id, content)),
                content=content,
                received_at=arrival.at,
                size_bytes=len(arrival.data),
                request_id=judged.request_id,
                version=judged.version,
                amount_rappen=judged.amount_rappen,
                status=judged.status,
                problem=judged.problem,
                findings=judged.findings,
            )
        )
        assert isinstance(state, Rejected), "such a stream holds refusals only"
        return state, state.received_at != arrival.at
