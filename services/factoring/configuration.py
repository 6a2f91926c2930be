"""Lookups: what factoring's commands need to know, named beside the reactions in `app.py`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from libs.events.terms import Contract
from libs.events.values import PracticeId
from services.factoring.calendar_months import first_after
from services.factoring.consumers import Known, OpenBooks
from services.factoring.contracts import Contracts
from services.factoring.tables import contracts, locks


def contracts_of(db: Connection, practices: Collection[PracticeId]) -> Contracts:
    """Return the dated contracts of some practices."""
    wanted = (
        select(contracts)
        .where(contracts.c.practice_id.in_(practices))
        .order_by(contracts.c.valid_from, contracts.c.version)
    )
    dated: dict[PracticeId, list[tuple[date, Contract]]] = defaultdict(list)
    for row in db.execute(wanted):
        contract = msgspec.json.decode(row.data, type=Contract)
        dated[row.practice_id].append((row.valid_from, contract))
    return Contracts(dated)


def open_books(db: Connection, events: Sequence[Any]) -> OpenBooks:
    """Look up from which day on the books of these events' practices take bookings."""
    practices = {event.practice_id for event in events}
    wanted = (
        select(locks.c.practice_id, func.max(locks.c.month))
        .where(locks.c.practice_id.in_(practices))
        .group_by(locks.c.practice_id)
    )
    return OpenBooks({practice: first_after(month) for practice, month in db.execute(wanted)})


def known(db: Connection, events: Sequence[Any]) -> Known:
    """Look up what transmitting new claims needs."""
    practices = {event.practice_id for event in events}
    return Known(contracts=contracts_of(db, practices), books=open_books(db, events))
