"""What clerks do with sheets: key them, alone or as the second pair of eyes, or send them back.

A keyed body is judged like a service record before it is kept: a clerk sees every finding at its
field. What is kept is written in one way, so that two clerks who keyed the same kept the same.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import RowMapping

from libs.events import Envelope
from libs.events.values import DocumentId, PracticeId, Variant
from libs.records import Biller
from libs.runtime.clock import ZURICH
from libs.runtime.service import Parts
from libs.runtime.web import Handler, Querier
from services.ingest import known, projections, sheet_projections
from services.ingest.decider.sheet import Sheet
from services.ingest.decider.sheet_words import (
    KeySheet,
    ReopenSheet,
    ResolveSheet,
    SheetId,
    SheetKeyed,
    SheetResolved,
    SheetTakenIn,
    TakeSheetIn,
)
from services.ingest.decider.submission import Accepted
from services.ingest.findings import Unreadable, broken
from services.ingest.intake import Arrival, Intake
from services.ingest.message.xml_invoice import Invoice
from services.ingest.record_intake import RecordIntake
from services.ingest.sheet_intake import subject_of, with_scan

JSON_TYPE = "application/json"
NAME = "ingest"


@dataclass(frozen=True, kw_only=True)
class Keying:
    """A body that a clerk keyed for a sheet."""

    row: RowMapping
    by: str
    body: bytes
    at: datetime


class SheetDesk:
    """Works with the parts of the service; one per request."""

    def __init__(self, parts: Parts, handle: Handler, read: Querier) -> None:
        self._parts = parts
        self._handle = handle
        self._read = read

    async def key(self, keying: Keying) -> Sheet | Unreadable:
        """Keep what was keyed, or return everything that is wrong with it; then nothing is kept."""
        row = keying.row
        body = canonical(keying.body)
        arrival = arrival_of(row, body or keying.body, keying.at.astimezone(ZURICH).date())
        judged = await self._judged(row, arrival)
        if isinstance(judged, Unreadable):
            return judged
        sheet_id, practice_id = SheetId(row["sheet_id"]), PracticeId(row["practice_id"])
        keyed = await self._parts.documents.put(
            arrival.data, subject_of(self._parts.vault, sheet_id)
        )
        facts = judged.facts
        command = ResolveSheet if row["state"] == sheet_projections.DIFFERING else KeySheet
        more: dict[str, Any] = {}
        if command is KeySheet:
            more["twice_from_rappen"] = self._parts.settings.sheet_twice_from_rappen
        state = await self._handle(
            command(
                practice_id=practice_id,
                sheet_id=sheet_id,
                by=keying.by,
                keyed=keyed,
                amount_rappen=facts.amount_rappen,
                now=keying.at,
                **more,
            )
        )
        assert isinstance(state, Sheet), "a sheet that is keyed was received"
        return state

    async def _judged(self, row: RowMapping, arrival: Arrival) -> Invoice | Unreadable:
        records = RecordIntake(self._parts, self._handle, self._read, biller_of(row))
        judged = await records.judge(arrival, Variant.SHEET)
        if isinstance(judged, Invoice):
            intake = Intake(self._parts, self._handle, self._read)
            judged = await intake.compared(arrival, judged)
        if isinstance(judged, Unreadable):
            return judged
        key = PracticeId(row["practice_id"]), judged.submission_id
        earlier = await self._read(projections.submission, *key)
        if earlier is None or earlier["state"] != projections.ACCEPTED:
            return judged
        params = known.receipt_of(earlier["submission_id"], earlier["received_at"])
        conflict = "duplicate_invoice_conflict"
        return Unreadable(status=409, problem=conflict, findings=(broken(conflict, params=params),))

    async def differences(self, row: RowMapping) -> list[dict[str, Any]]:
        """Return where two clerks differ, field by field; nothing unless both have keyed."""
        if row["state"] != sheet_projections.DIFFERING:
            return []
        first, second = [await self._body(row, row[name]) for name in ("first", "second")]
        return list(differing(first, second))

    async def body_to_correct(self, row: RowMapping) -> Any:
        """Return what the second clerk keyed, to be corrected where both differ."""
        differ = row["state"] == sheet_projections.DIFFERING
        return await self._body(row, row["second"]) if differ else None

    async def _body(self, row: RowMapping, document: str) -> Any:
        subject = subject_of(self._parts.vault, SheetId(row["sheet_id"]))
        data = await self._parts.documents.get(DocumentId(document), subject)
        return json.loads(data) if data is not None else {}


class Work:
    """What follows when a sheet is keyed: the effects of its events."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def keyed(
        self, event: SheetKeyed, _envelope: Envelope
    ) -> TakeSheetIn | ReopenSheet | None:
        """Take a sheet in once all have agreed on it."""
        return await self._taken(event.sheet_id, event.keyed) if event.final else None

    async def resolved(
        self, event: SheetResolved, _envelope: Envelope
    ) -> TakeSheetIn | ReopenSheet | None:
        """Take a sheet in that somebody has decided on."""
        return await self._taken(event.sheet_id, event.keyed)

    async def taken_in(self, event: SheetTakenIn, _envelope: Envelope) -> None:
        """Let the sheet's own key go: its picture lies with the case now, and is erased with it."""
        subject = subject_of(self._parts.vault, event.sheet_id)
        await asyncio.to_thread(self._parts.vault.destroy, subject)

    async def _taken(
        self, sheet_id: SheetId, keyed: DocumentId
    ) -> TakeSheetIn | ReopenSheet | None:
        parts, subject = self._parts, subject_of(self._parts.vault, sheet_id)
        row = await parts.read(NAME, sheet_projections.sheet, sheet_id)
        assert row is not None, "its event was recorded with its row"
        body = await parts.documents.get(keyed, subject)
        scan = await parts.documents.get(DocumentId(row["document"]), subject)
        if body is None or scan is None:
            return None  # taken in before, and its key is gone
        ids: dict[str, Any] = {"practice_id": PracticeId(row["practice_id"]), "sheet_id": sheet_id}
        arrival = arrival_of(row, body, parts.clock.today())
        records = RecordIntake(parts, self._handle, self._read, biller_of(row))
        judged = await records.judge(arrival, Variant.SHEET)
        if isinstance(judged, Unreadable):  # a tariff has ended meanwhile
            return ReopenSheet(**ids, problem=judged.problem)
        judged = with_scan(judged, scan, row["media_type"])
        state, _ = await Intake(parts, self._handle, self._read).settle(arrival, judged)
        if not isinstance(state, Accepted):
            return ReopenSheet(**ids, problem=state.problem)
        return TakeSheetIn(**ids, submission_id=state.submission_id, invoice_id=state.invoice_id)

    async def _handle(self, command: Any, command_id: str | None = None) -> Any:
        return await self._parts.handle(NAME, command, command_id)

    async def _read(self, function: Any, *args: Any) -> Any:
        return await self._parts.read(NAME, function, *args)


def arrival_of(row: RowMapping, body: bytes, today: date) -> Arrival:
    """Return a keyed body as something that the practice handed in when its sheet came."""
    return Arrival(
        practice_id=PracticeId(row["practice_id"]),
        data=body,
        content_type=JSON_TYPE,
        today=today,
        at=projections.aware(row["received_at"]),
    )


def biller_of(row: RowMapping) -> Biller:
    """Return who handed a sheet in, as known on the day it came."""
    return msgspec.json.decode(row["biller"], type=Biller)


def canonical(body: bytes) -> bytes | None:
    """Return a body as it is kept: names in order, no blanks; None if it is no JSON."""
    try:
        said = json.loads(body)
    except ValueError:
        return None
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def differing(first: Any, second: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Yield each field in which two bodies differ, by its JSON Pointer; None where it is not."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for name in sorted(first.keys() | second.keys()):
            yield from differing(first.get(name), second.get(name), f"{path}/{name}")
    elif isinstance(first, list) and isinstance(second, list):
        for place in range(max(len(first), len(second))):
            one, other = (some[place] if place < len(some) else None for some in (first, second))
            yield from differing(one, other, f"{path}/{place}")
    elif first != second:
        yield {"path": path, "first": first, "second": second}
