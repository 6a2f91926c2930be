"""Tells trouble that passes from what will fail as often as it is tried."""

import traceback
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError

from libs.runtime.store import Broken


class Stopped(Exception):
    """The service is stopping and takes no more work; answered as 503 with Retry-After (P40)."""


class Damaged(ValueError):
    """A record that is no fact of ours; says where it lies and why it cannot be read (B65)."""


ROOT = Path(__file__).parents[2]
OURS = ("libs.", "services.")
TOLD_MAX = 300


def told(error: BaseException) -> str:
    """Return an error as its class and its place, with its words only where they are ours (P35).

    What libraries say may quote what they stumbled over: a driver the whole row, a conversion the
    text. It would stand in the clear in a log, or in a table that no erasure reaches.
    """
    kind = type(error)
    said = f": {error}" if kind.__module__.startswith(OURS) and str(error) else ""
    places = list(where(error))
    ours = [place for place in places if place.startswith(("libs/", "services/"))]
    at = f" at {(ours or places)[-1]}" if places else ""
    return f"{kind.__name__}{_cause(error)}{said[:TOLD_MAX]}{at}"


def where(error: BaseException) -> Iterator[str]:
    """Yield the places through which an error came, the innermost last; ours without the root."""
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"{frame.filename.removeprefix(f'{ROOT}/')}:{frame.lineno} {frame.name}"


def _cause(error: BaseException) -> str:
    """Return what a database calls the error, and the constraint that refused."""
    cause = getattr(error, "orig", None)
    name = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return "".join(f" {one}" for one in (name, constraint) if one)


def lasts(error: Exception) -> bool:
    """Whether an error is of the message, so that it is parked, and not of the moment.

    A database that is away, full or not migrated is of the moment; a value that it does not take
    is of the message. A writer that lost every race (Conflict) has tried often enough.
    """
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, DataError | IntegrityError) or type(error) is StatementError
    return not isinstance(error, OSError | Broken | Stopped)
