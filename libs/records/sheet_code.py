"""The code on a sheet that we printed for a practice: whose it is, and which version."""

import re
from typing import Final, NamedTuple

_CODE: Final = re.compile(r"QTN1(\d{9})(\d{5})(\d{2})", re.ASCII)
_MODULUS: Final = 97


class SheetCode(NamedTuple):
    """What a code says."""

    account_no: int
    version: int


def written(code: SheetCode) -> str:
    """Return a code as it is printed: account, version, two check digits (modulo 97)."""
    digits = f"{code.account_no:09d}{code.version:05d}"
    return f"QTN1{digits}{_MODULUS + 1 - int(digits) * 100 % _MODULUS:02d}"


def read(text: str) -> SheetCode | None:
    """Return what a code says; None if it is none of ours, or not whole."""
    found = _CODE.fullmatch(text)
    code = SheetCode(int(found[1]), int(found[2])) if found else None
    return code if code is not None and written(code) == text else None
