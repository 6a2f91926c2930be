"""Tells trouble that passes from what will fail as often as it is tried."""

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError

from libs.runtime.store import Broken


class Stopped(Exception):
    """The service is stopping and takes no more work; answered as 503 with Retry-After (P40)."""


def lasts(error: Exception) -> bool:
    """Whether an error is of the message, so that it is parked, and not of the moment.

    A database that is away, full or not migrated is of the moment; a value that it does not take
    is of the message. A writer that lost every race (Conflict) has tried often enough.
    """
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, DataError | IntegrityError) or type(error) is StatementError
    return not isinstance(error, OSError | Broken | Stopped)
