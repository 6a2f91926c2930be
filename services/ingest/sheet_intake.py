"""Takes a scan in: looked at, kept sealed, and read by its codes where they hold the message."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import msgspec

from libs.events.handed import Attachment
from libs.events.values import PracticeId, SubjectId
from libs.records import Biller
from libs.records.sheet_code import SheetCode
from libs.runtime.ids import derived
from libs.runtime.service import Parts
from libs.runtime.vault import Vault
from libs.runtime.web import Handler, Querier
from services.ingest.decider.sheet import Sheet
from services.ingest.decider.sheet_words import ReceiveSheet, SheetId, TakeSheetIn
from services.ingest.decider.submission import Accepted, Rejected
from services.ingest.findings import Unreadable, broken, refused
from services.ingest.intake import Arrival, Intake, named
from services.ingest.message.attachments import Inside
from services.ingest.message.xml_invoice import Invoice, parse
from services.ingest.scanned.codes import Form, Meaning, kind_of, meaning
from services.ingest.scanned.desk import Desk
from services.ingest.scanned.looking import Examine, Limits, Looked, Unfit

XML: Final = "application/xml"


@dataclass(frozen=True, kw_only=True)
class Scan:
    """Bytes that a practice handed in as a sheet."""

    practice_id: PracticeId
    biller: Biller
    data: bytes
    today: date
    at: datetime

    @property
    def sheet_id(self) -> SheetId:
        """The same scan of the same practice is the same sheet."""
        return sheet_id_of(self.practice_id, self.data)


def sheet_id_of(practice_id: PracticeId, data: bytes) -> SheetId:
    """Return the id of a sheet."""
    return SheetId(derived("sheet", practice_id, named(data)))


def subject_of(vault: Vault, sheet_id: SheetId) -> SubjectId:
    """Return under whose key a sheet lies until it becomes an invoice, whose case keeps it then."""
    return vault.pseudonym("sheet", sheet_id)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a scan: it waits for a clerk, or was read and has a verdict."""

    sheet: Sheet | None
    verdict: tuple[Accepted | Rejected, bool] | None = None


class SheetIntake:
    """Works with the parts of the service; one per request."""

    def __init__(self, parts: Parts, handle: Handler, read: Querier, desk: Desk) -> None:
        self._parts = parts
        self._handle = handle
        self._read = read
        self._desk = desk

    async def take(self, scan: Scan) -> Taken:
        """Return what became of a scan; one that we cannot use is recorded with why (P22)."""
        looked = await self._looked(scan.data)
        if isinstance(looked, Unfit):
            found = broken(looked.code, params=dict(looked.params))
            return await self._refused(scan, refused((found,)))
        said = meaning(looked.symbols)
        if isinstance(said, SheetCode) and said.account_no != scan.biller.account_no:
            return await self._refused(scan, refused((broken("sheet_not_yours"),)))
        if isinstance(said, Form) and said.message is not None:
            return await self._read_back(scan, looked, said, said.message)
        return Taken(sheet=await self._keep(scan, looked, said))

    async def _refused(self, scan: Scan, why: Unreadable) -> Taken:
        arrival = Arrival(
            practice_id=scan.practice_id,
            data=scan.data,
            content_type="",
            today=scan.today,
            at=scan.at,
        )
        intake = Intake(self._parts, self._handle, self._read)
        return Taken(sheet=None, verdict=await intake.settle(arrival, why))

    async def _looked(self, data: bytes) -> Looked | Unfit:
        settings = self._parts.settings
        if len(data) > settings.paper_bytes_max:
            limit = str(settings.paper_bytes_max // 1_000_000)
            return Unfit(code="document_too_large", params={"limit": limit})
        limits = Limits(pages=settings.paper_pages_max, pixels=settings.paper_pixels_max)
        return await self._desk.examine(Examine(data=data, limits=limits))

    async def _keep(self, scan: Scan, looked: Looked, said: Meaning) -> Sheet:
        document = await self._parts.documents.put(
            scan.data, subject_of(self._parts.vault, scan.sheet_id)
        )
        state = await self._handle(
            ReceiveSheet(
                practice_id=scan.practice_id,
                sheet_id=scan.sheet_id,
                document=document,
                media_type=looked.media_type,
                pages=looked.pages,
                size_bytes=len(scan.data),
                kind=kind_of(said),
                template_version=said.version if isinstance(said, SheetCode) else None,
                received_at=scan.at,
                biller=scan.biller,
            )
        )
        assert isinstance(state, Sheet), "received, now or before"
        return state

    async def _read_back(self, scan: Scan, looked: Looked, form: Form, message: bytes) -> Taken:
        """Let the message on a form go the way of messages, with the scan as its attachment."""
        arrival = Arrival(
            practice_id=scan.practice_id,
            data=message,
            content_type=XML,
            today=scan.today,
            at=scan.at,
        )
        judged = parse(message, scan.today)
        if isinstance(judged, Invoice):
            if form.guid and judged.facts.guid.replace("-", "") not in {"", form.guid}:
                return Taken(sheet=await self._keep(scan, looked, form))
            judged = with_scan(judged, scan.data, looked.media_type)
        verdict = await Intake(self._parts, self._handle, self._read).settle(arrival, judged)
        state = verdict[0]
        if not isinstance(state, Accepted):
            return Taken(sheet=None, verdict=verdict)
        await self._keep(scan, looked, form)
        sheet = await self._handle(
            TakeSheetIn(
                practice_id=scan.practice_id,
                sheet_id=scan.sheet_id,
                submission_id=state.submission_id,
                invoice_id=state.invoice_id,
            )
        )
        return Taken(sheet=sheet, verdict=verdict)


def with_scan(invoice: Invoice, data: bytes, media_type: str) -> Invoice:
    """Return an invoice to which the picture belongs that it was read from."""
    scan = Attachment(
        document=named(data), media_type=media_type, size_bytes=len(data), title="Scan"
    )
    described = (*invoice.medical.attachments, scan)
    medical = msgspec.structs.replace(invoice.medical, attachments=described)
    return replace(invoice, medical=medical, inside=(*invoice.inside, Inside(scan, data)))
