"""What a practice hands over, as every service reads it: service lines, facts, findings."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from libs.events.values import DocumentId, Kind, Language, Law, Scheme, Variant


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
