"""Account numbers and payment references: how they are made, checked and read. Pure.

Sources: QR-bill guideline 2.3, annex B (mod 10 recursive); ISO 11649 and ISO 13616 (mod 97-10);
payments 1.1.
"""

import re
from typing import NamedTuple

_CARRY = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
_IBAN = re.compile(r"(CH|LI)[0-9]{7}[0-9A-Z]{12}")
_CREDITOR_REFERENCE = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}", re.IGNORECASE)
_NEVER_PRODUCED = frozenset({"00", "01", "99"})
_QR_IIDS = range(30000, 32000)

QR_LENGTH = 27
ACCOUNT_NO_MAX = 9_999_999
INVOICE_NO_MAX = 999_999_999_999_999
INSTALMENT_MAX = 99
_PREFIX = "01"
"""Bank prefix 0, format version 1."""


class Referred(NamedTuple):
    """What a reference of ours says; that it was ever printed is for the issued invoices to say."""

    account_no: int
    """The member's account number."""
    invoice_no: int
    instalment: int
    """0: the whole invoice."""


def qr_check_digit(digits: str) -> str:
    """Return the last digit of a QR reference that begins with these."""
    carry = 0
    for digit in digits:
        carry = _CARRY[(carry + int(digit)) % 10]
    return str((10 - carry) % 10)


def is_qr_reference(text: str) -> bool:
    """Tell whether the text is 27 digits, not all zero, with the right last one."""
    return (
        len(text) == QR_LENGTH
        and text.isascii()
        and text.isdigit()
        and text.strip("0") != ""
        and qr_check_digit(text[:-1]) == text[-1]
    )


def reference_number(account_no: int, invoice_no: int, instalment: int = 0) -> str:
    """Return the reference of a slip: 0 · 1 · account 7 · invoice 15 · instalment 2 · check.

    A reminder of an invoice repeats its reference; an instalment has one of its own.
    """
    assert 0 <= account_no <= ACCOUNT_NO_MAX, "account number of up to 7 digits"
    assert 0 <= invoice_no <= INVOICE_NO_MAX, "invoice number of up to 15 digits"
    assert 0 <= instalment <= INSTALMENT_MAX, "instalment of up to 2 digits"
    digits = f"{_PREFIX}{account_no:07d}{invoice_no:015d}{instalment:02d}"
    return digits + qr_check_digit(digits)


def read_reference(reference: str) -> Referred | None:
    """Return what the reference says; None if not laid out as ours, or its check digit is wrong.

    Blanks are taken as printed. The answer proves nothing: look the invoice up (payments 1.9, 12).
    """
    digits = "".join(reference.split())
    if not is_qr_reference(digits) or not digits.startswith(_PREFIX):
        return None
    return Referred(int(digits[2:9]), int(digits[9:24]), int(digits[24:26]))


def is_iban(text: str) -> bool:
    """Tell whether the text is a Swiss or Liechtenstein account number, without blanks."""
    return _IBAN.fullmatch(text) is not None and _mod97(text) == 1


def is_qr_iban(text: str) -> bool:
    """Tell whether an account only takes payments with a QR reference."""
    return is_iban(text) and text[4:9].isdigit() and int(text[4:9]) in _QR_IIDS


def is_creditor_reference(text: str) -> bool:
    """Tell whether the text is an ISO 11649 reference; case does not matter."""
    return (
        _CREDITOR_REFERENCE.fullmatch(text) is not None
        and text[2:4] not in _NEVER_PRODUCED
        and _mod97(text.upper()) == 1
    )


def creditor_reference(body: str) -> str:
    """Return the ISO 11649 reference with this body of letters and digits."""
    check = 98 - _mod97(f"RF00{body.upper()}")
    return f"RF{check:02d}{body}"


def _mod97(text: str) -> int:
    moved = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97
