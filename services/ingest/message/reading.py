"""Reads facts, people and medical data of a message whose structure is in order. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from libs.events.handed import Attachment, Diagnosis, Facts, Medical
from libs.events.values import LANGUAGES, Kind, Language, Law, Party, Patient, Scheme
from services.ingest.message.arithmetic import Balance
from services.ingest.message.lexical import day, days, truth
from services.ingest.message.lines import Line, service_line
from services.ingest.message.numbers import biller_of, gln_of
from services.ingest.message.parties import party, text_of
from services.ingest.message.plausibility import BIRTHDATE_UNKNOWN
from services.ingest.message.versions import LAWS, TIERS
from services.ingest.message.xml_tree import Node

TERM_DAYS_MAX = 3_650
SCHEMES = {"tiers_garant": Scheme.TG, "tiers_payant": Scheme.TP, "tiers_soldant": Scheme.TS}
NOBODY = Party(name="")


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The elements of a message, found once; where they stand differs by version."""

    version: str
    root: Node
    payload: Node
    reference: Node
    reminder: Node | None
    body: Node
    tiers: Node
    balance: Node
    law: Node
    treatment: Node
    services: Node

    @classmethod
    def of(cls, root: Node, version: str) -> "Sources":
        """Find what the grammar has seen to be there."""
        payload = _there(root.child("payload"))
        body = _there(payload.child("body"))
        tiers = _there(body.child(*TIERS))
        return cls(
            version=version,
            root=root,
            payload=payload,
            reference=_there(payload.child("invoice")),
            reminder=payload.child("reminder"),
            body=body,
            tiers=tiers,
            balance=_there(tiers.child("balance") or body.child("balance")),
            law=_there(body.child("law", *LAWS)),
            treatment=_there(body.child("treatment")),
            services=_there(body.child("services")),
        )


def kind_of(payload: Node) -> tuple[Kind, str]:
    """Return what a message asks for, and its subtype as stated, which is part of its key.

    The storno of a reminder takes back a reminder of the practice's own, not the invoice. A copy
    never acts, not even the copy of a storno (invoice-xml 12).
    """
    flags = [name for name in ("storno", "copy", "credit_advice") if truth(payload.get(name))]
    subtype = payload.get("request_subtype") or "+".join(flags) or "normal"
    calls_itself = payload.get("request_type") or payload.get("type")
    if calls_itself == "reminder" or payload.child("reminder") is not None:
        return Kind.REMINDER, subtype
    if "copy" in flags or subtype == "copy":
        return Kind.COPY, subtype
    if "storno" in flags or subtype == "storno":
        return Kind.STORNO, subtype
    if "credit_advice" in flags or subtype == "refund":
        return Kind.REFUND, subtype
    return Kind.INVOICE, subtype


def facts_of(sources: Sources, balance: Balance) -> Facts:
    """Return what may travel in the clear."""
    reference, tiers, treatment = sources.reference, sources.tiers, sources.treatment
    law = Law((sources.law.get("type") or sources.law.name).upper())
    insurance = tiers.child("insurance")
    insurer = party(insurance)
    zsr = tiers.at("billers", "biller_zsr") or tiers.child("biller")
    return Facts(
        kind=kind_of(sources.payload)[0],
        request_id=reference.get("request_id"),
        request_on=_day(reference.get("request_date")),
        request_timestamp=int(reference.get("request_timestamp")),
        version=sources.version,
        language=_language(sources.root),
        test=sources.root.get("modus") == "test",
        biller_gln=gln_of(biller_of(tiers)),
        biller_zsr=zsr.get("zsr") if zsr is not None else "",
        scheme=_scheme(tiers, law),
        law=law,
        canton=treatment.get("canton"),
        treated_from=_day(treatment.get("date_begin")),
        treated_to=_day(treatment.get("date_end")),
        insurer_gln=gln_of(insurance),
        insurer_name=insurer.name if insurer is not None and insurer.company else "",
        amount_rappen=balance.amount_rappen,
        reminder_rappen=balance.reminder_rappen,
        prepaid_rappen=balance.prepaid_rappen,
        due_rappen=balance.due_rappen,
        vat=balance.groups,
        term_days=_term(sources),
        reminder_level=int(sources.reminder.get("reminder_level", "1")) if sources.reminder else 0,
        software=_software(sources.body),
        guid=sources.root.get("guid").lower(),
    )


def debtor_of(sources: Sources, scheme: Scheme) -> Party:
    """Return who owes; what is missing is completed as the standard says (invoice-xml 5.4)."""
    tiers = sources.tiers
    if scheme in {Scheme.TP, Scheme.TS}:
        return party(tiers.child("debitor")) or party(tiers.child("insurance")) or NOBODY
    found = party(tiers.child("debitor")) or party(tiers.child("guarantor"))
    return found or party(tiers.child("patient")) or NOBODY


def patient_of(sources: Sources) -> Patient:
    """Return who was treated."""
    node = _there(sources.tiers.child("patient"))
    born = day(node.get("birthdate"))
    return Patient(
        party=party(node) or NOBODY,
        born_on=born if born is not None and born > BIRTHDATE_UNKNOWN else None,
        sex=node.get("sex") or node.get("gender"),
        ahv=node.get("ssn") or sources.law.get("ssn"),
    )


def medical_of(
    sources: Sources, lines: Sequence[Line], attachments: tuple[Attachment, ...]
) -> Medical:
    """Return what belongs to the case and never travels in the clear."""
    law, treatment = sources.law, sources.treatment
    card = sources.tiers.at("patient", "card") or sources.tiers.child("insured")
    return Medical(
        lines=tuple(map(service_line, lines)),
        diagnoses=tuple(
            Diagnosis(
                type=node.get("type", "by_contract"),
                code=node.get("code"),
                text=" ".join(node.text.split()),
            )
            for node in treatment.children
            if node.name == "diagnosis"
        ),
        reason=treatment.get("reason"),
        remark=text_of(sources.body, "remark"),
        insured_id=law.get("insured_id"),
        card_id=law.get("card_id") or (card.get("card_id") if card is not None else ""),
        case_id=law.get("case_id"),
        case_on=day(law.get("case_date")),
        attachments=attachments,
    )


def _there(node: Node | None) -> Node:
    assert node is not None, "checked by the grammar"
    return node


def _day(value: str) -> date:
    found = day(value)
    assert found is not None, "checked by the grammar"
    return found


def _language(root: Node) -> Language:
    """Return the language of the message; the schema knows three, senders also write `en`."""
    given = root.get("language")
    for known in LANGUAGES:
        if known == given:
            return known
    return "de"


def _scheme(tiers: Node, law: Law) -> Scheme:
    """Return who owes towards whom; without any insurance law nobody pays anything back (BR-1)."""
    scheme = SCHEMES[tiers.name]
    return Scheme.PRIVATE if scheme is Scheme.TG and law is Law.ORG else scheme


def _term(sources: Sources) -> int | None:
    """Return the days to pay; 4.x says it beside the parties, 5.0 beside the slip."""
    slip = sources.body.child("esrQR", "esrQRRed")
    given = sources.tiers.get("payment_period")
    given = given or (slip.get("payment_period") if slip is not None else "")
    term = days(given) if given else None
    return None if term is None else min(term, TERM_DAYS_MAX)


def _software(body: Node) -> str:
    """Return which program wrote the message, for support."""
    prolog = body.child("prolog")
    program = prolog.child("package", "generator") if prolog is not None else None
    if program is None:
        return ""
    return f"{program.get('name')} {program.get('version')}".strip()[:80]
