"""The words that all services share: ids, codes, parties, service lines, settings of a practice."""

from datetime import date
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


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One line of double entry: debit positive, credit negative (BR-153)."""

    account: str
    amount_rappen: int
