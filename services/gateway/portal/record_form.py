"""The form of service records: fields as typed → the body; findings → the field they are about.

A field's name is the JSON Pointer of its place with points for strokes. Pure.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from libs.events.values import LANGUAGES, Law, PracticeKind, Scheme
from services.gateway.portal.findings import Sentence

LINES_MAX: Final = 100
FIELD_MAX: Final = 400
LINE: Final = "lines."
MISSING: Final = "field_missing"

DECIMALS: Final = frozenset(("quantity", "points", "point_value", "factor"))
FRANCS: Final = frozenset(("prepaid_rappen", "price_rappen", "amount_rappen", "vat_rappen"))
WHOLE: Final = frozenset(("term_days", "session"))
"""Last steps of the names of fields that hold numbers, amounts in francs, whole numbers."""

PLACE: Final = ("street", "house_no", "zip", "city")
INVOICE: Final = (
    "request_id", "request_on", "law", "scheme", "term_days", "prepaid_rappen", "language",
    "treatment.reason", "treatment.diagnoses.0.type", "treatment.diagnoses.0.code",
    "treatment.diagnoses.0.text", "remark",
)  # fmt: skip
PEOPLE: Final = tuple(
    f"{who}.{name}"
    for who, own in (
        ("patient", ("name", "given_name", "born_on", "sex", "ahv")),
        ("debtor", ("name", "given_name", "company")),
        ("insurer", ("gln", "name")),
    )
    for name in (*own, *(f"address.{part}" for part in PLACE))
)
INSURED: Final = tuple(
    f"insured.{name}" for name in ("card_id", "insured_id", "case_id", "case_on")
)
FIELDS: Final = (*INVOICE, *PEOPLE, *INSURED)
TOLD: Final = tuple(name for name in FIELDS if name != "debtor.company")
"""Fields beside which something can be said."""
GROUPS: Final = ("patient", "debtor", "insurer", "insured", "treatment", "lines")
OF_LINE: Final = (
    "tariff", "code", "on", "quantity", "side", "session", "name", "points", "point_value",
    "price_rappen", "factor", "tax.category", "tax.reason", "remark",
)  # fmt: skip

DETAILS: Final = tuple(name for name in OF_LINE if name not in {"tariff", "code", "on", "quantity"})
"""What of a line stands in its details: seldom needed."""

FIRST_TARIFF: Final[Mapping[str, str]] = {
    PracticeKind.DENTIST: "222",
    PracticeKind.PHYSIO: "312",
    PracticeKind.VETERINARY: "999",
    PracticeKind.MIDWIFE: "407",
    PracticeKind.HOME_CARE: "532",
}
"""Which tariff the search begins with; TARDOC for everybody else."""
REASONS: Final = ("disease", "accident", "maternity", "prevention", "birthdefect", "unknown")
DIAGNOSES: Final = ("cantonal", "ICD", "by_contract", "freetext", "birthdefect", "ICPC", "DRG")
SEXES: Final = ("", "female", "male")
_PRIVATE: Final = frozenset((PracticeKind.DENTIST, PracticeKind.VETERINARY))
_MARKS: Final = {ord(mark): None for mark in "\N{RIGHT SINGLE QUOTATION MARK}' "}
_AMOUNT: Final = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,2})?", re.ASCII)
_INTEGER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class Line:
    """A line of the form: where it stands, and what was typed."""

    place: int
    fields: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """Return what was typed in a field of the line."""
        return self.fields.get(f"{LINE}{self.place}.{name}", "")


def fresh(draft_id: str, today: date, practice: Any) -> dict[str, str]:
    """Return what a new form is filled with: what can be guessed for this practice (BR-3)."""
    private = practice.kind in _PRIVATE
    return {
        "request_id": f"L-{today:%y%m%d}-{draft_id[:4].upper()}",
        "request_on": today.isoformat(),
        "law": Law.ORG.value if private else Law.KVG.value,
        "scheme": Scheme.PRIVATE.value if private else Scheme.TG.value,
        "language": practice.language if practice.language in LANGUAGES else "de",
        "treatment.reason": "disease",
        "treatment.diagnoses.0.type": "cantonal",
        "term_days": "30",
    }


def typed(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the form among what was sent, lines numbered anew from 0."""
    found = {name: value.strip() for name, value in sent.items() if name in FIELDS}
    places = sorted({place for name in sent if (place := _place_of(name)) is not None})
    for new, old in enumerate(places[:LINES_MAX]):
        for name in OF_LINE:
            value = sent.get(f"{LINE}{old}.{name}", "").strip()
            if value:
                found[f"{LINE}{new}.{name}"] = value
    return {name: value[:FIELD_MAX] for name, value in found.items() if value}


