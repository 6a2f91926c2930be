"""A series over a change of tariffs becomes two invoices (BR-31). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from libs.events.handed import Finding
from libs.records import Service, ServiceRecord
from services.ingest.findings import Unreadable
from services.ingest.message.tariffs import TARDOC_ON, TARIFFS, UNKNOWN
from services.ingest.message.xml_invoice import Invoice

NUMBER_MAX: Final = 35
"""Characters of an invoice's number."""


@dataclass(frozen=True)
class Part:
    """A record, or the part of one that becomes an invoice: its lines with their places."""

    body: ServiceRecord
    lines: tuple[tuple[int, Service], ...]
    split: bool = False


def whole(body: ServiceRecord) -> Part:
    """Return a record that becomes one invoice."""
    return Part(body, tuple(enumerate(body.lines)))


def parts_of(body: ServiceRecord) -> list[Part]:
    """Return one part, or two where a series goes over a change of tariffs (BR-31).

    What was paid before stays with the first; the second gets a number of its own.
    """
    tariffs = [TARIFFS.get(line.tariff, UNKNOWN) for line in body.lines]
    ends = any(tariff.until is not date.max for tariff in tariffs)
    begins = any(tariff.since is not date.min for tariff in tariffs)
    days = {line.on < TARDOC_ON for line in body.lines}
    if not (ends and begins) or len(days) == 1:
        return [whole(body)]
    treatment, last = body.treatment, TARDOC_ON - timedelta(days=1)
    first_days = treatment.model_copy(update={"ends_on": treatment.ends_on and last})
    other_days = treatment.model_copy(update={"begins_on": treatment.begins_on and TARDOC_ON})
    number = f"{body.request_id[: NUMBER_MAX - 2]}-2"
    first = body.model_copy(update={"treatment": first_days})
    other = body.model_copy(
        update={"treatment": other_days, "request_id": number, "prepaid_rappen": 0}
    )
    placed = list(enumerate(body.lines))
    return [
        Part(one, tuple(each for each in placed if (each[1].on < TARDOC_ON) is early), split=True)
        for one, early in ((first, True), (other, False))
    ]


def together(judged: Sequence[Invoice | Unreadable]) -> Unreadable | None:
    """Return the refusal of all parts, with what is wrong in any of them; None if nothing is."""
    refusals = [one for one in judged if isinstance(one, Unreadable)]
    if not refusals:
        return None
    findings: list[Finding] = []
    for one in refusals:
        findings += [finding for finding in one.findings if finding not in findings]
    return replace(refusals[0], findings=tuple(findings))
