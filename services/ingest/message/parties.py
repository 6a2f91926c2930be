"""Reads people, companies and their addresses. Pure."""

import re
from typing import Final

from libs.events.values import Address, Party
from services.ingest.message.xml_tree import Node

UNKNOWN: Final = frozenset(
    (
        *("unbekannt", "inconnu", "inconnue", "sconosciuto", "sconosciuta", "unknown", "keine"),
        *("k.a.", "n/a", "-", ".", "?", "x", "xx", "xxx", "nn", "n.n."),
    )
)
"""What senders write where they know nothing (invoice-xml 5.3)."""

PSEUDO_GLNS: Final = frozenset(
    (
        *("2005555555003", "2006666666008", "2000000000008", "2000000000000"),
        *("2099999999998", "7601001304307", "2099988876514"),
    )
)
"""Numbers that stand for nobody: print centre, no recipient, unknown party (invoice-xml 14)."""

_HOUSE: Final = re.compile(r"(.*\D)\s+(\d+\s?[a-zA-Z]?(?:\s?[-/]\s?\d+[a-zA-Z]?)?)")
_COUNTRIES: Final = {"": "CH", "A": "AT", "D": "DE", "F": "FR", "I": "IT", "FL": "LI", "NDF": "CH"}


def text_of(node: Node | None, name: str) -> str:
    """Return the text of a child with single blanks; empty if it is not there."""
    found = node.child(name) if node is not None else None
    return " ".join(found.text.split()) if found is not None else ""


def party(node: Node | None) -> Party | None:
    """Return who stands in an element that holds a person or a company."""
    inner = node.child("person", "company") if node is not None else None
    if inner is None:
        return None
    company = inner.name == "company"
    addition = (text_of(inner, "department"), text_of(inner, "subaddressing"))
    return Party(
        name=text_of(inner, "companyname" if company else "familyname"),
        given_name=text_of(inner, "givenname"),
        salutation=inner.get("salutation"),
        title=inner.get("title"),
        addition=", ".join(part for part in addition if part),
        address=_address(inner.child("postal")),
        company=company,
    )


def is_incomplete(found: Party) -> bool:
    """Return whether a letter to this address cannot arrive (BR-131)."""
    address = found.address
    return (
        _is_unknown(found.name)
        or _is_unknown(address.city)
        or not address.zip.strip("0 ")
        or not (address.street or address.po_box)
        or _is_unknown(address.street or address.po_box)
    )


def same_person(one: Party, other: Party) -> bool:
    """Return whether two parties of one message are one person: same names, same place."""
    return (
        not one.company
        and not other.company
        and (one.name.casefold(), one.given_name.casefold(), one.address.zip)
        == (other.name.casefold(), other.given_name.casefold(), other.address.zip)
    )


def _is_unknown(text: str) -> bool:
    return not text or text.casefold() in UNKNOWN


def _address(postal: Node | None) -> Address:
    if postal is None:
        return Address()
    street, house_no = _street(postal)
    return Address(
        street=street,
        house_no=house_no,
        po_box=text_of(postal, "pobox"),
        zip=text_of(postal, "zip"),
        city=text_of(postal, "city"),
        country=_country(postal),
    )


def _street(postal: Node) -> tuple[str, str]:
    """Return street and house number; before 5.0 both are one text."""
    node = postal.child("street")
    if node is None:
        return "", ""
    if node.get("street_name"):
        return node.get("street_name"), node.get("house_no")
    text = " ".join(node.text.split())
    found = _HOUSE.fullmatch(text)
    return (found[1].strip(" ,"), found[2]) if found else (text, "")


def _country(postal: Node) -> str:
    """Return two letters; senders of 4.x also write licence plates, or that they know nothing."""
    country, code = postal.child("country"), postal.child("zip")
    if country is not None:
        given = country.get("country_code")
    else:
        given = code.get("countrycode") if code is not None else ""
    given = given.upper()
    if given in _COUNTRIES:
        return _COUNTRIES[given]
    return given if len(given) == 2 and given.isascii() and given.isalpha() else "CH"  # noqa: PLR2004
