"""The only module that makes ids: by chance, or derived so that a repeat gets the same one."""

import secrets
import uuid


def new_id() -> str:
    """Return an id that nobody else has."""
    return str(uuid.uuid4())  # noqa: TID251 - this is the module that makes ids


def derived(*parts: str) -> str:
    """Return the id that always belongs to these parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "\x1f".join(parts)))


def new_secret() -> str:
    """Return 256 random bits, url-safe."""
    return secrets.token_urlsafe(32)
