"""What the payer's law and the payer want to find on an invoice (BR-12 to BR-15, BR-22). Pure.

What is missing is named, because it makes an insurer refuse; refused is only what nobody could
decide upon: an invoice to the disability insurance without the number of its decision.
"""

import re
from collections.abc import Sequence
from typing import Final

from libs.events.handed import Facts
from libs.events.values import Law, Party
from services.ingest.message.lines import Line
from services.ingest.message.report import Report
from services.ingest.message.tariffs import DENTAL_NEW, DENTAL_OLD, SOCIAL
from services.ingest.message.xml_tree import Node

AHV_UNKNOWN: Final = "7569999999991"
"""What senders write where they do not know the number (invoice-xml 3)."""
BY_LAW: Final = frozenset((Law.KVG, *SOCIAL))
NEVER_ACCIDENTS: Final = frozenset(("maternity", "prevention", "birthdefect"))
SOCIAL_SERVICE: Final = re.compile(
    r"sozial(?:dienst|amt|hilfe|beh[öo]rde|e dienste|abteilung)|f[üu]rsorge"
    r"|services? soci(?:al|aux)|aide sociale|action sociale|hospice g[ée]n[ée]ral"
    r"|servizi[oi]? social[ei]|assistenza sociale|aiuto sociale",
    re.IGNORECASE,
)
"""How the offices of social welfare call themselves (BR-22)."""


def check(
    facts: Facts, law: Node, tiers: Node, treatment: Node, lines: Sequence[Line], report: Report
) -> None:
    """Report what the law of an invoice asks for and does not get."""
    _check_numbers(facts, law, tiers, report)
    if facts.law in BY_LAW and treatment.child("diagnosis") is None:
        report.warning("diagnosis_missing", treatment)
    reason = treatment.get("reason")
    if facts.law is Law.UVG and reason in NEVER_ACCIDENTS:
        report.warning("reason_law_differs", treatment, "reason", law=facts.law.value)
    if facts.version != "5.0" and facts.law is Law.KVG:
        marks = {line.obligation for line in lines}
        if len(marks) > 1:
            first = next(line for line in lines if not line.obligation)
            report.warning("OBLIGATION_MIXED", first.node, "obligation")


def _check_numbers(facts: Facts, law: Node, tiers: Node, report: Report) -> None:
    card = law.get("card_id") or tiers.at("patient", "card")
    if facts.law in {Law.KVG, Law.VVG} and not law.get("insured_id") and not card:
        report.warning("insured_number_missing", law, "insured_id")
    if facts.law is Law.IVG and not law.get("case_id"):
        report.error("decision_number_missing", law, "case_id")
    if facts.law in {Law.UVG, Law.MVG}:
        if not law.get("case_id"):
            report.warning("case_number_missing", law, "case_id")
        if not law.get("case_date"):
            report.warning("case_date_missing", law, "case_date")
    patient = tiers.child("patient")
    ahv = (patient.get("ssn") if patient is not None else "") or law.get("ssn")
    if patient is not None and facts.law in BY_LAW and ahv in {"", AHV_UNKNOWN}:
        report.warning("ahv_missing", patient, "ssn")
    if facts.law is Law.KVG and not facts.biller_zsr and _provider_zsr(tiers) == "":
        report.warning("zsr_missing", tiers)


def _provider_zsr(tiers: Node) -> str:
    node = tiers.at("providers", "provider_zsr") or tiers.child("provider")
    return node.get("zsr") if node is not None else ""


def check_approval(debtor: Party, payload: Node, lines: Sequence[Line], report: Report) -> None:
    """Name dental work for a social service that shows no approval of before (BR-22).

    Emergencies, the yearly check-up and hygiene need no approval, and a message cannot say that it
    is one of them: so it is named and not refused.
    """
    if not debtor.company or payload.child("credit") is not None:
        return
    if not SOCIAL_SERVICE.search(f"{debtor.name} {debtor.addition}"):
        return
    for line in lines:
        if line.tariff in {DENTAL_NEW, DENTAL_OLD}:
            report.warning("APPROVAL_REQUIRED", line.node)
            return
