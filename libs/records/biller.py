"""Who hands in: what a body need not say, because the gateway knows it and tells ingest."""

import msgspec

from libs.events.values import Language

HEADER = "X-Biller"
"""Of a request from the gateway to ingest; holds what `told` returns."""


class Biller(msgspec.Struct, frozen=True, kw_only=True):
    """A practice as its invoices name it."""

    account_no: int = 0
    gln: str
    zsr: str = ""
    kind: str
    canton: str
    language: Language
    vat_number: str = ""


def told(biller: Biller) -> str:
    """Return a biller as a header holds it: JSON in ASCII."""
    return msgspec.json.encode(biller).decode().encode("ascii", "backslashreplace").decode()


def heard(header: str) -> Biller:
    """Return the biller of a header; only the gateway writes it, so anything else is a bug."""
    return msgspec.json.decode(header, type=Biller)
