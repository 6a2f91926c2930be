"""What REST answers with. Amounts are whole rappen, days ISO 8601, instants in UTC."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Severity = Literal["error", "warning"]


def _in_utc(at: datetime) -> datetime:
    """Say in which zone an instant is: SQLite gives back what it keeps in UTC without one."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_in_utc)]


class Answer(BaseModel):
    """Something that REST answers with."""

    model_config = ConfigDict(extra="forbid")


class ProblemDocument(BaseModel):
    """RFC 9457. `code` is stable; further members depend on it."""

    type: Annotated[str, Field(examples=["urn:quittance:problem:not_found"])]
    title: Annotated[str, Field(examples=["not found"])]
    status: Annotated[int, Field(examples=[404])]
    code: Annotated[str, Field(examples=["not_found"])]
    detail: Annotated[str, Field(examples=["There is nothing with this id."])]
    request_id: Annotated[str, Field(examples=["5f0f3b1e-9a3c-4d6f-8a51-0f7c0c2a7f10"])]


class FindingItem(BaseModel):
    """One thing noticed in a message, in the language asked for."""

    code: Annotated[str, Field(examples=["total_mismatch"])]
    severity: Severity
    path: str = ""
    line: int = 0
    column: int = 0
    record_id: int = 0
    rule: str = ""
    message: Annotated[str, Field(examples=["Die Summe der Leistungen stimmt nicht."])] = ""
    remedy: str = ""


class InLanguages(Answer):
    """A sentence in every language; `{stated}` and the like stand for values of the message."""

    de: str
    fr: str
    it: str
    en: str


class FindingEntry(Answer):
    """What there is to know of a code."""

    status: Annotated[int, Field(description="HTTP status of what is refused for it.")]
    problem: Annotated[str, Field(description="Code of the problem document of such a refusal.")]
    rule: Annotated[str, Field(examples=["BR-44, A4"])]
    severity: Annotated[
        Literal["error", "warning", "either"],
        Field(description="`either`: an error where the value is acted on, else a warning."),
    ]
    message: InLanguages
    remedy: InLanguages
    stops: InLanguages


class Receipt(BaseModel):
    """The verdict on a message. The same message again gets the same receipt."""

    submission_id: Annotated[str, Field(examples=["7d0b6f0a-58ba-5a52-8c06-0e5a2b0d8a51"])]
    invoice_id: str | None = None
    state: Literal["accepted", "rejected"]
    request_id: Annotated[str, Field(examples=["R-2026-000431"])] = ""
    content: str = ""
    received_at: datetime | None = None
    repeated: bool = False
    findings: list[FindingItem] = []
    further_submission_ids: Annotated[
        list[str],
        Field(
            description="Receipts of what else the body became: a series over a change of tariffs"
            " is two invoices (BR-31)."
        ),
    ] = []


class RefusalDocument(ProblemDocument):
    """Why a message cannot be used: a problem with the receipt inside."""

    submission_id: Annotated[str, Field(examples=["7d0b6f0a-58ba-5a52-8c06-0e5a2b0d8a51"])]
    invoice_id: None = None
    state: Literal["rejected"]
    message_id: Annotated[
        str,
        Field(
            examples=["R-2026-000431"],
            description="The message's own `request_id`, where it could be read; `request_id` is"
            " that of the HTTP request here.",
        ),
    ] = ""
    content: str
    received_at: datetime | None
    repeated: bool
    findings: list[FindingItem]


class SubmissionItem(Answer):
    """A message that was handed in."""

    submission_id: str
    invoice_id: str | None
    state: Literal["accepted", "rejected"]
    request_id: str
    kind: Annotated[str, Field(examples=["invoice"])]
    content: Annotated[str, Field(description="sha256 of the message as received.")]
    received_at: Instant
    errors: int
    warnings: int


class SubmissionPage(Answer):
    items: list[SubmissionItem]
    next_cursor: str | None


class Person(Answer):
    """A name; null where the person was forgotten."""

    name: Annotated[str, Field(examples=["Muster"])]
    given_name: Annotated[str, Field(examples=["Anna"])]


class NextStep(Answer):
    """What happens to an invoice next if nothing comes in before."""

    step: Annotated[str, Field(examples=["first_reminder"])]
    on: date | None


class HoldItem(Answer):
    """Why reminding rests, and when somebody looks at it again."""

    reason: Annotated[str, Field(examples=["dispute"])]
    by: str | None
    on: date | None
    review_on: date | None


