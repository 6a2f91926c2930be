"""Insurers, all invented, with the GLN under which each receives its messages."""

from dataclasses import dataclass
from functools import cache

from libs.events.values import Address, Law
from services.simulator import identifiers
from services.simulator.tables import rows

_GLN_PREFIX = "7601003"


@dataclass(frozen=True, kw_only=True)
class Insurer:
    code: str
    """Five digits: its part of the insured card's number."""
    name: str
    gln: str
    receiver_gln: str
    """Several brands share one receiver (invoice-xml 14)."""
    laws: tuple[Law, ...]
    address: Address


@cache
def insurers() -> tuple[Insurer, ...]:
    return tuple(
        Insurer(
            code=row["code"],
            name=row["name"],
            gln=identifiers.ean13(_GLN_PREFIX + row["code"]),
            receiver_gln=identifiers.ean13(_GLN_PREFIX + row["receiver"]),
            laws=tuple(Law(name) for name in row["laws"].split()),
            address=Address(
                street=row["street"], house_no=row["house_no"], zip=row["zip"], city=row["city"]
            ),
        )
        for row in rows("insurers")
    )


@cache
def insurer_for(law: Law) -> tuple[Insurer, ...]:
    """Return who insures under a law other than the patient's own health insurer."""
    return tuple(insurer for insurer in insurers() if law in insurer.laws)
