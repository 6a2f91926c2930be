"""What every letter of the cooperative needs: who asks for the money, and what came out."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from libs.events.values import Address, Party
from libs.runtime.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Creditor:
    """The cooperative: sender of every letter and holder of the account on the slip."""

    name: str
    address: Address
    iban: str
    """QR-IBAN, without blanks."""
    phone: str = ""
    email: str = ""
    window: Literal["right", "left"] = "right"
    """On which side its envelopes have their window."""

    @property
    def party(self) -> Party:
        """The cooperative as a party."""
        return Party(name=self.name, address=self.address, company=True)


class Printed(NamedTuple):
    """A finished document. The same model gives the same bytes."""

    pdf: bytes
    pages: int


def creditor(settings: Settings) -> Creditor:
    """Return the cooperative as the settings name it."""
    return Creditor(
        name=settings.creditor_name,
        address=Address(
            street=settings.creditor_street,
            house_no=settings.creditor_house_no,
            zip=settings.creditor_zip,
            city=settings.creditor_city,
        ),
        iban=settings.creditor_iban,
        phone=settings.creditor_phone,
        email=settings.creditor_email,
    )
