"""What dunning knows of the practices: who they are, and how they want their debtors reminded.

The tables hear the gateway alone. The lookups are named beside the reactions in `app.py`, and the
calendar and HTTP commands use the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection, select

from libs.days.holidays_ch import calendar_around
from libs.events import Envelope, PracticeConfigured, PracticeRegistered
from libs.events.terms import Reminding
from libs.events.values import Address, Party, PracticeId
from libs.runtime.rows import Change, put
from services.dunning.consumers import Known
from services.dunning.ladder import Policies, Policy
from services.dunning.tables import practices, remindings

Heard: TypeAlias = PracticeRegistered | PracticeConfigured


def project_practices(event: Heard, _: Envelope) -> Iterator[Change]:
    """Keep who a practice is, and every version of its wishes."""
    match event:
        case PracticeRegistered():
            yield put(
                practices,
                practice_id=event.practice_id,
                name=event.name,
                address=msgspec.json.encode(event.address).decode(),
                phone=event.phone,
            )
        case PracticeConfigured(settings=Reminding() as reminding):
            yield put(
                remindings,
                practice_id=event.practice_id,
                version=event.version,
                valid_from=event.valid_from,
                data=msgspec.json.encode(reminding).decode(),
            )
        case _:
            return


class Sender(NamedTuple):
    """A practice as its debtors' letters name it."""

    party: Party
    phone: str


def sender(db: Connection, practice: PracticeId) -> Sender:
    """Return the practice on whose behalf a letter is written."""
    row = db.execute(select(practices).where(practices.c.practice_id == practice)).one()
    address = msgspec.json.decode(row.address, type=Address)
    return Sender(Party(name=row.name, address=address, company=True), row.phone)


def policies(db: Connection, of: Collection[PracticeId] | None = None) -> Policies:
    """Return the dated wishes of some practices, or of all."""
    wanted = select(remindings).order_by(remindings.c.valid_from, remindings.c.version)
    if of is not None:
        wanted = wanted.where(remindings.c.practice_id.in_(of))
    dated: dict[PracticeId, list[tuple[date, Policy]]] = defaultdict(list)
    for row in db.execute(wanted):
        reminding = msgspec.json.decode(row.data, type=Reminding)
        policy = Policy(reminding=reminding, version=row.version)
        dated[row.practice_id].append((row.valid_from, policy))
    return Policies(dated)


def known(db: Connection, events: Sequence[Any]) -> Known:
    """Look up what opening the cases of these `InvoiceIssued` needs."""
    return Known(
        policies=policies(db, {event.practice_id for event in events}),
        calendar=calendar_around(*(day for one in events for day in (one.issued_on, one.due_on))),
    )


def known_of_money(db: Connection, events: Sequence[Any]) -> Known:
    """Look up what money means to cases, around the days on which it was booked or taken back."""
    return Known(
        policies=policies(db, {event.practice_id for event in events}),
        calendar=calendar_around(*(event.booked_on for event in events)),
    )
