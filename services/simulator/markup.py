"""XML of the invoice family, made with lxml, in the ways that practice software writes it."""

from functools import cache

from lxml import etree

from libs.events.values import Party

NAMESPACE = "http://www.forum-datenaustausch.ch/invoice"
_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"

DIALECTS: dict[str, tuple[str | None, str]] = {
    "Sprechzimmer": ("invoice", "UTF-8"),
    "Ordino": (None, "UTF-8"),
    "Praxiswerk": ("ns2", "ISO-8859-1"),
}
"""Prefix and encoding by software; readers must not mind (invoice-xml 3)."""


@cache
def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def document(name: str, prefix: str | None, schema: str, /, **attributes: str) -> etree._Element:
    """Return the root of a message that names its schema."""
    nsmap: dict[str | None, str] = {prefix: NAMESPACE, "xsi": _XSI}
    root = etree.Element(_tag(name), nsmap=nsmap)  # type: ignore[arg-type]  # stubs forget None
    root.set(_LOCATION, f"{NAMESPACE} {schema}")
    for key, value in attributes.items():
        root.set(key, value)
    return root


def add(parent: etree._Element, name: str, text: str = "", /, **attributes: str) -> etree._Element:
    """Append an element; attributes without a value are left away: no schema takes them empty."""
    element = etree.SubElement(parent, _tag(name))
    for key, value in attributes.items():
        if value:
            element.set(key, value)
    if text:
        element.text = text
    return element


def written(root: etree._Element, encoding: str) -> bytes:
    data = etree.tostring(root, xml_declaration=True, encoding=encoding)
    assert isinstance(data, bytes)
    return data


def francs(rappen: int) -> str:
    """Return an amount as messages and bank files write it: two decimals, no separators."""
    sign = "-" if rappen < 0 else ""
    return f"{sign}{abs(rappen) // 100}.{abs(rappen) % 100:02d}"


def truth(value: bool) -> str:  # noqa: FBT001  # xs:boolean
    return "true" if value else "false"


def party_45(parent: etree._Element, party: Party) -> etree._Element:
    """Append a person or a company with the address of 4.x: the house number in the street."""
    element, postal = _named(parent, party)
    address = party.address
    add(postal, "street", f"{address.street} {address.house_no}".strip())
    add(postal, "zip", address.zip, countrycode=address.country)
    add(postal, "city", address.city)
    return element


def party_50(parent: etree._Element, party: Party) -> etree._Element:
    """Append a person or a company with the structured address of 5.0."""
    element, postal = _named(parent, party)
    address = party.address
    street = f"{address.street} {address.house_no}".strip()
    add(postal, "street", street, street_name=address.street, house_no=address.house_no)
    add(postal, "zip", address.zip)
    add(postal, "city", address.city)
    add(postal, "country", address.country, country_code=address.country)
    return element


def _named(parent: etree._Element, party: Party) -> tuple[etree._Element, etree._Element]:
    if party.company:
        element = add(parent, "company")
        add(element, "companyname", party.name)
    else:
        element = add(parent, "person", salutation=party.salutation, title=party.title)
        add(element, "familyname", party.name)
        add(element, "givenname", party.given_name)
    return element, add(element, "postal")