def lines_of(fields: Mapping[str, str]) -> list[Line]:
    """Return the lines of a form in their order."""
    places = {place for name in fields if (place := _place_of(name)) is not None}
    return [Line(place, fields) for place in sorted(places)]


def with_line(fields: Mapping[str, str], tariff: str, code: str, on: str) -> dict[str, str]:
    """Return the form with one line more; it is on the day that is being worked on.

    A point value of the practice's own goes on from the last line of the same tariff (BR-38).
    """
    lines = lines_of(fields)
    if len(lines) >= LINES_MAX:
        return dict(fields)
    values = [line["point_value"] for line in lines if line["tariff"] == tariff]
    said = {"tariff": tariff, "code": code, "on": on, "quantity": "1"}
    said |= {"point_value": values[-1]} if values and values[-1] else {}
    return {**fields, **{f"{LINE}{len(lines)}.{name}": value for name, value in said.items()}}


def without_line(fields: Mapping[str, str], place: int) -> dict[str, str]:
    """Return the form without a line."""
    kept = {name: value for name, value in fields.items() if _place_of(name) != place}
    return typed(kept)


def body_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that the fields say; what cannot be what it should be stays a text."""
    body: dict[str, Any] = {}
    for name, value in fields.items():
        if value and name != "debtor.company":
            _put(body, name.split("."), _value(name.rpartition(".")[2], value))
    body.setdefault("patient", {}).setdefault("address", {})  # so that each gap has its place
    body.setdefault("lines", [])
    debtor = body.get("debtor")
    if debtor is not None:
        debtor.setdefault("address", {})
        debtor["company"] = bool(fields.get("debtor.company"))
    diagnoses = body.get("treatment", {}).get("diagnoses")
    if diagnoses and not {"code", "text"} & diagnoses[0].keys():
        del body["treatment"]["diagnoses"]
    return body


def told_at(
    found: Iterable[tuple[str, Sentence]], count: int, *, tried: bool
) -> dict[str, list[Sentence]]:
    """Return what is to be said at each field or group; at "" what belongs to none of them.

    What is only missing is not held against somebody who is still typing.
    """
    places = {*FIELDS, *GROUPS}
    for place in range(count):
        places |= {f"{LINE}{place}", *(f"{LINE}{place}.{name}" for name in OF_LINE)}
    told: dict[str, list[Sentence]] = defaultdict(list)
    for pointer, sentence in found:
        if sentence.code == MISSING and not tried:
            continue
        name = pointer.strip("/").replace("/", ".")
        while name and name not in places:
            name = name.rpartition(".")[0]
        told[name].append(sentence)
    return told


def _place_of(name: str) -> int | None:
    head, _, rest = name.partition(".")
    place = rest.partition(".")[0]
    if f"{head}." != LINE or not _INTEGER.fullmatch(place) or len(place) > 3:  # noqa: PLR2004
        return None
    return int(place)


def _value(last: str, value: str) -> Any:
    """Return a value as JSON wants it; apostrophes and a comma are how people write numbers."""
    if last in DECIMALS | FRANCS | WHOLE:
        plain = value.translate(_MARKS).replace(",", ".")
        if last in DECIMALS:
            return plain
        if last in WHOLE:
            return int(plain) if _INTEGER.fullmatch(plain) else plain
        if _AMOUNT.fullmatch(plain):
            whole, _, part = plain.partition(".")
            return int(whole) * 100 + int(part.ljust(2, "0"))
        return plain
    return value


def _put(inside: Any, steps: Sequence[str], value: Any) -> None:
    """Put a value at the end of a path; a step of digits is a place in a list."""
    for step, following in zip(steps, [*steps[1:], ""], strict=True):
        if isinstance(inside, list):
            place = int(step)
            while len(inside) <= place:
                inside.append({})
            if following:
                inside = inside[place]
            continue
        if not following:
            inside[step] = value
        else:
            inside = inside.setdefault(step, [] if following.isdigit() else {})
