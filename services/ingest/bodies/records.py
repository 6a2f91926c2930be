"""Bytes of a body in JSON → what it says, or all findings; what it says → one canonical invoice.

The levels are those of a message: form, structure and values, then rules. A finding's path is the
JSON Pointer of its field. Pure.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final, TypeVar

import msgspec
from pydantic import BaseModel, Field, ValidationError

from libs.events.handed import Finding
from libs.events.values import Language, Law, Scheme, Variant
from libs.records import Handed, Service
from libs.records.handed import Rappen
from libs.records.services import LINES_MAX
from libs.runtime.problems import strict_json
from libs.runtime.web import Problem
from services.ingest.bodies.places import Elements
from services.ingest.bodies.written import VERSION, Written
from services.ingest.findings import CATALOGUE, Unreadable, broken, refused
from services.ingest.message import arithmetic
from services.ingest.message.reading import Sources, facts_of
from services.ingest.message.report import FINDINGS_MAX, Report
from services.ingest.message.xml_invoice import (
    Invoice,
    invoice_id_of,
    invoice_of,
    judge,
    submission_id_of,
)
from services.ingest.prices.priced import Priced

H = TypeVar("H", bound=Handed)

GRAVE: Final = frozenset(("VAT_WITHOUT_NUMBER", "FLAT_RATE_MIXED"))
"""A message's sender answers for its prices; for prices made here, we do (BR-32, BR-50)."""
_OF_LISTS: Final = ("tariff_unknown", "tariff_shape_differs", "tariff_code_form")
_FORMS: Final = {
    "json_malformed": "json_malformed",
    "json_duplicate_key": "json_duplicate_key",
}
_CODES: Final = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "enum": "field_not_allowed",
    "literal_error": "field_not_allowed",
    "value_error": "field_day_invalid",
    "string_too_long": "field_too_long",
    "too_long": "field_too_long",
    "string_too_short": "field_missing",
    "too_short": "field_missing",
    "string_pattern_mismatch": "field_malformed",
}
"""What the structure's errors are called here; any other one is about a wrong type or number."""


class Payer(BaseModel):
    """The insurer of a body that may be incomplete."""

    gln: str = ""


class Priceable(BaseModel):
    """What of a body prices depend on, whatever else of it is still missing."""

    law: Law = Law.KVG
    language: Language | None = None
    biller_gln: str | None = None
    provider_gln: str | None = None
    insurer: Payer | None = None
    prepaid_rappen: Rappen = 0
    lines: Annotated[tuple[Service, ...], Field(min_length=1, max_length=LINES_MAX)]


def priceable(data: bytes) -> Priceable | None:
    """Return the part of a body that has a price; None where its lines are not in order."""
    try:
        return Priceable.model_validate_json(data)
    except ValidationError:
        return None


def noticed(priced: Priced, elements: Elements) -> tuple[Finding, ...]:
    """Return what came up while lines were priced that belong to no whole body yet."""
    root = elements.node("services", {}, priced.nodes)
    report = Report(root, elements.places, GRAVE)
    _tell(priced, report)
    return report.findings()


def read(data: bytes, model: type[H]) -> H | Unreadable:
    """Return what a body says. Raises nothing, whatever the bytes."""
    if not data.strip():
        return refused((broken("json_malformed"),))
    try:
        strict_json(data)
    except Problem as problem:
        return refused((broken(_FORMS.get(problem.code, "field_malformed")),))
    try:
        body = model.model_validate_json(data)
    except ValidationError as error:
        found = _findings(error.errors(include_url=False, include_input=False))
        return replace(refused(found), request_id=_request_id(data))
    if body.insurer is None and body.scheme in {Scheme.TP, Scheme.TS}:
        missing = _finding("field_missing", ("insurer",))
        return replace(refused((missing,)), request_id=body.request_id)
    return body


def report_of(written: Written, priced: Priced) -> Report:
    """Return the report of who priced a body; the rules go on with it."""
    report = Report(written.root, written.places, GRAVE)
    report.settle("FLAT_RATE_MIXED", priced.beside_flat_rate())
    for code in _OF_LISTS:
        report.settle(code, priced.unlisted())
    _tell(priced, report)
    return report


def judged(
    body: Handed, written: Written, variant: Variant, today: date, early: Report | None = None
) -> Invoice | Unreadable:
    """Return the invoice that a body becomes, judged by the rules of messages.

    `early` is the report of who made its sums; with an error there, no sum of lines is compared.
    """
    report = early or Report(written.root, written.places, GRAVE)
    summed = not report.failed()
    sources = Sources.of(written.root, VERSION)
    balance = arithmetic.read_balance(sources.balance)
    facts = msgspec.structs.replace(
        facts_of(sources, balance), scheme=body.scheme, variant=variant, software=""
    )
    message = judge(sources, facts, today, report)
    if summed and message.lines:
        arithmetic.check(message.lines, balance, facts.kind, report)
    if not report.failed():
        return invoice_of(sources, message, report)
    return replace(
        refused(report.findings()),
        submission_id=submission_id_of(sources.root, sources.payload, facts.biller_gln),
        invoice_id=invoice_id_of(
            facts.biller_gln, facts.request_id, facts.request_on, facts.request_timestamp
        ),
        request_id=facts.request_id,
        version=VERSION,
        amount_rappen=facts.amount_rappen,
    )


def _tell(priced: Priced, report: Report) -> None:
    for one in priced.noticed:
        lenient = one.severity == "warning"
        report.by_severity(one.code, one.node, one.attribute, lenient=lenient, **one.params)


def _findings(errors: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Return a finding for each field; one that only follows from those inside it is left out."""
    places = [one["loc"] for one in errors]
    found = []
    for error in errors:
        place: tuple[str | int, ...] = error["loc"]
        inside = any(len(other) > len(place) and other[: len(place)] == place for other in places)
        if inside:
            continue
        found.append(_finding(_CODES.get(error["type"], "field_type"), place))
    return tuple(found[:FINDINGS_MAX])


def _finding(code: str, place: tuple[str | int, ...]) -> Finding:
    line = place[1] if len(place) > 1 and place[0] == "lines" else -1
    return Finding(
        code=code,
        severity="error",
        path="".join(f"/{_step(step)}" for step in place),
        record_id=int(line) + 1,
        rule=CATALOGUE[code].rule,
    )


def _step(step: str | int) -> str:
    """Return a step of a JSON Pointer. A name that we do not know could be anything (P21)."""
    text = str(step)
    known = text.replace("_", "").isalnum() and text.isascii() and len(text) <= 40  # noqa: PLR2004
    return text if known else "?"


def _request_id(data: bytes) -> str:
    """Return the number of an invoice whose body is not as it must be, for the list of refusals."""
    said = json.loads(data)
    number = said.get("request_id") if isinstance(said, dict) else None
    return number if isinstance(number, str) and len(number) <= 35 else ""  # noqa: PLR2004
