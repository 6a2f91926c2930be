"""Places in lists that are ordered by instant and key, opaque to their reader (B52)."""

import base64
import binascii
from datetime import datetime

from sqlalchemy import RowMapping

from services.ingest.projections import aware


def cursor_of(row: RowMapping) -> str:
    """Return a place in the list of messages, opaque to its reader."""
    return cursor_at(row["received_at"], row["submission_id"])


def cursor_at(at: datetime, key: str) -> str:
    """Return a place in a list that is ordered by instant and key."""
    place = f"{aware(at).isoformat()}|{key}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, str] | None:
    """Return the place that a cursor names; None if it names none (B52)."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, key = text.partition("|")
        place = datetime.fromisoformat(at)
    except (ValueError, binascii.Error, UnicodeDecodeError):
        return None
    return (place, key) if place.tzinfo is not None and key else None
