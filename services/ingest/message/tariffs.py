"""Rules on the tariffs of service lines, by day of treatment and law (BR-14, BR-30 to BR-40).

What a tariff type is stands in `tariff_types.toml`. A type that nobody knows is kept and named once
for each message: the list belongs to the standard body and grows. Pure.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from libs.events.values import Law
from services.ingest.message.lines import OF_TWO_PARTS, Line
from services.ingest.message.parties import PSEUDO_GLNS
from services.ingest.message.report import Report
from services.ingest.message.xml_tree import Node

SOCIAL: Final = frozenset((Law.UVG, Law.MVG, Law.IVG))
"""Laws whose insurers share one tariff contract and know no cost sharing (BR-12)."""
LABORATORY: Final = frozenset(("316", "317"))
DENTAL_NEW, DENTAL_OLD = "222", "221"
PHYSIO: Final = {"311": SOCIAL, "312": frozenset((Law.KVG,))}
"""Physiotherapy by the law it is agreed for; private insurers take either (invoice-xml 10)."""
SITTINGS: Final = range(7301, 7341)
"""Items of physiotherapy that are a session each (BR-36)."""
FLAT_RATE, TRIGGER, TARDOC = "005", "TMA", "007"

DENTAL_CAPS: Final = (
    (date(2018, 1, 1), {law: Decimal("1.00") for law in SOCIAL} | {Law.VVG: Decimal("1.70")}),
)
"""Highest value of a dental point by law, since a day (BR-38). ORG is the private patient's."""
DENTAL_PRIVATE_CAP: Final = Decimal("1.70")
DENTAL_KVG_CAP: Final = Decimal("3.10")
"""Of the old catalogue, which alone is valid under the KVG (BR-39)."""


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """What is known of a tariff type."""

    two_parts: bool = False
    since: date = date.min
    until: date = date.max
    withdrawn: bool = False
    code: re.Pattern[str] | None = None
    beside: frozenset[str] = frozenset()


def _read(path: Path) -> dict[str, Tariff]:
    tables: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        kind: Tariff(
            two_parts=table.get("two_parts", False),
            since=table.get("since", date.min),
            until=table.get("until", date.max),
            withdrawn=table.get("withdrawn", False),
            code=re.compile(table["code"], re.ASCII) if "code" in table else None,
            beside=frozenset(table.get("beside", ())),
        )
        for kind, table in tables.items()
    }


TARIFFS: Final[Mapping[str, Tariff]] = _read(Path(__file__).with_name("tariff_types.toml"))
TARDOC_ON: Final = TARIFFS[TARDOC].since
UNKNOWN: Final = Tariff()


def check(lines: Sequence[Line], law: Law, tiers: Node, report: Report) -> None:
    """Report lines whose tariff does not fit their day, their law, or each other."""
    by_kind: dict[str, list[Line]] = {}
    for line in lines:
        by_kind.setdefault(line.tariff, []).append(line)
    for kind, some in by_kind.items():
        _check_kind(kind, some, report)
    _check_days(by_kind, report)
    if FLAT_RATE in by_kind or TRIGGER in by_kind:
        _check_flat_rates(by_kind, report)
    if law is not Law.ORG and not LABORATORY.isdisjoint(by_kind):
        _check_laboratory(by_kind, tiers, report)
    for kind in (DENTAL_NEW, DENTAL_OLD):
        for line in by_kind.get(kind, ()):
            _check_dental(line, law, report)
    for kind, laws in PHYSIO.items():
        if kind in by_kind:
            _check_physio(by_kind[kind], law, laws, report)


def _check_kind(kind: str, lines: Sequence[Line], report: Report) -> None:
    """Name what cannot be a line of its tariff; once for each kind, as programs do it always."""
    tariff = TARIFFS.get(kind)
    if tariff is None:
        report.warning("tariff_unknown", lines[0].node, "tariff_type", count=str(len(lines)))
        return
    if tariff.withdrawn:
        report.warning("tariff_withdrawn", lines[0].node, "tariff_type")
    for line in lines:
        if (line.node.name in OF_TWO_PARTS) is not tariff.two_parts:
            report.warning("tariff_shape_differs", line.node, "tariff_type")
            break
    if tariff.code is not None:
        fits = tariff.code.fullmatch
        wrong = {code for code in {line.code for line in lines} if not fits(code)}
        for line in lines if wrong else ():
            if line.code in wrong:
                wrong.remove(line.code)
                report.warning("tariff_code_form", line.node, "code")


