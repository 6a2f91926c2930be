"""Dunning's invariants, proved from its log and tables (architecture section 10)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, get_args

import msgspec
from sqlalchemy import Connection, func, select

from libs.events import (
    CollectionRequested,
    DunningResumed,
    DunningStopped,
    HoldLifted,
    HoldPlaced,
    ReminderEscalated,
)
from libs.events.values import Hold, InvoiceId
from libs.runtime.tables import EVENTS
from services.dunning.tables import cases

Watched: TypeAlias = (
    ReminderEscalated
    | CollectionRequested
    | HoldPlaced
    | HoldLifted
    | DunningStopped
    | DunningResumed
)
NAMED_MAX = 20


def open_sums(db: Connection) -> Mapping[str, Any]:
    """Return what all running cases ask for; invoicing and factoring must come to the same."""
    running = cases.c.ended.is_(None)
    open_rappen, count = db.execute(
        select(func.coalesce(func.sum(cases.c.open_rappen), 0), func.count()).where(running)
    ).one()
    return {"open_rappen": int(open_rappen), "cases_running": count, "failed": []}


def nobody_is_reminded_wrongly(db: Connection) -> Mapping[str, Any]:
    """Walk through the log: no step after the end of a case, and none under a hold (BR-126)."""
    ended: set[InvoiceId] = set()
    held: dict[InvoiceId, set[Hold]] = defaultdict(set)
    failed: list[str] = []
    count = 0
    for position, event in watched(db):
        invoice = event.invoice_id
        match event:
            case DunningStopped():
                ended.add(invoice)
            case DunningResumed():
                ended.discard(invoice)
            case HoldPlaced():
                held[invoice].add(event.reason)
            case HoldLifted():
                held[invoice].discard(event.reason)
            case ReminderEscalated() | CollectionRequested():
                count += 1
                if invoice in ended:
                    failed.append(f"position {position}: a step after the end of {invoice}")
                if standing(held[invoice], event):
                    failed.append(f"position {position}: a step under a hold of {invoice}")
    return {"steps_taken": count, "failed": failed[:NAMED_MAX]}


def standing(held: set[Hold], event: ReminderEscalated | CollectionRequested) -> set[Hold]:
    """Return the holds that forbid a step; a missing basis forbids the hand-over alone."""
    if isinstance(event, CollectionRequested):
        return held
    return held - {Hold.SECRECY_BASIS_MISSING}


def watched(db: Connection) -> Iterator[tuple[int, Watched]]:
    """Return the events that matter here, in the order in which they were recorded."""
    decoder: msgspec.json.Decoder[Watched] = msgspec.json.Decoder(Watched)
    names = [kind.__name__ for kind in get_args(Watched)]
    wanted = (
        select(EVENTS.c.position, EVENTS.c.data)
        .where(EVENTS.c.type.in_(names))
        .order_by(EVENTS.c.position)
    )
    for row in db.execute(wanted.execution_options(yield_per=1_000)):
        yield row.position, decoder.decode(row.data)
