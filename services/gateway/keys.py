"""Secrets that programs carry: made by chance, shown once, kept only as a digest (P28).

A prefix lets scanners for leaked secrets find them; check digits let us refuse a mistyped one
without asking the database. A digest without salt or cost is right here: 256 random bits cannot be
guessed. For what people choose see `passwords.py`.
"""

import hashlib
import hmac
import zlib

from libs.runtime.ids import new_secret

SECRET = "qts"  # noqa: S105 - a prefix
TOKEN = "qta"  # noqa: S105 - a prefix
SESSION = "qse"
CHECK_DIGITS = 8


def new_key(prefix: str) -> str:
    """Return a new secret of a kind: its prefix, chance, check digits."""
    return _checked(prefix, new_secret())


def well_formed(key: str, prefix: str) -> bool:
    """Whether this can be a secret of that kind at all."""
    body = key.removeprefix(f"{prefix}_")[:-CHECK_DIGITS]
    return key.isascii() and key == _checked(prefix, body)


def digest(key: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(key.encode()).hexdigest()


def same(given: str, kept: str) -> bool:
    """Compare digests in a time that says nothing of where they differ."""
    return hmac.compare_digest(given.encode(), kept.encode())


def _checked(prefix: str, body: str) -> str:
    return f"{prefix}_{body}{zlib.crc32(body.encode()):08x}"