def _check_days(by_kind: Mapping[str, Sequence[Line]], report: Report) -> None:
    """Let the day of treatment decide the tariff; one invoice, one structure (BR-30, BR-31)."""
    old = new = False
    for kind, lines in by_kind.items():
        tariff = TARIFFS.get(kind, UNKNOWN)
        if tariff.until is date.max and tariff.since is date.min:
            continue
        old = old or tariff.until is not date.max
        new = new or tariff.since is not date.min
        days = {line.on for line in lines}
        if tariff.since <= min(days) and max(days) <= tariff.until:
            continue
        for line in lines:
            if not tariff.since <= line.on <= tariff.until:
                report.error("TARIFF_NOT_VALID_ON_DATE", line.node, "tariff_type", on=f"{line.on}")
    if old and new:
        first = next(iter(by_kind.values()))[0]
        report.error("TARIFF_YEAR_MIXED", first.node, limit=f"{TARDOC_ON}")


def _check_flat_rates(by_kind: Mapping[str, Sequence[Line]], report: Report) -> None:
    """Refuse TARDOC on the day of a flat rate, which covers it, unless it is free (BR-32).

    A trigger position says why a flat rate stands there, in the same session and without a price.
    """
    flat = by_kind.get(FLAT_RATE, ())
    days = {line.on for line in flat}
    beside = TARIFFS[FLAT_RATE].beside
    for line in by_kind.get(TARDOC, ()):
        if line.on in days and line.amount_rappen and line.code not in beside:
            report.error("FLAT_RATE_MIXED", line.node, "tariff_type")
    sessions = {(line.on, line.session) for line in flat}
    for line in by_kind.get(TRIGGER, ()):
        if line.amount_rappen:
            report.warning("trigger_priced", line.node, "amount")
        elif (line.on, line.session) not in sessions:
            report.warning("trigger_without_flat_rate", line.node, "session")


def _check_laboratory(by_kind: Mapping[str, Sequence[Line]], tiers: Node, report: Report) -> None:
    """Analyses are invoiced by the laboratory that did them: here, the practice's own (BR-14)."""
    own = own_numbers(tiers)
    for kind in LABORATORY & by_kind.keys():
        for line in by_kind[kind]:
            if line.provider_gln and line.provider_gln not in own:
                report.error("LAB_FOREIGN", line.node, "provider_id")


def own_numbers(tiers: Node) -> frozenset[str]:
    """Return the GLN and ZSR numbers under which a practice works: its own and its people's."""
    found = set(PSEUDO_GLNS)
    for holder in ("billers", "providers"):
        wrapper = tiers.child(holder)
        found |= _numbers(wrapper.children if wrapper is not None else ())
    found |= _numbers(node for node in tiers.children if node.name in {"biller", "provider"})
    partners = tiers.child("partners")
    for partner in partners.children if partners is not None else ():
        if partner.child("person") is not None:
            found |= _numbers((partner,))
    return frozenset(found)


def _numbers(nodes: Iterable[Node]) -> set[str]:
    names = ("gln", "ean_party", "gln_location", "zsr")
    return {node.get(name) for node in nodes for name in names if name in node.names}


def _check_dental(line: Line, law: Law, report: Report) -> None:
    """Under the KVG the old catalogue is valid alone; a point's value has a ceiling (BR-38, 39)."""
    if law is Law.KVG and line.tariff == DENTAL_NEW:
        report.error("TARIFF_LAW_MISMATCH", line.node, "tariff_type", law=law.value)
        return
    cap = DENTAL_KVG_CAP if law is Law.KVG else DENTAL_PRIVATE_CAP
    for since, caps in DENTAL_CAPS:
        if line.on >= since:
            cap = caps.get(law, cap)
    value = line.price.parts[0].value
    if value > cap:
        report.error("POINT_VALUE_ABOVE_CAP", line.node, "unit_factor", limit=f"{cap}")


def _check_physio(lines: Sequence[Line], law: Law, laws: frozenset[Law], report: Report) -> None:
    """One item for each session, and two on a day only where prescribed (BR-36)."""
    others = frozenset((*SOCIAL, Law.KVG)) - laws
    if law in others:
        report.warning("TARIFF_LAW_MISMATCH", lines[0].node, "tariff_type", law=law.value)
    days: set[date] = set()
    for line in lines:
        if line.code.isascii() and line.code.isdigit() and int(line.code) in SITTINGS:
            if line.on in days or line.price.quantity > 1:
                report.warning("physio_session_repeated", line.node, "date_begin")
            days.add(line.on)
