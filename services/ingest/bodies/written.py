"""A body in JSON written as the tree of a message, so that one set of rules judges both. Pure.

What the rules notice at an element of the tree is told at the field that it was made of, by its
JSON Pointer. The tree holds what rules and readers of a message of 5.0 look at, and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

from libs.events.handed import VatGroup
from libs.events.values import Law, Scheme
from libs.records import Biller, Handed, Party, Patient, Place
from services.ingest.bodies.places import Elements, Places
from services.ingest.message.arithmetic import francs
from services.ingest.message.xml_tree import Node

VERSION: Final = "5.0"
"""Of the rules that such an invoice follows, and of the form in which others get it."""
_TIERS: Final = {
    Scheme.TG: "tiers_garant",
    Scheme.TP: "tiers_payant",
    Scheme.TS: "tiers_soldant",
    Scheme.PRIVATE: "tiers_garant",
}


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What an invoice asks for, in rappen; groups contain their VAT."""

    amount_rappen: int
    due_rappen: int
    groups: tuple[VatGroup, ...]


@dataclass(frozen=True, kw_only=True)
class Written:
    """A tree, and where each element of it came from."""

    root: Node
    places: Places


def timestamp_of(body: Handed) -> int:
    """Return the moment that tells an invoice from one of the same number and day (P10)."""
    if body.request_timestamp is not None:
        return body.request_timestamp
    return int(datetime.combine(body.request_on, time(), UTC).timestamp())


def days_of(body: Handed, on: Iterable[date]) -> tuple[date, date]:
    """Return first and last day of the treatment: as stated, else those of the lines."""
    known = sorted(on) or [body.request_on]
    return body.treatment.begins_on or known[0], body.treatment.ends_on or known[-1]


