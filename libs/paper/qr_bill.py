"""The Swiss QR-bill: a bill that cannot be wrong, and the text that its symbol holds. Pure.

Source: Swiss Implementation Guidelines for the QR-bill, version 2.3; payments 1.1 to 1.3.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from libs.events.values import Party
from libs.paper import figures
from libs.paper.characters import foreign, normalised
from libs.paper.countries import COUNTRIES
from libs.paper.references import (
    Referred,
    creditor_reference,
    is_creditor_reference,
    is_iban,
    is_qr_iban,
    is_qr_reference,
    qr_check_digit,
    read_reference,
    reference_number,
)

__all__ = [
    "NOT_FOR_PAYMENT",
    "AddressOnSlip",
    "Bill",
    "InvalidBill",
    "Referred",
    "address_on_slip",
    "creditor_reference",
    "is_creditor_reference",
    "is_iban",
    "is_qr_iban",
    "is_qr_reference",
    "payload",
    "qr_check_digit",
    "read_reference",
    "reference_number",
]

NAME_MAX, STREET_MAX, HOUSE_NO_MAX, ZIP_MAX, CITY_MAX = 70, 70, 16, 16, 35
MESSAGE_MAX, PROCEDURE_MAX, PROCEDURES_MAX, BYTES_MAX = 140, 100, 2, 997
AMOUNT_MAX_RAPPEN = 99_999_999_999

NOT_FOR_PAYMENT = {
    "de": "NICHT ZUR ZAHLUNG VERWENDEN",
    "fr": "NE PAS UTILISER POUR LE PAIEMENT",
    "it": "NON UTILIZZARE PER IL PAGAMENTO",
    "en": "DO NOT USE FOR PAYMENT",
}
"""The fixed message of a bill over 0.00. Source: payments 1.7."""

Reason: TypeAlias = Literal[
    "account", "reference", "characters", "length", "missing", "country", "amount",
    "notification", "billing_information", "procedures", "bytes",
]  # fmt: skip


class InvalidBill(ValueError):
    """No slip may be printed so. Names the element and the reason, never the value."""

    def __init__(self, element: str, reason: Reason) -> None:
        super().__init__(f"{element}: {reason}")
        self.element = element
        self.reason: Reason = reason


@dataclass(frozen=True, kw_only=True)
class AddressOnSlip:
    """A structured address (type S, the only one left since 21 November 2025)."""

    name: str
    street: str = ""
    house_no: str = ""
    zip: str
    city: str
    country: str = "CH"

    def __post_init__(self) -> None:
        _check("name", self.name, NAME_MAX, needed=True)
        _check("street", self.street, STREET_MAX)
        _check("house_no", self.house_no, HOUSE_NO_MAX)
        _check("zip", self.zip, ZIP_MAX, needed=True)
        _check("city", self.city, CITY_MAX, needed=True)
        if self.country not in COUNTRIES:
            raise InvalidBill("country", "country")
        if self.zip.startswith(f"{self.country}-"):
            raise InvalidBill("zip", "country")

    def elements(self) -> list[str]:
        """Return the seven lines of the payload."""
        return ["S", self.name, self.street, self.house_no, self.zip, self.city, self.country]


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a slip asks for. Refuses to exist if a bank or the guideline would refuse it."""

    iban: str
    creditor: AddressOnSlip
    amount_rappen: int | None
    """None: the payer chooses. 0: a notification that must not be paid."""
    currency: Literal["CHF", "EUR"] = "CHF"
    debtor: AddressOnSlip | None = None
    """None: a blank field to be filled by hand."""
    reference: str = ""
    """QRR with a QR-IBAN; ISO 11649 or empty with an ordinary IBAN."""
    message: str = ""
    billing_information: str = ""
    procedures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_account()
        self._check_amount()
        _check("message", self.message, MESSAGE_MAX)
        _check("billing_information", self.billing_information, MESSAGE_MAX)
        if len(self.message) + len(self.billing_information) > MESSAGE_MAX:
            raise InvalidBill("message", "length")
        if self.billing_information and not self.billing_information.startswith("//"):
            raise InvalidBill("billing_information", "billing_information")
        if len(self.procedures) > PROCEDURES_MAX:
            raise InvalidBill("procedures", "procedures")
        for procedure in self.procedures:
            _check("procedures", procedure, PROCEDURE_MAX, needed=True)
        if len(payload(self).encode()) > BYTES_MAX:
            raise InvalidBill("payload", "bytes")

    @property
    def reference_type(self) -> Literal["QRR", "SCOR", "NON"]:
        """The type follows from account and reference (payments 1.1)."""
        if is_qr_iban(self.iban):
            return "QRR"
        return "SCOR" if self.reference else "NON"

    def _check_account(self) -> None:
        if not is_iban(self.iban):
            raise InvalidBill("iban", "account")
        right = {"QRR": is_qr_reference, "SCOR": is_creditor_reference, "NON": _is_empty}
        if not right[self.reference_type](self.reference):
            raise InvalidBill("reference", "reference")

    def _check_amount(self) -> None:
        if self.amount_rappen is None:
            return
        if not 0 <= self.amount_rappen <= AMOUNT_MAX_RAPPEN:
            raise InvalidBill("amount", "amount")
        if self.amount_rappen == 0 and self.message not in NOT_FOR_PAYMENT.values():
            raise InvalidBill("amount", "notification")


def payload(bill: Bill) -> str:
    """Return the text of the symbol: 31 to 34 lines, no line end after the last one."""
    amount = bill.amount_rappen
    lines = ["SPC", "0200", "1", bill.iban, *bill.creditor.elements(), *[""] * 7]
    lines += ["" if amount is None else figures.amount_in_payload(amount), bill.currency]
    lines += bill.debtor.elements() if bill.debtor else [""] * 7
    lines += [bill.reference_type, bill.reference, bill.message, "EPD"]
    if bill.billing_information or bill.procedures:
        lines.append(bill.billing_information)
    return "\n".join([*lines, *bill.procedures])


def address_on_slip(party: Party) -> AddressOnSlip:
    """Return a party's address in the words of a slip: c/o and P.O. box stay in the letter.

    Only a name and a street are shortened, never a town or postal code: raises `InvalidBill` where
    they do not fit or where letters stay that no slip may hold.
    """
    address = party.address
    names = [party.name] if party.company else [party.given_name, party.name]
    return AddressOnSlip(
        name=_fitting(normalised(" ".join(names)), NAME_MAX),
        street=_fitting(normalised(address.street), STREET_MAX),
        house_no=normalised(address.house_no),
        zip=normalised(address.zip).removeprefix(f"{address.country}-"),
        city=normalised(address.city),
        country=address.country,
    )


def _is_empty(text: str) -> bool:
    return not text


def _fitting(text: str, length_max: int) -> str:
    return text[:length_max].rstrip()


def _check(element: str, text: str, length_max: int, *, needed: bool = False) -> None:
    if needed and not text:
        raise InvalidBill(element, "missing")
    if foreign(text):
        raise InvalidBill(element, "characters")
    if text != " ".join(text.split()) or "\u00ad" in text:
        raise InvalidBill(element, "characters")
    if len(text) > length_max:
        raise InvalidBill(element, "length")
