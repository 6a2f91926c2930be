"""Numbers with check digits, as payments section 4 lists them; all of them invented."""

from random import Random

from stdnum import ean, iban
from stdnum.ch import esr, uid

VEKA_PREFIX = "80756"
"""Health card, Switzerland (payments section 4)."""


def digits(draw: Random, count: int) -> str:
    return f"{draw.randrange(10**count):0{count}d}"


def ean13(body: str) -> str:
    """Return 12 digits with their check digit: a GLN, an AHV number, a GTIN."""
    assert len(body) == len("760100000000")
    return body + str(ean.calc_check_digit(body))


def ahv(draw: Random) -> str:
    return ean13("756" + digits(draw, 9))


def insured_card(draw: Random, insurer_code: str) -> str:
    return VEKA_PREFIX + insurer_code + digits(draw, 10)


def zsr(draw: Random, letter: str) -> str:
    return letter + digits(draw, 6)


def company_uid(draw: Random) -> str:
    """Return a UID; bodies whose check digit would be 10 were never issued (payments P27)."""
    while True:
        body = "1" + digits(draw, 7)
        check = uid.calc_check_digit(body)
        if len(check) == 1:
            return f"CHE{body}{check}"


def account(draw: Random, iid: int) -> str:
    """Return a Swiss IBAN at the bank with this IID; 30000 to 31999 makes it a QR-IBAN."""
    body = f"{iid:05d}{digits(draw, 12)}"
    return f"CH{iban.calc_check_digits('CH00' + body)}{body}"


def qr_reference(body: str) -> str:
    """Return 26 digits with their check digit by modulo 10, recursive (payments 1.1)."""
    assert len(body) == len("0" * 26)
    return body + str(esr.calc_check_digit(body))
