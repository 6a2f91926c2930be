"""Days, tariffs, laws and parties that must fit each other (BR-19, BR-44). Pure.

What tariffs and laws ask for stands in `tariffs.py` and `laws.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.events.handed import Facts
from libs.events.values import Kind, Law, Party, Patient, Scheme
from libs.paper.characters import unprinted
from services.ingest.message import laws, tariffs
from services.ingest.message.arithmetic import is_usual_rate
from services.ingest.message.lines import Line
from services.ingest.message.parties import is_incomplete, same_person
from services.ingest.message.report import Report
from services.ingest.message.xml_tree import Node

LIMITATION_YEARS: Final = 5
"""A claim for treatment is time-barred after them (BR-66); nobody could be reminded for it."""
ADULT_YEARS: Final = 18
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
    _check_lines(message, today, report)
    tariffs.check(message.lines, message.facts.law, message.tiers, report)
    laws.check(message.facts, message.law, message.tiers, message.treatment, message.lines, report)
    laws.check_approval(message.debtor, message.payload, message.lines, report)
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


def _check_lines(message: Message, today: date, report: Report) -> None:
    facts = message.facts
    seen: set[int] = set()
    for line in message.lines:
        if line.record_id in seen:
            report.error("record_id_repeated", line.node, "record_id")
        seen.add(line.record_id)
        if not facts.treated_from <= line.on <= facts.treated_to:
            report.warning("service_outside_treatment", line.node, "date_begin")
            if line.on > today:  # one inside is the treatment's error
                report.error("treatment_in_future", line.node, "date_begin", limit=f"{today}")
        if not is_usual_rate(line.vat_rate, line.on):
            report.warning("vat_rate_unusual", line.node, "vat_rate", on=f"{line.on}")
    if facts.version == "5.0":
        _check_providers(message, report)


def _check_providers(message: Message, report: Report) -> None:
    """Name who performed a service and stands nowhere among the parties (invoice-xml 5.1)."""
    given = {line.provider_gln for line in message.lines}
    listed = tariffs.own_numbers(message.tiers)
    if given <= listed:
        return
    unlisted = given - listed - _partners(message.tiers) - {""}
    for line in message.lines:
        if line.provider_gln in unlisted:
            unlisted.remove(line.provider_gln)
            report.warning("provider_unlisted", line.node, "provider_id")


def _partners(tiers: Node) -> frozenset[str]:
    partners = tiers.child("partners")
    return frozenset(one.get("gln") for one in partners.children) if partners else frozenset()


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
    for node, who in ((debtor, message.debtor), (patient or tiers, message.patient.party)):
        address = who.address
        if unprinted(f"{who.name}{who.given_name}{address.street}{address.city}"):
            report.warning("letters_unprinted", node)
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
