"""What every letter of the cooperative needs: who asks for the money, and what came out."""

from dataclasses import dataclass
from typing import NamedTuple

from libs.events.values import Address


@dataclass(frozen=True, kw_only=True)
class Creditor:
    """The cooperative: sender of every letter and holder of the account on the slip."""

    name: str
    address: Address
    iban: str
    """QR-IBAN, without blanks."""
    phone: str = ""
    email: str = ""
    place: str = ""
    """Place named before the date; empty: the town of the address."""


class Printed(NamedTuple):
    """A finished document. The same model gives the same bytes."""

    pdf: bytes
    pages: int
