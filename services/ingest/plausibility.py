"""Days, tariffs, laws and parties that must fit each other (BR-13, BR-30 to BR-32, BR-44). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.events.handed import Facts
from libs.events.values import Kind, Law, Party, Patient, Scheme
from services.ingest.arithmetic import is_usual_rate
from services.ingest.lines import Line
from services.ingest.parties import is_incomplete, same_person
from services.ingest.report import Report
from services.ingest.xml_tree import Node

LIMITATION_YEARS: Final = 5
"""A claim for treatment is time-barred after them (BR-66); nobody could be reminded for it."""
ADULT_YEARS: Final = 18
TARDOC_ON: Final = date(2026, 1, 1)
UNTIL_2025: Final = frozenset(("001",))
FROM_2026: Final = frozenset(("005", "007", "TMA"))
FLAT_RATE: Final = "005"
TARDOC: Final = "007"
BIRTHDATE_UNKNOWN: Final = date(1850, 1, 1)
"""Senders fill in 0001-01-01 where they know no birth date (invoice-xml 20)."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What the rules look at, with the elements that a finding points to."""

    facts: Facts
    debtor: Party
    patient: Patient
    lines: Sequence[Line]
    payload: Node
    body: Node
    tiers: Node
    law: Node
    treatment: Node
    reference: Node


def check(message: Message, today: date, report: Report) -> None:
    """Report what cannot be, or cannot be acted on."""
    _check_kind(message, report)
    _check_days(message, today, report)
    _check_lines(message, report)
    _check_tariffs(message.lines, report)
    _check_law(message, report)
    _check_people(message, report)


def _check_kind(message: Message, report: Report) -> None:
    """Compare what the payload calls itself with its references and scheme (invoice-xml 12)."""
    facts, payload = message.facts, message.payload
    calls_itself = payload.get("type") or payload.get("request_type") or "invoice"
    if (calls_itself == "reminder") != (payload.child("reminder") is not None):
        report.error("reminder_reference_mismatch", payload)
    if facts.version == "5.0" and facts.kind is Kind.REFUND and facts.scheme is not Scheme.TP:
        report.error("refund_only_payant", payload, "request_subtype")


def _check_days(message: Message, today: date, report: Report) -> None:
    """BR-44 and B27: nothing before its cause, nothing from the future, nothing time-barred."""
    facts, treatment = message.facts, message.treatment
    if facts.request_on > today:
        report.error("request_in_future", message.reference, "request_date", limit=f"{today}")
    if facts.treated_to < facts.treated_from:
        report.error("treatment_dates_reversed", treatment, "date_end")
    if max(facts.treated_from, facts.treated_to) > today:
        name = "date_end" if facts.treated_to > today else "date_begin"
        report.error("treatment_in_future", treatment, name, limit=f"{today}")
    oldest = years_before(today, LIMITATION_YEARS)
    if facts.kind in {Kind.INVOICE, Kind.REMINDER} and facts.treated_to < oldest:
        report.error("treatment_too_old", treatment, "date_end", limit=f"{oldest}")
    if facts.term_days is not None and facts.term_days < 0:
        holder = message.tiers if "payment_period" in message.tiers.names else None
        slip = holder or message.body.child("esrQR", "esrQRRed") or message.tiers
        report.error("due_before_issue", slip, "payment_period")
    born = message.patient.born_on
    patient = message.tiers.child("patient")
    if patient is not None and born is None:
        report.warning("birthdate_unknown", patient, "birthdate")
    elif patient is not None and born is not None and born > facts.treated_to:
        report.error("birthdate_after_treatment", patient, "birthdate")


def _check_lines(message: Message, report: Report) -> None:
    facts = message.facts
    seen: set[int] = set()
    for line in message.lines:
        if line.record_id in seen:
            report.error("record_id_repeated", line.node, "record_id")
        seen.add(line.record_id)
        if not facts.treated_from <= line.on <= facts.treated_to:
            report.warning("service_outside_treatment", line.node, "date_begin")
        if not is_usual_rate(line.vat_rate, line.on):
            report.warning("vat_rate_unusual", line.node, "vat_rate", on=f"{line.on}")


def _check_tariffs(lines: Sequence[Line], report: Report) -> None:
    """Let the day of treatment decide the tariff; one invoice, one structure (BR-30, BR-31)."""
    flat_days = {line.on for line in lines if line.tariff == FLAT_RATE}
    old = new = False
    for line in lines:
        if line.tariff in UNTIL_2025:
            old = True
            wrong = line.on >= TARDOC_ON
        elif line.tariff in FROM_2026:
            new = True
            wrong = line.on < TARDOC_ON
        else:
            continue
        if wrong:
            report.error("TARIFF_NOT_VALID_ON_DATE", line.node, "tariff_type", on=f"{line.on}")
        if line.tariff == TARDOC and line.on in flat_days:
            # Which positions may stand beside a flat rate is a list of the contract's: named only.
            report.warning("FLAT_RATE_MIXED", line.node, "tariff_type")
    if old and new:
        report.error("TARIFF_YEAR_MIXED", lines[0].node, limit=f"{TARDOC_ON}")


def _check_law(message: Message, report: Report) -> None:
    """Look for what the payer's law wants to know (invoice-xml 7, BR-13)."""
    law, facts = message.law, message.facts
    card = law.get("card_id") or message.tiers.at("patient", "card")
    if facts.law in {Law.KVG, Law.VVG} and not law.get("insured_id") and not card:
        report.warning("insured_number_missing", law, "insured_id")
    if facts.law in {Law.UVG, Law.MVG, Law.IVG} and not law.get("case_id"):
        report.warning("case_number_missing", law, "case_id")
    if facts.version != "5.0" and facts.law is Law.KVG:
        marks = {line.obligation for line in message.lines}
        if len(marks) > 1:
            first = next(line for line in message.lines if not line.obligation)
            report.warning("OBLIGATION_MIXED", first.node, "obligation")


def _check_people(message: Message, report: Report) -> None:
    facts, tiers = message.facts, message.tiers
    debtor = tiers.child("debitor", "insurance", "guarantor") or tiers
    if facts.scheme not in {Scheme.TP, Scheme.TS}:
        debtor = tiers.child("debitor", "guarantor", "patient") or tiers
    if not message.debtor.name:
        report.error("debtor_nameless", debtor)
    elif is_incomplete(message.debtor):
        report.warning("address_incomplete", debtor)
    patient = tiers.child("patient")
    if patient is not None and not message.patient.party.name:
        report.error("patient_nameless", patient)
    born = message.patient.born_on
    if (
        born is not None
        and facts.law is not Law.UVG
        and born > years_before(facts.treated_from, ADULT_YEARS)
        and same_person(message.debtor, message.patient.party)
    ):
        report.warning("debtor_minor", debtor, limit=str(ADULT_YEARS))
    if facts.scheme in {Scheme.TP, Scheme.TS}:
        named, owing = tiers.child("insurance"), tiers.child("debitor")
        if named is not None and owing is not None and _gln(named) != _gln(owing):
            report.warning("debtor_differs", owing)


def _gln(node: Node) -> str:
    return node.get("gln") or node.get("ean_party")


def years_before(on: date, years: int) -> date:
    """Return the same day years ago; 29 February becomes 28."""
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return on.replace(year=max(1, on.year - years), day=28) if on.day == 29 else date.min  # noqa: PLR2004
