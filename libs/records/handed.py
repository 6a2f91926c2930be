"""Who was treated, who owes, under which law: what all bodies in JSON have in common.

Amounts are whole rappen, days ISO 8601, quantities decimal numbers or texts of such. Lengths are
those of generalInvoiceRequest 5.0, because a later receiver gets an invoice in that form.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from libs.events.values import Language, Law, Scheme

TEXT_MAX = 2_000
RAPPEN_MAX = 1_000_000_000
TIMESTAMP_MAX = 4_102_444_800

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _written_as_day(given: Any) -> Any:
    """Let through what is written as a day only; pydantic would take seconds of an epoch too."""
    if isinstance(given, date):
        return given
    if isinstance(given, str) and _DAY.fullmatch(given):
        return date.fromisoformat(given)
    raise ValueError("a day is written YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_written_as_day)]
Gln = Annotated[str, Field(pattern="^[0-9]{13}$", examples=["7601003000009"])]
Zsr = Annotated[str, Field(pattern="^[A-Z][0-9]{6}$", examples=["C123456"])]
Rappen = Annotated[int, Field(ge=0, le=RAPPEN_MAX, examples=[5000])]
Line35 = Annotated[str, Field(max_length=35)]
Named = Annotated[str, Field(min_length=1, max_length=35)]
Canton = Literal[
    "AG", "AI", "AR", "BE", "BL", "BS", "FR", "GE", "GL", "GR", "JU", "LU", "NE", "NW", "OW", "SG",
    "SH", "SO", "SZ", "TI", "TG", "UR", "VD", "VS", "ZG", "ZH", "LI", "A", "D", "F", "I",
]  # fmt: skip
"""Where the treatment took place; single letters are the neighbouring countries."""
Reason = Literal["disease", "accident", "maternity", "prevention", "birthdefect", "unknown"]
Catalogue = Literal["ICD", "cantonal", "DRG", "by_contract", "freetext", "birthdefect", "ICPC"]


class Body(BaseModel):
    """A part of a body: unknown fields are refused, numbers are not made of texts (B37, B39)."""

    model_config = ConfigDict(
        extra="forbid", strict=True, str_max_length=TEXT_MAX, str_strip_whitespace=True, frozen=True
    )


class Place(Body):
    """A postal address in structured form."""

    street: Line35 = ""
    house_no: Annotated[str, Field(max_length=10)] = ""
    po_box: Line35 = ""
    zip: Annotated[str, Field(min_length=1, max_length=9)]
    city: Named
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "CH"


class Party(Body):
    """A person, or a company, which has no given name."""

    name: Named
    given_name: Line35 = ""
    salutation: Line35 = ""
    title: Line35 = ""
    addition: Line35 = ""
    """Department, or c/o."""
    address: Place
    company: bool = False


class Patient(Body):
    """Who was treated."""

    name: Named
    given_name: Named
    salutation: Line35 = ""
    title: Line35 = ""
    addition: Line35 = ""
    address: Place
    born_on: Day
    sex: Literal["male", "female"]
    ahv: Annotated[str, Field(pattern="^([0-9]{4,10}|(756|438)[0-9]{10})?$")] = ""
    """AHV number or a substitute, digits only."""


class Insurer(Body):
    """Whom the law makes pay or pay back."""

    gln: Gln
    name: Named
    address: Place | None = None


class Insured(Body):
    """By which numbers the insurer finds person and case."""

    insured_id: Line35 = ""
    card_id: Line35 = ""
    case_id: Line35 = ""
    case_on: Day | None = None
    """Day of the accident."""


class Diagnosed(Body):
    """A diagnosis in a code that was agreed, or as text."""

    type: Catalogue = "by_contract"
    code: Annotated[str, Field(max_length=12)] = ""
    text: Annotated[str, Field(max_length=350)] = ""


class Treatment(Body):
    """When, where and why somebody was treated."""

    begins_on: Day | None = None
    """The first day of the lines unless given."""
    ends_on: Day | None = None
    canton: Canton | None = None
    """The practice's own unless given."""
    reason: Reason = "disease"
    diagnoses: Annotated[tuple[Diagnosed, ...], Field(max_length=50)] = ()


class Begun(Treatment):
    """The same where no lines say when it was."""

    begins_on: Day
    ends_on: Day


class Handed(Body):
    """What all bodies in JSON say."""

    request_id: Annotated[str, Field(min_length=1, max_length=35, examples=["L-2026-000017"])]
    """The practice's own invoice number."""
    request_on: Day
    """Day of the invoice."""
    request_timestamp: Annotated[int, Field(ge=1, le=TIMESTAMP_MAX)] | None = None
    """Unix seconds, set once and repeated; the start of the invoice's day in UTC unless given."""
    language: Language | None = None
    """Of the documents; the practice's own unless given."""
    test: bool = False
    scheme: Scheme
    law: Law
    biller_gln: Gln | None = None
    """The practice's first number unless given."""
    biller_zsr: Zsr | None = None
    provider_gln: Gln | None = None
    """Who did it; the biller unless given."""
    patient: Patient
    debtor: Party | None = None
    """Who owes; the patient, in TP the insurer, unless given."""
    insurer: Insurer | None = None
    insured: Insured = Insured()
    treatment: Treatment = Treatment()
    prepaid_rappen: Rappen = 0
    term_days: Annotated[int, Field(ge=0, le=365)] | None = None
    remark: Annotated[str, Field(max_length=350)] = ""
