"""The types that `shapes/*.txt` name: the form of one value, by the schema's own lists. Pure.

A check returns the code of a finding, or an empty string.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeAlias

from services.ingest.message.lexical import day, days, money, number

Check: TypeAlias = Callable[[str], str]

ANY_TEXT_MAX: Final = 4_000
"""A text beyond its limit is kept with a warning up to here, and refused beyond."""
TIMESTAMP_MAX: Final = 4_102_444_800
"""1 January 2100 in Unix seconds; keeps the number far inside a 64-bit column."""


def one_of(values: str) -> Check:
    """Return a check for a closed list; blanks around a value do not count (NMTOKEN)."""
    allowed = frozenset(values.split())

    def check(value: str) -> str:
        return "" if value in allowed or value.strip() in allowed else "value_not_allowed"

    return check


def matching(pattern: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        return "" if compiled.fullmatch(value) else "value_malformed"

    return check


def text(length: int, *, least: int = 1) -> Check:
    """Return a check for a text of so many characters; a text of blanks counts as empty."""

    def check(value: str) -> str:
        if len(value) > length:
            return "text_too_long" if len(value) <= ANY_TEXT_MAX else "text_far_too_long"
        return "value_empty" if least and not value.strip() else ""

    return check


def whole(low: int, high: int) -> Check:
    """Return a check for a whole number within bounds."""

    def check(value: str) -> str:
        value = value.strip(" \t\r\n")
        digits = value.removeprefix("+")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):  # noqa: PLR2004
            return "number_invalid"
        return "" if low <= int(digits) <= high else "number_invalid"

    return check


def decimal(low: str = "", *, open_low: bool = False) -> Check:
    """Return a check for a decimal number, not below (or not at) a bound."""
    bound = Decimal(low) if low else None

    def check(value: str) -> str:
        found = number(value)
        if found is None:
            return "number_invalid"
        if bound is not None and (found < bound or (open_low and found == bound)):
            return "number_invalid"
        return ""

    return check


def _money(value: str) -> str:
    return "" if money(value) is not None else "amount_invalid"


def _rate(value: str) -> str:
    found = number(value)
    return "" if found is not None and 0 <= found <= 100 else "number_invalid"  # noqa: PLR2004


def _date(value: str) -> str:
    if day(value) is None:
        return "date_invalid"
    return "date_form" if "T" in value else ""


def _date_time(value: str) -> str:
    if day(value) is None:
        return "date_invalid"
    return "" if "T" in value else "date_form"


def _duration(value: str) -> str:
    return "" if days(value) is not None else "value_malformed"


_FILENAME: Final = re.compile(r"[A-Za-z0-9._-]{1,250}\.[A-Za-z0-9_-]{3,4}", re.ASCII)
_FILENAME_TEXT: Final = text(255)


def _filename(value: str) -> str:
    """Return what is wrong with the name of a file in 5.0, which knows few letters."""
    return _FILENAME_TEXT(value) or ("" if _FILENAME.fullmatch(value) else "value_malformed")


TYPES: Final[dict[str, Check]] = {
    "any": lambda _value: "",
    "bool": one_of("true false 1 0"),
    "money": _money,
    "rate": _rate,
    "number": decimal(),
    "positive": decimal("0", open_low=True),
    "not_negative": decimal("0"),
    "date": _date,
    "datetime": _date_time,
    "duration": _duration,
    "long": matching(r"\s*[+-]?[0-9]{1,19}\s*"),
    "unsigned": whole(0, 2**32 - 1),
    "short": whole(0, 65_535),
    "count_of": whole(0, 2**64 - 1),
    "record": whole(1, 999_999_999),
    "session": whole(1, 999_999),
    "count": whole(1, 999_999_999),
    "timestamp": whole(1, TIMESTAMP_MAX),
    "timestamp45": whole(1_420_066_800, 1_924_902_000),
    "timestamp50": whole(1_420_066_800, 2_890_245_600),
    "gln": matching("[0-9]{13}"),
    "zsr": matching("[A-Z][0-9]{6}"),
    "party": matching("[0-9]{13}|[A-Z][0-9]{6}"),
    "nif": matching("[0-9]{1,7}"),
    "ssn45": matching("[0-9]{4,10}|[1-9][0-9]{10}|(?:756|438)[0-9]{10}"),
    "ssn50": matching("[0-9]{4,10}|(?:756|438)[0-9]{10}"),
    "guid": matching("[A-Fa-f0-9]{32}"),
    "ivcase": matching("[0-9]{14}|[0-9]{10}|[0-9]{9}|[0-9]{6}"),
    "tariff": matching("[0-9A-Z]{3}"),
    "iban": matching("(?:LI|CH)[0-9]{7}[0-9A-Z]{12}"),
    "qrr": matching("[0-9]{27}"),
    "rf": matching("RF[0-9]{2}[0-9A-Za-z]{1,21}"),
    "qrr_or_rf": matching("[0-9]{27}|RF[0-9]{2}[0-9A-Z]{1,21}"),
    "country": matching("[A-Z]{2}"),
    "filename": _filename,
    "mail70": matching("(?=.{0,70}$).+@.+"),
    "mail80": matching("(?=.{0,80}$).+@.+"),
    "chf": one_of("CHF"),
    "language": one_of("de fr it"),
    "modus": one_of("production test"),
    "request_type": one_of("invoice reminder"),
    "subtype": one_of("normal copy refund storno"),
    "level": one_of("1 2 3"),
    "gender": one_of("male female"),
    "gender50": one_of("male female diverse"),
    "law": one_of("KVG VVG UVG IVG MVG ORG"),
    "stay": one_of("ambulatory stationary"),
    "reason": one_of("disease accident maternity prevention birthdefect unknown"),
    "canton": one_of(
        "AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TI TG UR VD VS ZG ZH LI A D F I"
    ),
    "diagnosis": one_of("ICD cantonal DRG by_contract freetext birthdefect ICPC"),
    "billing_role": one_of("mt tt both none"),
    "medical_role": one_of("self_employed employee"),
    "side": one_of("none left right"),
    "side50": one_of("none left right both"),
    "mime": one_of("application/pdf image/jpeg image/png"),
    "document": one_of(
        "Report Image Unemployability Questionnaire Notification Planning Prescription "
        "SalaryCession UndefinedDoc"
    ),
    "place": one_of("practice hospital lab association company"),
    "role": one_of(
        "physician physiotherapist chiropractor ergotherapist nutritionist midwife "
        "logotherapist hospital pharmacist dentist labtechnician dentaltechnician "
        "othertechnician psychologist wholesaler nursingstaff transport druggist "
        "naturopathicdoctor naturopathictherapist other rehab_clinic psychiatric_clinic"
    ),
    "partner": one_of(
        "employer referrer service_provider primary_clinician lead_doctor surgeon "
        "assistant_physician senior_physician chief_physician anaesthetist internist "
        "consultant_doctor co-care radiologist nuclear_medicine other"
    ),
    "status": one_of(
        "unknown ambiguous received frozen processed granted canceled reimbursed claimed"
    ),
    "admission": one_of("regular emergency"),
    "admission43": one_of("regular emergency welfare"),
    "admitted": one_of("normal relocated_stayed_more_24h relocated_stayed_less_24h birth unknown"),
    "admitted43": one_of("normal relocated unknown"),
    "discharged": one_of("normal transferred deceased terminated unknown"),
    "discharged43": one_of("normal relocated deceased aborted unknown"),
    "referral": one_of("cantonal noncantonal_indicated noncantonal_nonindicated"),
    "class": one_of("private semi_private general hospital_comfort md_free_choice"),
    "residence": one_of(
        "home home_with_spitex_care hospital_same_place hospital_other_place retirement_home "
        "nursing_home psychiatric_clinic_same_place psychiatric_clinic_other_place "
        "rehabilitation_clinic_same_place rehabilitation_clinic_other_place birth_house "
        "correctional_facility other unknown"
    ),
    "stay_at": one_of(
        "acute_hospital birthhouse psychiatric_clinic rehabilitation_clinic medical_practice other"
    ),
    "iocm": one_of("A B C D E"),
    "delivery": one_of("first repeated permanent"),
    "digits5": matching("[0-9]{5}"),
    "digits10": matching("[0-9]{10}"),
    "signs10": matching("[0-9A-Z]{10}"),
    "iban44": matching("CH[0-9]{19}"),
    "ssn43": matching("[0-9]{4,10}|[1-9][0-9]{10}|756[0-9]{10}"),
    "esr5_reference": matching("[0-9]{5} [0-9]{5} [0-9]{5}"),
    "esr5_line": matching(r"(?:<[0-9]{2}0001[0-9]{9}> )?[0-9]{15}\+ [0-9]{5}>"),
    "red_line1": matching(r"[0-9]{27}\+ 07[0-9]{7}>|[0-9]{9}>"),
    "red_line2": matching("[0-9]{9}>"),
    "post43": matching("[0-9]{2}-[0-9]{1,4}-[0-9]"),
    "esr5_type": one_of("15plus 15"),
    "esr9_type": one_of("16or27plus 16or27"),
    "qr45_type": one_of("esrQRplus esrQR redPayinSlipQR"),
    "qr_type": one_of("esrQR esrQRplus"),
    "red_type": one_of("esrQRRed esrQRRedplus"),
    "pay_to": one_of("postal_account bank_account"),
    "participant": matching("01-[1-9][0-9]{0,5}-[0-9]"),
    "esr9_reference": matching("[0-9](?: [0-9]{5}){3}|[0-9]{2}(?: [0-9]{5}){5}"),
    "coding_line": matching(r"(?:01[0-9]{11}|042)>(?:[0-9]{16}|[0-9]{27})\+ [0-9]{9}>"),
    "post_account": matching("[0-9]{2}-[0-9]{1,6}-[0-9]"),
}
"""The types that `shapes/*.txt` name; those of texts are made of their length (`grammar.py`)."""

PERSONS: Final = frozenset(("ssn43", "ssn45", "ssn50", "any", "mail70", "mail80", "filename"))
"""Types whose values may be a person's, and are not remembered."""