InvoiceState = Literal[
    "open", "overdue", "reminded", "held", "collection", "paid", "settled_small", "cancelled"
]


class InvoiceItem(Answer):
    """An invoice and where it stands."""

    invoice_id: Annotated[str, Field(examples=["0c52b7a2-0a8e-5b5e-9c42-3f0a0e3f6a11"])]
    number: Annotated[str, Field(examples=["26-000431"])]
    request_id: Annotated[str, Field(examples=["R-2026-000431"])]
    reference: Annotated[str, Field(examples=["010040112000000260004310002"])]
    state: InvoiceState
    payer: Literal["patient", "insurer"]
    scheme: Annotated[str, Field(examples=["TG"])]
    law: Annotated[str, Field(examples=["KVG"])]
    patient: Person | None
    insurer_name: str
    issued_on: date
    due_on: date
    treated_from: date
    treated_to: date
    amount_rappen: Annotated[int, Field(examples=[23455])]
    open_rappen: Annotated[int, Field(examples=[23455])]
    paid_rappen: Annotated[int, Field(examples=[0])]
    ended_on: date | None
    stage: Annotated[str | None, Field(examples=["first_reminder"])]
    next: NextStep | None
    hold: HoldItem | None
    ownership: Annotated[str | None, Field(examples=["mandated"])]
    advanced_rappen: int | None
    credited_rappen: int | None


class InvoicePage(Answer):
    items: list[InvoiceItem]
    next_cursor: str | None


class Because(Answer):
    """Why something happened: the rules it follows and what they counted from."""

    rules: Annotated[list[str], Field(examples=[["BR-120", "BR-122"]])]
    facts: dict[str, Any]


class TimelineItem(Answer):
    """A fact, as its service said it, without what belongs to a person."""

    event_id: str
    source: Annotated[str, Field(examples=["dunning"])]
    position: int
    type: Annotated[str, Field(examples=["ReminderEscalated"])]
    on: date | None
    recorded_at: Instant
    because: Because
    data: dict[str, Any]


class Timeline(Answer):
    """Everything that happened to an invoice, oldest first, and what happens next."""

    invoice_id: str
    state: InvoiceState
    events: list[TimelineItem]
    next: NextStep | None
    next_because: Because | None


class DocumentItem(Answer):
    """A document that was made for an invoice."""

    document_id: Annotated[str, Field(examples=["9f86d081884c7d65…"])]
    kind: Annotated[str, Field(examples=["invoice"])]
    pages: int
    on: date | None


class DocumentList(Answer):
    items: list[DocumentItem]


class AttachmentItem(Answer):
    """A document that came with an invoice; what its sender called it is null once erased."""

    number: Annotated[int, Field(examples=[1])]
    document_id: Annotated[str, Field(description="sha256 of its content.")]
    media_type: Annotated[str | None, Field(examples=["application/pdf"])]
    size_bytes: int | None
    title: str | None
    filename: str | None


class AttachmentList(Answer):
    items: list[AttachmentItem]


class SettingsItem(Answer):
    """A version of one section of a practice's settings; version 0 are the defaults."""

    section: Literal["terms", "reminding", "contract", "deliveries"]
    version: int
    valid_from: date | None
    settings: dict[str, Any]


class PracticeItem(Answer):
    """A member and the newest version of each section of its settings."""

    practice_id: str
    account_no: Annotated[int, Field(examples=[40112])]
    name: Annotated[str, Field(examples=["Praxis am Lindenhof"])]
    holder: str
    kind: Annotated[str, Field(examples=["general_practice"])]
    canton: Annotated[str, Field(examples=["ZH"])]
    language: str
    glns: list[str]
    zsrs: list[str]
    iban: str
    vat_number: str
    joined_on: date
    settings: list[SettingsItem]


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/problem+json": {"example": EXAMPLE}}}


EXAMPLE = {
    "type": "urn:quittance:problem:not_found",
    "title": "not found",
    "status": 404,
    "code": "not_found",
    "detail": "There is nothing with this id.",
    "request_id": "5f0f3b1e-9a3c-4d6f-8a51-0f7c0c2a7f10",
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": ProblemDocument} | _problem("No token, or one that has ended."),
    403: {"model": ProblemDocument} | _problem("The token does not allow this."),
    "default": {"model": ProblemDocument} | _problem("A problem document (RFC 9457)."),
}
