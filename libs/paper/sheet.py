"""The parts of a document model that all letters share. Pure: values in, printed texts out."""

from typing import Any, TypeAlias

from libs.events.values import Address, Language, Party
from libs.paper import figures
from libs.paper.letters import Creditor
from libs.paper.qr_bill import AddressOnSlip, Bill, InvalidBill, address_on_slip, payload
from libs.paper.symbol import symbol_svg
from libs.paper.words import words

Model: TypeAlias = dict[str, Any]
"""What a template is filled with: texts, already formatted."""

HOME = "CH"


def sheet(language: Language, sender: Creditor, practice: Party, recipient: Party) -> Model:
    """Return sender, practice block and address window."""
    texts = words(language)
    contact = f"{texts['phone']} {sender.phone}" if sender.phone else ""
    return {
        "w": texts,
        "lang": language,
        "window": sender.window,
        "sender": {
            "name": sender.name,
            "lines": _filled(
                f"{texts['on_behalf_of']} {practice.name}",
                *place_lines(sender.address),
                contact,
                sender.email,
            ),
        },
        "return_line": ", ".join(_filled(sender.name, *place_lines(sender.address))),
        "practice": {
            "name": practice.name,
            "lines": _filled(practice.addition, *place_lines(practice.address)),
        },
        "recipient": recipient_lines(recipient),
        "slip": None,
    }


def recipient_lines(party: Party) -> list[str]:
    """Return the lines of the window; c/o and P.O. box belong here, not on the slip."""
    name = full_name(party)
    return _filled(
        "" if party.company else party.salutation, name, party.addition, *place_lines(party.address)
    )


def full_name(party: Party) -> str:
    """Return title, given name and name as a letter writes them."""
    if party.company:
        return party.name
    return " ".join(_filled(party.title, party.given_name, party.name))


def place_lines(address: Address) -> list[str]:
    """Return street, P.O. box and town; the country stands before a foreign postal code."""
    street = f"{address.street} {address.house_no}".strip()
    return _filled(street, address.po_box, _town(address.country, address.zip, address.city))


def bill_of(
    sender: Creditor, debtor: Party, amount_rappen: int, reference: str, message: str
) -> Bill:
    """Return the bill of a letter.

    A debtor whose address no slip may hold is left out: the field stays blank, as the guideline
    provides, and the receipt is matched by its reference all the same.
    """
    try:
        on_slip = address_on_slip(debtor)
    except InvalidBill:
        on_slip = None
    return Bill(
        iban=sender.iban,
        creditor=address_on_slip(sender.party),
        amount_rappen=amount_rappen,
        debtor=on_slip,
        reference=reference,
        message=message,
    )


def slip(bill: Bill) -> Model:
    """Return the slip as its template draws it. Symbol and print are made from the same bill."""
    amount = bill.amount_rappen
    text = payload(bill)
    return {
        "symbol": symbol_svg(text),
        "alt": "Swiss QR Code",
        "iban": figures.iban(bill.iban),
        "creditor": _party(bill.creditor),
        "reference": figures.reference(bill.reference),
        "additional": _filled(bill.message, bill.billing_information),
        "debtor": _party(bill.debtor) if bill.debtor else None,
        "currency": bill.currency,
        "amount": None if amount is None else figures.amount_on_slip(amount),
        "procedures": [_procedure(procedure) for procedure in bill.procedures],
    }


def _party(party: AddressOnSlip) -> dict[str, str]:
    return {
        "name": party.name,
        "street": f"{party.street} {party.house_no}".strip(),
        "town": _town(party.country, party.zip, party.city),
    }


def _town(country: str, postal_code: str, city: str) -> str:
    prefix = "" if country in ("", HOME) else f"{country}-"
    return f"{prefix}{postal_code} {city}".strip()


def _procedure(procedure: str) -> dict[str, str]:
    """Return the name of an alternative procedure apart from the rest: the name is bold."""
    name, separator, rest = procedure.partition("/")
    return {"name": name, "rest": separator + rest}


def _filled(*texts: str) -> list[str]:
    return [text for text in texts if text]
