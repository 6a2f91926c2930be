"""Who stands in a generalInvoiceResponse: the request's own parties, and who answers. Pure."""

from dataclasses import dataclass
from datetime import date

from lxml import etree

from libs.events.values import Party
from services.ingest.message.lexical import day
from services.ingest.message.numbers import biller_of, gln_of
from services.ingest.message.parties import party
from services.ingest.message.xml_tree import Node
from services.ingest.responses import response_markup as markup
from services.ingest.responses.response_markup import Unanswerable, add


@dataclass(frozen=True, kw_only=True)
class Office:
    """Who answers, and where to ask."""

    party: Party
    phone: str
    email: str


@dataclass(frozen=True)
class Asked:
    """What of a request the answer repeats."""

    root: Node
    payload: Node
    body: Node
    tiers: Node
    schema: str


def parties_4x(body: etree._Element, asked: Asked, office: Office) -> None:
    """Append all who stand in a response of 4.4 or 4.5: most by their number alone."""
    tiers = asked.tiers
    add(body, "biller", ean_party=markup.gln(gln_of(biller_of(tiers))))
    if asked.schema == "450":
        add(body, "debitor", ean_party=markup.gln(gln_of(tiers.child("debitor"))))
    add(body, "provider", ean_party=markup.gln(gln_of(tiers.child("provider"))))
    add(body, "insurance", ean_party=markup.gln(gln_of(tiers.child("insurance"))))
    given = tiers.child("patient") or Node("patient")
    patient = add(
        body,
        "patient",
        gender=markup.gender(given.get("gender")),
        birthdate=f"{_born(given).isoformat()}T00:00:00",
        ssn=markup.ssn(given.get("ssn"), asked.schema),
    )
    markup.block(patient, party(given), asked.schema, person=True)
    treatment = asked.body.child("treatment")
    marks = {
        name: markup.cut(treatment.get(name), 35) if treatment is not None else ""
        for name in ("apid", "acid")
    }
    if any(marks.values()):
        add(body, "treatment", **marks)
    markup.contact(add(body, "contact"), office.party, office.phone, office.email, asked.schema)


def parties_50(body: etree._Element, asked: Asked, office: Office) -> None:
    """Append all who stand in a response of 5.0, and the treatment."""
    tiers = asked.tiers
    biller = biller_of(tiers)
    name = markup.gln(gln_of(biller))
    billers = add(body, "billers")
    markup.block(add(billers, "biller_gln", gln=name), party(biller), "500")
    debtor = tiers.child("debitor")
    markup.block(add(body, "debitor", gln=markup.gln(gln_of(debtor))), party(debtor), "500")
    provider = tiers.at("providers", "provider_gln")
    location = provider.get("gln_location") if provider is not None else ""
    glns = {"gln": markup.gln(gln_of(provider), name), "gln_location": markup.gln(location, name)}
    shown = party(provider) or party(biller)
    markup.block(add(add(body, "providers"), "provider_gln", **glns), shown, "500")
    insurance = tiers.child("insurance")
    insurer = add(body, "insurance", gln=markup.gln(gln_of(insurance)))
    markup.block(insurer, party(insurance), "500")
    given = tiers.child("patient") or Node("patient")
    gender = given.get("gender")
    patient = add(
        body,
        "patient",
        gender="diverse" if gender == "diverse" else markup.gender(gender),
        sex=markup.gender(given.get("sex")),
        birthdate=_born(given).isoformat(),
        ssn=markup.ssn(given.get("ssn"), "500") or markup.NO_SSN,
    )
    markup.block(patient, party(given), "500", person=True)
    markup.contact(add(body, "contact"), office.party, office.phone, office.email, "500")
    _treatment_50(body, asked.body.child("treatment") or Node("treatment"))


def _born(patient: Node) -> date:
    return day(patient.get("birthdate")) or markup.BORN_UNKNOWN


def _treatment_50(body: etree._Element, given: Node) -> None:
    first, last = day(given.get("date_begin")), day(given.get("date_end"))
    canton, reason = given.get("canton"), given.get("reason")
    if first is None or last is None or canton not in markup.CANTONS:
        raise Unanswerable
    stationary = given.get("treatment") == "stationary"
    add(
        body,
        "treatment",
        date_begin=first.isoformat(),
        date_end=last.isoformat(),
        canton=canton,
        treatment="stationary" if stationary else "ambulatory",
        reason=reason if reason in markup.REASONS else "unknown",
        apid=markup.cut(given.get("apid"), 35),
        acid=markup.cut(given.get("acid"), 35),
    )
