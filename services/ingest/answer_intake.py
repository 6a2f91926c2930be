"""Takes one answer of an insurer in: kept byte for byte, then recorded on its invoice."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from libs.events.ingest import AnswerId
from libs.events.values import DocumentId, PracticeId, Private
from libs.runtime.ids import derived
from libs.runtime.service import Parts
from libs.runtime.web import Handler, Querier
from services.ingest import answers, subjects
from services.ingest.decider.answer import Answer, RecordAnswer, RefuseAnswer
from services.ingest.findings import Unreadable, broken, refused
from services.ingest.intake import IN_LOOP_BYTES_MAX, refuses_type
from services.ingest.responses.insurer_answer import InsurerMessage, parse


@dataclass(frozen=True, kw_only=True)
class Sent:
    """An answer as it was handed in."""

    data: bytes
    content_type: str
    at: datetime

    @property
    def content(self) -> DocumentId:
        """The digest, which is also the name of the kept bytes."""
        return DocumentId(hashlib.sha256(self.data).hexdigest())

    @property
    def answer_id(self) -> AnswerId:
        """One answer for each content: whatever is sent again was sent before."""
        return AnswerId(derived("answer", self.content))


class AnswerIntake:
    """Works with the parts of the service; one per request."""

    def __init__(self, parts: Parts, handle: Handler, read: Querier) -> None:
        self._vault = parts.vault
        self._documents = parts.documents
        self._handle = handle
        self._read = read

    async def take(self, sent: Sent) -> tuple[Answer, bool]:
        """Return what became of an answer, and whether it had come in before."""
        read = refuses_type(sent.content_type) or await self._parse(sent.data)
        if isinstance(read, InsurerMessage) and read.test:
            read = replace(refused((broken("answer_is_test"),)), request_id=read.request_id)
        if isinstance(read, Unreadable):
            return await self._refuse(sent, read)
        asked = await self._read(answers.answered_by, read.invoice_id)
        if asked is None:
            unknown = replace(refused((broken("answer_unmatched"),)), request_id=read.request_id)
            return await self._refuse(sent, unknown)
        return await self._record(sent, read, asked)

    async def _parse(self, data: bytes) -> InsurerMessage | Unreadable:
        if len(data) > IN_LOOP_BYTES_MAX:
            return await asyncio.to_thread(parse, data)
        return parse(data)

    async def _refuse(self, sent: Sent, judged: Unreadable) -> tuple[Answer, bool]:
        subject = self._vault.pseudonym("answer", sent.content)
        await self._documents.put(sent.data, subject)
        state: Answer = await self._handle(
            RefuseAnswer(
                answer_id=sent.answer_id,
                content=sent.content,
                received_at=sent.at,
                size_bytes=len(sent.data),
                request_id=judged.request_id,
                status=judged.status,
                problem=judged.problem,
                findings=judged.findings,
            )
        )
        return state, _repeated(state, sent)

    async def _record(
        self, sent: Sent, read: InsurerMessage, asked: answers.Asked
    ) -> tuple[Answer, bool]:
        """Keep it under its case: what an insurer writes about a person goes with the person."""
        case = subjects.case(self._vault, read.invoice_id)
        await self._documents.put(sent.data, case)
        told = Private(subject=case, value=read.explanation) if read.explanation else None
        state: Answer = await self._handle(
            RecordAnswer(
                practice_id=PracticeId(asked.practice_id),
                answer_id=sent.answer_id,
                invoice_id=read.invoice_id,
                content=sent.content,
                received_at=sent.at,
                answered_at=read.answered_at,
                version=read.version,
                request_id=read.request_id,
                about=read.about,
                insurer_gln=read.insurer_gln,
                decision=read.decision,
                status_in=read.status_in,
                status_out=read.status_out,
                codes=read.codes,
                reasons=read.reasons,
                records=read.records,
                noticed=asked.noticed,
                due_rappen=read.due_rappen,
                paid_rappen=read.paid_rappen,
                unpaid_rappen=read.unpaid_rappen,
                back_rappen=read.back_rappen,
                explanation=told,
            )
        )
        return state, _repeated(state, sent)


def _repeated(state: Answer, sent: Sent) -> bool:
    known = state.recorded or state.refused
    return known is not None and known.received_at != sent.at
