"""Elements of a generalInvoiceResponse, and values that fit its schema. Pure."""

import re
from datetime import date
from typing import Final

from lxml import etree

from libs.events.values import Party
from services.ingest.message.lexical import day
from services.ingest.message.versions import NAMESPACE

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

NOBODY_GLN: Final = "2000000000008"
"""Where no number is known: nobody's (invoice-xml 14)."""
UNKNOWN: Final = "Unbekannt"
NO_ZIP: Final = "0000"
NO_SSN: Final = "00000000"
BORN_UNKNOWN: Final = date(1, 1, 1)
"""What senders write where they know nothing (invoice-xml 20)."""
CANTONS: Final = frozenset(
    (
        *("AG", "AI", "AR", "BE", "BL", "BS", "FR", "GE", "GL", "GR", "JU", "LU", "NE", "NW"),
        *("OW", "SG", "SH", "SO", "SZ", "TI", "TG", "UR", "VD", "VS", "ZG", "ZH"),
        *("LI", "A", "D", "F", "I"),
    )
)
REASONS: Final = frozenset(
    ("disease", "accident", "maternity", "prevention", "birthdefect", "unknown")
)
_GLN = re.compile(r"[0-9]{13}", re.ASCII)
_SSN = {
    "500": re.compile(r"[0-9]{4,10}|756[0-9]{10}|438[0-9]{10}", re.ASCII),
    "4x": re.compile(r"[0-9]{4,10}|[1-9][0-9]{10}|756[0-9]{10}|438[0-9]{10}", re.ASCII),
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_EMAIL = re.compile(r".{1,60}@.{1,9}|.+@.+")
_COUNTRY = re.compile(r"[A-Z]{2}")


class Unanswerable(Exception):
    """The request lacks what a response must repeat."""


def root(schema: str, /, **attributes: str) -> etree._Element:
    """Return the root of a response that names its schema."""
    made = etree.Element(_tag("response"), nsmap={"invoice": NAMESPACE, "xsi": _XSI})
    made.set(f"{{{_XSI}}}schemaLocation", f"{NAMESPACE} {schema}")
    for name, value in attributes.items():
        made.set(name, value)
    return made


def add(parent: etree._Element, name: str, text: str = "", /, **attributes: str) -> etree._Element:
    """Append an element; attributes without a value are left away: no schema takes them empty."""
    element = etree.SubElement(parent, _tag(name))
    for key, value in attributes.items():
        if value:
            element.set(key, value)
    if text:
        element.text = text
    return element


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def cut(value: str, longest: int, *, lines: bool = False) -> str:
    """Return a text with single blanks, no longer than a schema takes it."""
    parts = value.splitlines() if lines else [value]
    whole = "\n".join(" ".join(part.split()) for part in parts if part.strip())
    return whole if len(whole) <= longest else whole[: longest - 1].rstrip() + "…"


def gln(value: str, other: str = NOBODY_GLN) -> str:
    """Return a number of a party, or another one where it is none."""
    return value if _GLN.fullmatch(value) else other


def ssn(value: str, schema: str) -> str:
    """Return an AHV number as the schema takes it; empty if it does not."""
    return value if _SSN["500" if schema == "500" else "4x"].fullmatch(value) else ""


def gender(value: str) -> str:
    """Return one of the two that all versions know."""
    return "male" if value == "male" else "female"


def instant(value: str) -> str:
    """Return an instant as it was written; a day becomes its midnight. Raises Unanswerable."""
    on = day(value)
    if on is None:
        raise Unanswerable
    return value if _INSTANT.fullmatch(value) else f"{on.isoformat()}T00:00:00"


def block(
    parent: etree._Element, found: Party | None, schema: str, *, person: bool = False
) -> etree._Element:
    """Append a person or a company with its address."""
    who = found or Party(name=UNKNOWN, company=not person)
    if who.company and not person:
        element = add(parent, "company")
        add(element, "companyname", cut(who.name, 35) or UNKNOWN)
    else:
        called = {"salutation": cut(who.salutation, 35), "title": cut(who.title, 35)}
        element = add(parent, "person", **called)
        add(element, "familyname", cut(who.name, 35) or UNKNOWN)
        add(element, "givenname", cut(who.given_name, 35) or UNKNOWN)
    _postal(add(element, "postal"), who, schema)
    return element


def _postal(postal: etree._Element, who: Party, schema: str) -> None:
    address = who.address
    if address.po_box:
        add(postal, "pobox", cut(address.po_box, 35))
    street = cut(f"{address.street} {address.house_no}", 35)
    new = schema == "500"
    if street:
        parts = {"street_name": cut(address.street, 35), "house_no": cut(address.house_no, 10)}
        add(postal, "street", street, **(parts if new else {}))
    country = address.country if _COUNTRY.fullmatch(address.country) else "CH"
    code = {} if new else {"countrycode": country}
    add(postal, "zip", cut(address.zip, 9) or NO_ZIP, **code)
    add(postal, "city", cut(address.city, 35) or UNKNOWN)
    if new and country != "CH":
        add(postal, "country", country, country_code=country)


def contact(
    parent: etree._Element, who: Party, phone: str, email: str, schema: str
) -> etree._Element:
    """Append whom to ask, with telephone and address of e-mail."""
    element = block(parent, who, schema)
    if phone:
        add(add(element, "telecom"), "phone", cut(phone, 25))
    if _EMAIL.fullmatch(email) and len(email) <= 70:  # noqa: PLR2004
        add(add(element, "online"), "email", email)
    return element
