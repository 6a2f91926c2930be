"""Takes an archive in as it comes, then works it off a chunk at a time until it is done.

The archive lies sealed and is read from where a chunk begins, so that memory does not grow with it.
Each chunk is one effect, which says what became of its messages, which is the event that the next
effect follows. So a job resumes by itself after a kill, and between two chunks it is others' turn.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping

from libs.events import Envelope
from libs.events.handed import Finding
from libs.events.values import PracticeId
from libs.runtime import crash
from libs.runtime.clock import ZURICH
from libs.runtime.host import Overloaded
from libs.runtime.ids import derived
from libs.runtime.service import Parts
from libs.runtime.transit import Incoming, Kept
from libs.runtime.web import Handler, Querier
from services.ingest import archive, job_projections, projections
from services.ingest.archive import Archive, Entry
from services.ingest.decider.job import (
    AdvanceJob,
    Item,
    JobAdvanced,
    JobFinished,
    JobId,
    JobReceived,
    ReceiveJob,
    RefuseJob,
)
from services.ingest.decider.submission import Accepted
from services.ingest.findings import CATALOGUE, refused
from services.ingest.intake import Arrival, Intake

CHUNK_ITEMS: Final = 50
CHUNK_BYTES: Final = 10_000_000
"""What the messages of a chunk may hold together, unless a single one holds more."""
AT_ONCE: Final = 16
"""Messages of a chunk that are on their way at a time: others' requests come between them."""
OPEN_MAX: Final = 8
BUSY_SECONDS: Final = timedelta(milliseconds=200)
LEFT_OVER: Final = timedelta(days=1)
"""An upload that has not become whole by then never will."""


class JobIntake:
    """Takes an archive in; one per request."""

    def __init__(self, parts: Parts, handle: Handler, read: Querier) -> None:
        self._transit = parts.transit
        self._handle = handle
        self._read = read

    async def take(
        self, practice_id: PracticeId, body: AsyncIterator[bytes], at: datetime
    ) -> tuple[RowMapping, bool]:
        """Return the job of what comes in, and whether the same archive had come in before."""
        incoming = self._transit.begin()
        try:
            async for piece in body:
                await incoming.write(piece)
            digest = await incoming.whole()
            job_id = JobId(derived("job", practice_id, digest))
            known = await self._read(job_projections.job, practice_id, job_id)
            if known is None or known["state"] == job_projections.REFUSED:
                await self._judge(incoming, practice_id, job_id, digest, at)
            elif known["state"] == job_projections.RUNNING and not self._transit.has(job_id):
                await incoming.keep(job_id)  # a backup had the job, and its archive no more
        finally:
            await incoming.discard()
        row = await self._read(job_projections.job, practice_id, job_id)
        assert row is not None, "received or refused"
        return row, known is not None

    async def _judge(
        self,
        incoming: Incoming,
        practice_id: PracticeId,
        job_id: JobId,
        digest: str,
        at: datetime,
    ) -> None:
        kept = incoming.opened()
        try:
            found = await asyncio.to_thread(archive.opened, kept)
        finally:
            kept.close()
        facts: dict[str, Any] = {
            "practice_id": practice_id,
            "job_id": job_id,
            "archive": digest,
            "size_bytes": incoming.size_bytes,
            "received_at": at,
        }
        if isinstance(found, Finding):
            why = refused((found,))
            await self._handle(
                RefuseJob(**facts, status=why.status, problem=why.problem, findings=why.findings)
            )
            return
        await incoming.keep(job_id)
        crash.point("job.after_storing")
        state = await self._handle(ReceiveJob(**facts, kind=found.kind, count=len(found.entries)))
        if state.done == state.count:  # sent twice at a time, and the first one is done already
            await asyncio.to_thread(self._transit.drop, job_id)


@dataclass(frozen=True)
class _Opened:
    kept: Kept
    archive: Archive


