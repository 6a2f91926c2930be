"""How numbers and dates are printed: in a letter, on a slip, in a payload. Pure."""

from datetime import date
from decimal import Decimal

from libs.paper.references import QR_LENGTH

_CENT = 100
_LETTER_GROUP = "\u2019"
_SLIP_GROUP = " "


def amount(rappen: int) -> str:
    """Return the amount as a letter prints it, with a typographic apostrophe, in all languages."""
    return _grouped(rappen, _LETTER_GROUP)


def amount_on_slip(rappen: int) -> str:
    """Return the amount as a slip prints it: 1 590.00. Source: payments 1.5."""
    return _grouped(rappen, _SLIP_GROUP)


def amount_in_payload(rappen: int) -> str:
    """Return the amount as the QR code holds it: 1590.00. Source: payments 1.2, line 19."""
    return _grouped(rappen, "")


def plain(number: Decimal) -> str:
    """Return a quantity or factor without trailing zeros and never with an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(on: date) -> str:
    """Return the day as all four languages print it: 10.11.2025. Source: payments 6.2."""
    return f"{on.day:02d}.{on.month:02d}.{on.year}"


def iban(text: str) -> str:
    """Return an account number in blocks of four."""
    return _blocks(text, 4)


def reference(text: str) -> str:
    """Return a reference as printed: QRR 2 + 5 x 5, creditor reference in blocks of four."""
    if len(text) == QR_LENGTH and text.isdigit():
        return f"{text[:2]} {_blocks(text[2:], 5)}"
    return _blocks(text, 4)


def zsr(text: str) -> str:
    """Return an insurer register number as printed: A 1234.56."""
    return f"{text[0]} {text[1:5]}.{text[5:]}" if len(text) == len("A123456") else text


def ahv(text: str) -> str:
    """Return an AHV number as printed: 756.1234.5678.97; other numbers as they are."""
    if len(text) == len("7561234567897") and text.startswith("756"):
        return f"{text[:3]}.{text[3:7]}.{text[7:11]}.{text[11:]}"
    return text


def _grouped(rappen: int, separator: str) -> str:
    whole, cents = divmod(abs(rappen), _CENT)
    sign = "-" if rappen < 0 else ""
    return f"{sign}{whole:,}".replace(",", separator) + f".{cents:02d}"


def _blocks(text: str, size: int) -> str:
    return " ".join(text[start : start + size] for start in range(0, len(text), size))
