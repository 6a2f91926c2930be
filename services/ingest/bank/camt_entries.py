"""Reads one entry and one detail of a camt message; a table of paths per version (payments 3.9)."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

from services.ingest.message.lexical import day, money

PATHS: Final = {
    "08": {"status": "Sts/Cd", "name": "Pty/Nm"},
    "04": {"status": "Sts", "name": "Nm"},
}
COUNTER: Final = "schaltereinzahlung"
"""What the bank writes as debtor of cash paid in, always in German."""
TEXT_MAX: Final = 500
SIGNS: Final = frozenset(("CRDT", "DBIT"))


class Wrong(Exception):
    """An entry cannot be read; carries the code of the finding."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Fields:
    """Looks up fields by path, in the namespace of the file."""

    def __init__(self, namespace: str, version: str) -> None:
        self._namespace = namespace
        self._made: dict[str, str] = {}
        name = PATHS[version]["name"]
        self.status = PATHS[version]["status"]
        self.payers = (f"UltmtDbtr/{name}", f"Dbtr/{name}")

    def tag(self, name: str) -> str:
        return f"{{{self._namespace}}}{name}"

    def path(self, path: str) -> str:
        made = self._made.get(path)
        if made is None:
            made = self._made[path] = "/".join(self.tag(step) for step in path.split("/"))
        return made

    def text(self, element: etree._Element | None, path: str) -> str:
        """Return the text at a path without blanks around it; empty if it is not there."""
        found = element.find(self.path(path)) if element is not None else None
        return "" if found is None else (found.text or "").strip()

    def all(self, element: etree._Element | None, name: str) -> list[etree._Element]:
        """Return the children of a name."""
        tag = self.path(name)
        return [] if element is None else [child for child in element if child.tag == tag]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The head of a booking."""

    reference: str
    """`NtryRef`: for a QR account its QR-IBAN, then what the bank groups by."""
    amount_rappen: int
    sign: str
    reversal: bool
    status: str
    booked_on: date
    value_on: date
    bank_reference: str
    family: str
    sub_family: str
    charges_rappen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One payment in a booking."""

    amount_rappen: int | None
    sign: str
    charges_rappen: int
    reference: str
    bank_reference: str
    returned: bool
    payer: str
    text: str


def read_entry(fields: Fields, entry: etree._Element) -> Entry:
    """Read the head of an entry. Raises Wrong."""
    text = fields.text
    amount = _amount(entry.find(fields.path("Amt")))
    sign = text(entry, "CdtDbtInd")
    if amount is None or sign not in SIGNS:
        raise Wrong("bank_value_invalid")
    booked = day(text(entry, "BookgDt/Dt") or text(entry, "BookgDt/DtTm"))
    valued = day(text(entry, "ValDt/Dt") or text(entry, "ValDt/DtTm"))
    booked, valued = booked or valued, valued or booked
    if booked is None or valued is None:
        raise Wrong("bank_value_invalid")
    return Entry(
        reference=text(entry, "NtryRef").replace(" ", "").upper(),
        amount_rappen=amount,
        sign=sign,
        reversal=text(entry, "RvslInd") in {"true", "1"},
        status=text(entry, fields.status),
        booked_on=booked,
        value_on=valued,
        bank_reference=text(entry, "AcctSvcrRef"),
        family=text(entry, "BkTxCd/Domn/Fmly/Cd"),
        sub_family=text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd"),
        charges_rappen=_included_charges(fields, entry.find(fields.path("Chrgs"))),
    )


def read_detail(fields: Fields, detail: etree._Element | None, entry: Entry) -> Detail:
    """Read one detail; None stands for an entry without any. Raises Wrong."""
    if detail is None:
        return Detail(
            amount_rappen=entry.amount_rappen,
            sign=entry.sign,
            charges_rappen=entry.charges_rappen,
            reference="",
            bank_reference="",
            returned=False,
            payer="",
            text="",
        )
    # One pass over the children: a path looked up from the detail costs five times as much.
    parts: dict[str, etree._Element] = {etree.QName(child).localname: child for child in detail}
    stated = parts.get("CdtDbtInd")
    sign = (stated.text or "").strip() if stated is not None else entry.sign
    if sign not in SIGNS:
        raise Wrong("bank_value_invalid")
    references, parties = parts.get("Refs"), parts.get("RltdPties")
    remittance = parts.get("RmtInf")
    return Detail(
        amount_rappen=_amount(parts.get("Amt")),
        sign=sign,
        charges_rappen=_included_charges(fields, parts.get("Chrgs")),
        reference=_reference(fields, remittance),
        bank_reference=fields.text(references, "AcctSvcrRef"),
        returned="RtrInf" in parts,
        payer=_payer(fields, parties),
        text=_remittance(fields, remittance, parties),
    )


def _amount(found: etree._Element | None) -> int | None:
    """Return an amount in rappen; None if there is none. Raises Wrong for other money."""
    if found is None:
        return None
    if found.get("Ccy") != "CHF":
        raise Wrong("bank_currency_foreign")
    amount = money(found.text or "")
    if amount is None or amount < 0:
        raise Wrong("bank_value_invalid")
    return amount


def _included_charges(fields: Fields, charges: etree._Element | None) -> int:
    """Return the charges that the bank has already taken off the amount (payments 3.6)."""
    total = 0
    for record in fields.all(charges, "Rcrd"):
        if fields.text(record, "ChrgInclInd") in {"true", "1"}:
            total += _amount(record.find(fields.path("Amt"))) or 0
    return total


def _reference(fields: Fields, remittance: etree._Element | None) -> str:
    """Return the structured reference as the payer gave it; free text is none."""
    for structured in fields.all(remittance, "Strd"):
        reference = "".join(fields.text(structured, "CdtrRefInf/Ref").split())
        if reference:
            return reference[:35]
    return ""


def _payer(fields: Fields, parties: etree._Element | None) -> str:
    """Return who paid; at the counter only the ultimate debtor says it."""
    for path in fields.payers:
        name = fields.text(parties, path)
        if name and name.casefold() != COUNTER:
            return name[:140]
    return ""


def _remittance(
    fields: Fields, remittance: etree._Element | None, parties: etree._Element | None
) -> str:
    """Return what the payer wrote, for the person who must match it."""
    found = [(node.text or "").strip() for node in fields.all(remittance, "Ustrd")]
    found += [fields.text(node, "AddtlRmtInf") for node in fields.all(remittance, "Strd")]
    found.append(fields.text(parties, "DbtrAcct/Id/IBAN"))
    return " · ".join(part for part in found if part and not part.startswith("?"))[:TEXT_MAX]
