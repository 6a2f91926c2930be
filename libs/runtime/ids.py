"""The only module that makes ids: by chance, or derived so that a repeat gets the same one."""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import Random

_CHANCE: ContextVar[Random] = ContextVar("chance", default=secrets.SystemRandom())  # noqa: B039 - it keeps no state


def new_id() -> str:
    """Return an id that nobody else has."""
    return str(uuid.UUID(int=_CHANCE.get().getrandbits(128), version=4))


@contextmanager
def ids_from(chance: Random) -> Iterator[None]:
    """Draw ids in this context from a seeded source: the same seed gives the same log (P19)."""
    before = _CHANCE.set(chance)
    try:
        yield
    finally:
        _CHANCE.reset(before)


def derived(*parts: str) -> str:
    """Return the id that always belongs to these parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "\x1f".join(parts)))


def new_secret() -> str:
    """Return 256 random bits, url-safe."""
    return secrets.token_urlsafe(32)
