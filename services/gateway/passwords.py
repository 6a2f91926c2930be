"""Passwords of people: argon2id, and what makes one too weak (P31)."""

import asyncio
import secrets

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

LENGTH_MIN = 12
LENGTH_MAX = 200
AT_ONCE = 2
"""Hashes computed at one time: each takes 19 MiB and a core, and nobody may make us take more."""

# The second of the settings that OWASP's cheat sheet on password storage calls equally strong.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
_NOBODYS = _HASHER.hash(secrets.token_urlsafe(32))

COMMON = frozenset(
    {
        "123456789012",
        "1234567890123",
        "passwort1234",
        "password1234",
        "passwordpassword",
        "passwortpasswort",
        "motdepasse12",
        "motdepasse123",
        "qwertzuiopasdf",
        "qwertyuiopasdf",
        "praxispraxis",
        "arztpraxis12",
        "cabinetmedical",
        "studiomedico",
        "hallohallohallo",
        "changemechangeme",
        "administrator",
        "willkommen12",
        "willkommen123",
        "bienvenue1234",
        "quittance1234",
        "quittancequittance",
    }
)


def weak(password: str, login: str) -> str | None:
    """Return why a password cannot be taken: "short", "long", "common"; None if it can.

    No rule on kinds of characters: they make passwords worse, not better.
    """
    if len(password) < LENGTH_MIN:
        return "short"
    if len(password) > LENGTH_MAX:
        return "long"
    plain = password.casefold()
    name = login.casefold().partition("@")[0]
    if plain in COMMON or plain in name * LENGTH_MAX or len(set(plain)) < LENGTH_MIN // 3:
        return "common"
    return None


def hashed(password: str) -> str:
    """Return the argon2id hash of a password; takes about 30 ms of a core."""
    return _HASHER.hash(password)


class Verifier:
    """Compares passwords with hashes away from the event loop, a few at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def matches(self, password: str, kept: str | None) -> bool:
        """Whether the password is right; without a hash it takes as long and is wrong (B63)."""
        async with self._turns:
            return await asyncio.to_thread(_matches, password[: LENGTH_MAX + 1], kept)


def _matches(password: str, kept: str | None) -> bool:
    try:
        return _HASHER.verify(kept or _NOBODYS, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
