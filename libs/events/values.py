"""The words that all services share: ids, codes, parties, service lines, settings of a practice."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Literal, NewType, TypeAlias, TypeVar

import msgspec

PracticeId = NewType("PracticeId", str)
InvoiceId = NewType("InvoiceId", str)
SubmissionId = NewType("SubmissionId", str)
CreditId = NewType("CreditId", str)
SubjectId = NewType("SubjectId", str)
EventId = NewType("EventId", str)
DocumentId = NewType("DocumentId", str)
"""sha256 of the content, lower-case hex; the document's name in the document store."""

COOPERATIVE = PracticeId("00000000-0000-0000-0000-000000000000")
"""The tenant of what belongs to no practice: money whose owner is not known yet."""

Language: TypeAlias = Literal["de", "fr", "it", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "fr", "it", "en")

T = TypeVar("T")


class Private(msgspec.Struct, Generic[T], frozen=True, omit_defaults=True):
    """A value that belongs to a person; only its ciphertext is ever stored or sent.

    `value` lives in memory alone. The runtime seals it when an event is made into bytes
    (AES-256-GCM under the subject's key, associated data = event id and field name) and opens it
    only for a service that declares the event in `Service.opens`. After erasure `erased` is true.
    Source: BR-114, P34.
    """

    subject: SubjectId
    value: T | None = None
    sealed: bytes | None = None
    erased: bool = False

    def reveal(self) -> T | None:
        """Return the value, None after erasure; a value that was never opened is a bug."""
        assert self.value is not None or self.erased, "sealed: declare it in Service.opens or shows"
        return self.value


class Scheme(StrEnum):
    """Who owes towards whom (BR-1)."""

    TG = "TG"
    TP = "TP"
    TS = "TS"
    PRIVATE = "PRIVATE"


class Law(StrEnum):
    """The law under which a treatment is invoiced (BR-12); ORG is none of the social insurances."""

    KVG = "KVG"
    VVG = "VVG"
    UVG = "UVG"
    IVG = "IVG"
    MVG = "MVG"
    ORG = "ORG"


class Kind(StrEnum):
    """What a message asks for (invoice-xml 12)."""

    INVOICE = "invoice"
    COPY = "copy"
    STORNO = "storno"
    REFUND = "refund"
    REMINDER = "reminder"


class Variant(StrEnum):
    """How a practice handed over what it did (BR-27)."""

    XML = "XML"
    """A generalInvoiceRequest of practice software."""
    WEB = "I"
    """Services entered in the portal, priced here."""
    SUITE = "RH"
    """Services handed over by a practice suite, priced here."""
    SHEET = "E"
    """A sheet on paper, keyed by a clerk, priced here."""
    FINISHED = "A"
    """A finished invoice as PDF; nothing is priced again."""


class Payer(StrEnum):
    """Who is asked to pay; decides terms and the way of reminding (BR-29, BR-128)."""

    PATIENT = "patient"
    INSURER = "insurer"


class Stage(StrEnum):
    """A step of a reminder ladder (BR-120 with Rappel+, BR-123 without, BR-137 for insurers)."""

    FIRST_REMINDER = "first_reminder"
    SECOND_REMINDER = "second_reminder"
    THIRD_REMINDER = "third_reminder"
    RPLUS_WRITTEN = "rplus_written"
    RPLUS_CALL = "rplus_call"
    FORMAL_NOTICE = "formal_notice"
    COLLECTION = "collection"
    INSURER_QUERY = "insurer_query"
    INSURER_FIRST = "insurer_first"
    INSURER_SECOND = "insurer_second"
    KEY_ACCOUNT = "key_account"


class Hold(StrEnum):
    """Why the reminding of a case rests (BR-126)."""

    DISPUTE = "dispute"
    INSURER_PENDING = "insurer_pending"
    ADDRESS_SEARCH = "address_search"
    DECEASED = "deceased"
    BANKRUPT = "bankrupt"
    GUARDIAN_CHECK = "guardian_check"
    PRACTICE_PAUSE = "practice_pause"
    PAYMENT_MATCHING = "payment_matching"
    SECRECY_BASIS_MISSING = "secrecy_basis_missing"
    SMALL_AMOUNT = "small_amount"
    """The open sum is below what the next step is worth: a person decides (BR-121)."""


class Ownership(StrEnum):
    """Whose claim an invoice is (BR-105)."""

    MANDATED = "mandated"
    ADVANCED_RECOURSE = "advanced_recourse"
    PURCHASED = "purchased"