class Writer(Elements):
    """Writes one body; `places` remembers what each element was made of."""

    def __init__(self, body: Handed, biller: Biller) -> None:
        super().__init__()
        self._body = body
        self._biller = biller

    def write(self, treated: tuple[date, date], sums: Sums, lines: Sequence[Node] = ()) -> Written:
        """Return the tree of the whole body."""
        body = self._body
        reference = self.node(
            "invoice",
            {
                "request_timestamp": str(timestamp_of(body)),
                "request_date": body.request_on.isoformat(),
                "request_id": body.request_id,
            },
            fields={"request_date": "request_on", "request_id": "request_id"},
        )
        parts = [
            self.node("remark", {}, at="/remark", text=body.remark),
            self._tiers(sums),
            self._law(),
            self._treatment(*treated),
            self.node("services", {}, lines, at="/lines"),
        ]
        payload = self.node(
            "payload",
            {"request_type": "invoice", "request_subtype": "normal"},
            [reference, self.node("body", {"role": "other", "place": "practice"}, parts)],
        )
        root = self.node(
            "request",
            {
                "language": body.language or self._biller.language,
                "modus": "test" if body.test else "production",
            },
            [payload],
        )
        return Written(root=root, places=self.places)

    def _tiers(self, sums: Sums) -> Node:
        body, biller = self._body, self._biller
        gln = body.biller_gln or biller.gln
        number = self.node("biller_gln", {"gln": gln}, fields={"gln": "biller_gln"})
        zsr = self.node("biller_zsr", {"zsr": body.biller_zsr or biller.zsr})
        provider = self.node(
            "provider_gln", {"gln": body.provider_gln or gln}, fields={"gln": "provider_gln"}
        )
        children = [
            self.node("billers", {}, [number, zsr]),
            *self._debtor(),
            self.node("providers", {}, [provider]),
            *self._insurance(),
            self._patient(body.patient),
            self._balance(sums),
        ]
        term = "" if body.term_days is None else f"P{body.term_days}D"
        fields = {"payment_period": "term_days"}
        return self.node(_TIERS[body.scheme], {"payment_period": term}, children, fields=fields)

    def _debtor(self) -> list[Node]:
        """Return who owes; in TP and TS it is the insurer unless another office is named."""
        debtor = self._body.debtor
        if debtor is None:
            return []
        at = "/debtor"
        return [self.node("debitor", {}, [self._person(debtor, at)], at=at)]

    def _insurance(self) -> list[Node]:
        insurer = self._body.insurer
        if insurer is None:
            if self._body.scheme not in {Scheme.TP, Scheme.TS}:
                return []
            return [self.node("insurance", {}, at="/insurer", fields={"gln": "gln"})]
        at = "/insurer"
        names = self.node("companyname", {}, at=f"{at}/name", text=insurer.name)
        postal = self._postal(insurer.address, f"{at}/address")
        company = self.node("company", {}, [names, postal], at=at)
        return [
            self.node("insurance", {"gln": insurer.gln}, [company], at=at, fields={"gln": "gln"})
        ]

    def _patient(self, patient: Patient) -> Node:
        at = "/patient"
        return self.node(
            "patient",
            {
                "gender": patient.sex,
                "sex": patient.sex,
                "birthdate": patient.born_on.isoformat(),
                "ssn": patient.ahv,
                "card_id": self._body.insured.card_id,
            },
            [self._person(patient, at)],
            at=at,
            fields={"sex": "sex", "birthdate": "born_on", "ssn": "ahv"},
        )

    def _person(self, party: Party | Patient, at: str) -> Node:
        company = isinstance(party, Party) and party.company
        names = {"companyname": party.name} if company else {"familyname": party.name}
        if not company:
            names["givenname"] = party.given_name
        names["department" if company else "subaddressing"] = party.addition
        said = [self.node(name, {}, at=at, text=text) for name, text in names.items() if text]
        return self.node(
            "company" if company else "person",
            {"salutation": party.salutation, "title": party.title},
            [*said, self._postal(party.address, f"{at}/address")],
            at=at,
        )

    def _postal(self, place: Place | None, at: str) -> Node:
        if place is None:
            return self.node("postal", {}, at=at)
        street = {"street_name": place.street, "house_no": place.house_no}
        parts = [
            self.node("pobox", {}, at=at, text=place.po_box),
            self.node("street", street, at=at),
            self.node("zip", {}, at=at, text=place.zip),
            self.node("city", {}, at=at, text=place.city),
            self.node("country", {"country_code": place.country}, at=at),
        ]
        return self.node("postal", {}, parts, at=at)

    def _balance(self, sums: Sums) -> Node:
        body, total = self._body, 0
        rows = []
        for group in sums.groups:
            total += group.vat_rappen
            rows.append(
                self.node(
                    "vat_rate",
                    {
                        "vat_rate": plain(group.rate),
                        "amount": francs(group.amount_rappen),
                        "vat": francs(group.vat_rappen),
                    },
                    at="/vat",
                )
            )
        number = self._biller.vat_number
        vat = self.node("vat", {"vat": francs(total), "vat_number": number}, rows, at="/vat")
        return self.node(
            "balance",
            {
                "amount": francs(sums.amount_rappen),
                "amount_prepaid": francs(body.prepaid_rappen),
                "amount_due": francs(sums.due_rappen),
            },
            [vat],
            fields={"amount_due": "prepaid_rappen", "amount_prepaid": "prepaid_rappen"},
        )

    def _law(self) -> Node:
        insured = self._body.insured
        return self.node(
            "law",
            {
                "type": Law(self._body.law).value,
                "insured_id": insured.insured_id,
                "card_id": insured.card_id,
                "case_id": insured.case_id,
                "case_date": insured.case_on.isoformat() if insured.case_on else "",
            },
            at="/insured",
            fields={name: name for name in ("insured_id", "card_id", "case_id")}
            | {"case_date": "case_on"},
        )

    def _treatment(self, first: date, last: date) -> Node:
        treatment, at = self._body.treatment, "/treatment"
        said = [
            self.node(
                "diagnosis",
                {"type": one.type, "code": one.code},
                at=f"{at}/diagnoses/{place}",
                text=one.text,
            )
            for place, one in enumerate(treatment.diagnoses)
        ]
        return self.node(
            "treatment",
            {
                "date_begin": first.isoformat(),
                "date_end": last.isoformat(),
                "canton": treatment.canton or self._biller.canton,
                "reason": treatment.reason,
            },
            said,
            at=at,
            fields={"date_begin": "begins_on", "date_end": "ends_on", "canton": "canton"},
        )


def plain(value: Decimal) -> str:
    """Return a number as messages write it, without an exponent."""
    return f"{value:f}"
