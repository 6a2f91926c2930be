"""Cursors of lists: where a page ended, opaque to the client, worth nothing when forged.

A cursor only says where to go on in the caller's own list, so there is nothing to sign; one that
cannot be read is refused (B52).
"""

import base64
import binascii
from typing import TypeVar

import msgspec

from libs.runtime.problems import Problem

T = TypeVar("T")
LENGTH_MAX = 200


def cursor(place: object) -> str:
    """Return a place in a list as text for a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def place(given: str, kind: type[T]) -> T:
    """Return the place that a cursor names; a 400 problem for what is none."""
    try:
        if len(given) > LENGTH_MAX or "=" in given:
            raise binascii.Error
        data = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=kind)
    except (ValueError, msgspec.DecodeError):
        raise Problem(400, "invalid_cursor", "Use next_cursor of the page before.") from None