class Work:
    """What is done about archives after they came in: the effects of their events."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._bytes_max = parts.settings.body_bytes_max
        self._open: OrderedDict[JobId, _Opened] = OrderedDict()
        """Archives at hand, so that a directory of thousands is read once and not by each chunk."""

    async def begin(self, event: JobReceived, _envelope: Envelope) -> AdvanceJob:
        """Take the first messages of an archive."""
        return await self._chunk(event.practice_id, event.job_id, 0)

    async def go_on(self, event: JobAdvanced, _envelope: Envelope) -> AdvanceJob | None:
        """Take the next ones, until there are none."""
        row = await self._row(event.practice_id, event.job_id)
        if event.done >= row["count"]:
            return None
        return await self._chunk(event.practice_id, event.job_id, event.done)

    async def clear(self, event: JobFinished, _envelope: Envelope) -> None:
        """Let the archive go: each of its messages stands by itself now (BR-114)."""
        opened = self._open.pop(event.job_id, None)
        if opened is not None:
            opened.kept.close()
        transit, left_over = self._parts.transit, self._parts.clock.now() - LEFT_OVER
        await asyncio.to_thread(transit.drop, event.job_id)
        await asyncio.to_thread(transit.sweep, left_over)

    async def _chunk(self, practice_id: PracticeId, job_id: JobId, after: int) -> AdvanceJob:
        row = await self._row(practice_id, job_id)
        opened = await asyncio.to_thread(self._at_hand, job_id, row["size_bytes"])
        entries = chunk(opened.archive.entries, after)
        found = await asyncio.to_thread(self._unpacked, opened.kept, entries)
        at = projections.aware(row["received_at"])
        room = asyncio.Semaphore(AT_ONCE)

        async def item(number: int, data: bytes | Finding) -> Item:
            if isinstance(data, Finding):
                return _damaged(number, data)
            async with room:
                return await self._taken(practice_id, number, data, at)

        items = await asyncio.gather(
            *(item(number, data) for number, data in enumerate(found, after + 1))
        )
        crash.point("job.after_chunk")
        return AdvanceJob(practice_id=practice_id, job_id=job_id, after=after, items=tuple(items))

    async def _taken(self, practice_id: PracticeId, number: int, data: bytes, at: datetime) -> Item:
        """Hand one message in as if it had come by itself; a repeat of the chunk finds it taken.

        Its instant is that of the archive and its own place there, so that a chunk which is done
        again after a kill tells what it took itself from what had come in before.
        """
        arrival = Arrival(
            practice_id=practice_id,
            data=data,
            content_type="application/xml",
            today=at.astimezone(ZURICH).date(),
            at=at + timedelta(microseconds=number),
        )
        state, repeated = await Intake(self._parts, self._handle, self._read).take(arrival)
        if isinstance(state, Accepted):
            return Item(
                number=number,
                state="accepted",
                repeated=repeated,
                submission_id=state.submission_id,
            )
        return Item(
            number=number,
            state="rejected",
            repeated=repeated,
            submission_id=state.submission_id,
            status=state.status,
            problem=state.problem,
        )

    def _at_hand(self, job_id: JobId, size_bytes: int) -> _Opened:
        if job_id in self._open:
            self._open.move_to_end(job_id)
            return self._open[job_id]
        kept = self._parts.transit.open(job_id)
        found = archive.opened(kept)
        if kept.size_bytes != size_bytes or isinstance(found, Finding):
            kept.close()
            raise RuntimeError("The archive is not what came in.")
        self._open[job_id] = _Opened(kept, found)
        while len(self._open) > OPEN_MAX:
            self._open.popitem(last=False)[1].kept.close()
        return self._open[job_id]

    def _unpacked(self, kept: Kept, entries: Sequence[Entry]) -> list[bytes | Finding]:
        return [archive.unpacked(kept, entry, self._bytes_max) for entry in entries]

    async def _row(self, practice_id: PracticeId, job_id: JobId) -> RowMapping:
        row: RowMapping | None = await self._read(job_projections.job, practice_id, job_id)
        assert row is not None, "its event was recorded with its row"
        return row

    async def _read(self, function: Any, *args: Any) -> Any:
        return await self._parts.read("ingest", function, *args)

    async def _handle(self, command: Any, command_id: str | None = None) -> Any:
        """Decide a command; an archive waits while there is too much to do, and lets others go."""
        while True:
            try:
                return await self._parts.handle("ingest", command, command_id)
            except Overloaded:
                await asyncio.sleep(BUSY_SECONDS.total_seconds())


def chunk(entries: Sequence[Entry], after: int) -> Sequence[Entry]:
    """Return the messages that are taken next: some, or one that is large. Pure."""
    size, end = 0, after
    for entry in entries[after : after + CHUNK_ITEMS]:
        size += entry.size_bytes or CHUNK_BYTES
        if end > after and size > CHUNK_BYTES:
            break
        end += 1
    return entries[after:end]


def _damaged(number: int, why: Finding) -> Item:
    entry = CATALOGUE[why.code]
    return Item(
        number=number,
        state="rejected",
        status=entry.status,
        problem=entry.problem,
        findings=(why,),
    )