class PracticeKind(StrEnum):
    """What a member does; the kinds of BR-221."""

    GENERAL_PRACTICE = "general_practice"
    SPECIALIST = "specialist"
    PSYCHIATRY = "psychiatry"
    DENTIST = "dentist"
    PHYSIO = "physio"
    VETERINARY = "veterinary"
    MIDWIFE = "midwife"
    HOME_CARE = "home_care"


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A postal address in structured form (payments 1.3); lengths as received."""

    street: str = ""
    house_no: str = ""
    po_box: str = ""
    zip: str = ""
    city: str = ""
    country: str = "CH"


class Party(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person or a company with its address; a company has no given name."""

    name: str
    """Family name, or the company's name."""
    given_name: str = ""
    salutation: str = ""
    title: str = ""
    addition: str = ""
    """Department, or c/o."""
    address: Address = Address()
    company: bool = False


class Patient(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who was treated."""

    party: Party
    born_on: date | None = None
    sex: str = ""
    ahv: str = ""
    """AHV number or a substitute, digits only, as received (invoice-xml 3)."""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    type: str = "by_contract"
    code: str = ""
    text: str = ""


class ServiceLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One service as stated by the sender; amounts in rappen, points and factors exact."""

    record_id: int
    tariff: str
    """Three characters, invoice-xml 10."""
    code: str
    name: str
    on: date
    quantity: Decimal
    amount_rappen: int
    vat_rate: Decimal = Decimal(0)
    points_mt: Decimal = Decimal(0)
    """Medical part; for a tariff of one part, the unit (points or price)."""
    value_mt: Decimal = Decimal(1)
    factor_mt: Decimal = Decimal(1)
    """All factors beside the point value: scaling of the tariff times discount or surcharge."""
    points_tt: Decimal = Decimal(0)
    value_tt: Decimal = Decimal(1)
    factor_tt: Decimal = Decimal(1)
    session: int = 1
    provider_gln: str = ""
    section: str = ""
    side: str = ""
    remark: str = ""
    obligation: bool = True


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A document that came with an invoice; kept apart from it, under its case."""

    document: DocumentId
    media_type: str
    """By what it holds, not by what its sender called it."""
    size_bytes: int
    title: str = ""
    filename: str = ""


class Medical(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done and why: belongs to the case, never travels in the clear."""

    lines: tuple[ServiceLine, ...]
    diagnoses: tuple[Diagnosis, ...] = ()
    reason: str = ""
    remark: str = ""
    insured_id: str = ""
    card_id: str = ""
    case_id: str = ""
    case_on: date | None = None
    attachments: tuple[Attachment, ...] = ()


class VatGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The services of one VAT rate; the amount contains its VAT (invoice-xml A7, A8)."""

    rate: Decimal
    amount_rappen: int
    vat_rappen: int


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a message says in ids, codes, amounts and dates; nothing of it names a person."""

    kind: Kind
    request_id: str
    """The practice software's own invoice number."""
    request_on: date
    request_timestamp: int
    """Unix seconds, set once by the sender and repeated in copies, stornos and reminders."""
    version: str
    """Version of the message: 4.4, 4.5, 5.0."""
    language: Language
    test: bool = False
    """Marked as a test by its sender: no money, no letter (B30)."""
    biller_gln: str
    biller_zsr: str = ""
    scheme: Scheme
    law: Law
    canton: str
    treated_from: date
    treated_to: date
    insurer_gln: str = ""
    insurer_name: str = ""
    amount_rappen: int
    """Sum of the lines, not rounded to 5 rappen (invoice-xml A4)."""
    reminder_rappen: int = 0
    prepaid_rappen: int = 0
    due_rappen: int
    """What is asked for, rounded to 5 rappen (invoice-xml A6, BR-43)."""
    vat: tuple[VatGroup, ...] = ()
    term_days: int | None = None
    reminder_level: int = 0
    software: str = ""
    """Name and version of the program that wrote the message, for support."""
    guid: str = ""
    variant: Variant = Variant.XML


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing noticed in a message. Holds no value of the message (P21)."""

    code: str
    severity: Literal["error", "warning"]
    path: str = ""
    """XPath of the place, without values."""
    line: int = 0
    column: int = 0
    record_id: int = 0
    rule: str = ""
    params: Mapping[str, str] = {}
    """Amounts, dates and limits that the sentence names; never a name or number of a person."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One line of double entry: debit positive, credit negative (BR-153)."""

    account: str
    amount_rappen: int
