"""How events fill factoring's read tables. Pure; `tables.py` has the columns."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, assert_never

import msgspec

from libs.events import (
    AdvanceCredited,
    ClaimChargedBack,
    ClaimClosed,
    ClaimTransmitted,
    Envelope,
    FeeCharged,
    MemberCredited,
    MemberDebited,
    PracticeConfigured,
    ReceiptParked,
)
from libs.events.terms import Contract
from libs.events.values import Ownership
from libs.runtime.rows import Change, change, drop, put
from services.factoring.calendar_months import month_of
from services.factoring.decider.account import MonthClosed, MonthLocked
from services.factoring.decider.claim_state import CollectionNoted, DisputeEnded, DisputeNoted
from services.factoring.tables import booked, claims, closings, contracts, flags, journal, locks

Booked: TypeAlias = (
    ClaimTransmitted
    | FeeCharged
    | AdvanceCredited
    | MemberCredited
    | MemberDebited
    | ClaimChargedBack
    | ClaimClosed
    | ReceiptParked
)
Moved: TypeAlias = AdvanceCredited | MemberCredited | MemberDebited | ClaimChargedBack | ClaimClosed
Owned: TypeAlias = ClaimTransmitted | Moved


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """Return an instant as a whole number, which both engines keep and compare alike."""
    return (instant - EPOCH) // MICROSECOND


def project_contracts(event: PracticeConfigured, _: Envelope) -> Iterator[Change]:
    """Keep every version of a practice's contract."""
    if isinstance(event.settings, Contract):
        yield put(
            contracts,
            practice_id=event.practice_id,
            version=event.version,
            valid_from=event.valid_from,
            product=event.settings.product,
            data=msgspec.json.encode(event.settings).decode(),
        )


def project_journal(event: Booked, envelope: Envelope) -> Iterator[Change]:
    """Write each line of an entry, and note that its month has bookings."""
    for line, posting in enumerate(event.postings):
        yield put(
            journal,
            event_id=envelope.id,
            line=line,
            practice_id=event.practice_id,
            account=posting.account,
            amount_rappen=posting.amount_rappen,
            on=event.on,
            value_on=event.value_on if isinstance(event, MemberCredited) else event.on,
            kind=envelope.type,
            invoice_id=None if isinstance(event, ReceiptParked) else event.invoice_id,
            recorded_us=microseconds(envelope.recorded_at),
        )
    if event.postings:
        yield put(
            booked,
            practice_id=event.practice_id,
            month=month_of(event.on),
            recorded_us=microseconds(envelope.recorded_at),
        )


def project_claims(event: Owned, envelope: Envelope) -> Iterator[Change]:
    """Say what of each claim is held, advanced and had."""
    if isinstance(event, ClaimTransmitted):
        yield put(
            claims,
            invoice_id=event.invoice_id,
            practice_id=event.practice_id,
            recorded_us=microseconds(envelope.recorded_at),
            amount_rappen=event.amount_rappen,
            open_rappen=event.amount_rappen,
            advanced_rappen=0,
            credited_rappen=0,
            ownership=event.ownership,
            was_advanced=False,
            due_on=event.due_on or event.on,
            transmitted_on=event.on,
            closed=None,
        )
    else:
        yield change(claims, invoice_id=event.invoice_id, **moved(event))


def moved(event: Moved) -> dict[str, Any]:
    """Return the columns of a claim that an act gives new values."""
    match event:
        case AdvanceCredited():
            owned = {"ownership": Ownership.ADVANCED_RECOURSE, "was_advanced": True}
            return {"advanced_rappen": event.amount_rappen} | owned
        case MemberCredited():
            repaid = event.repaid_rappen > 0 and event.advanced_rappen == 0
            return {
                "open_rappen": event.open_rappen,
                "advanced_rappen": event.advanced_rappen,
                "credited_rappen": event.credited_rappen,
            } | ({"ownership": Ownership.MANDATED} if repaid else {})
        case MemberDebited():
            had = {"open_rappen": event.open_rappen, "credited_rappen": event.credited_rappen}
            return had | ({"closed": None} if event.open_rappen else {})
        case ClaimChargedBack():
            return {"advanced_rappen": 0, "ownership": Ownership.MANDATED}
        case ClaimClosed():
            returned = {"credited_rappen": 0} if event.refundable_rappen else {}
            return {"open_rappen": 0, "closed": event.reason} | returned
        case _:
            assert_never(event)


def project_flags(
    event: CollectionNoted | DisputeNoted | DisputeEnded, _: Envelope
) -> Iterator[Change]:
    """Keep what stands in the way of an advance, also of a claim not known yet."""
    match event:
        case CollectionNoted():
            yield put(flags, invoice_id=event.invoice_id, flag="collection", on=event.on)
        case DisputeNoted():
            yield put(flags, invoice_id=event.invoice_id, flag="dispute", on=event.on)
        case DisputeEnded():
            yield drop(flags, invoice_id=event.invoice_id, flag="dispute")


def project_months(event: MonthLocked | MonthClosed, _: Envelope) -> Iterator[Change]:
    """Keep which months take no more bookings, and the balances of those that are closed."""
    key = {"practice_id": event.practice_id, "month": event.month}
    if isinstance(event, MonthLocked):
        yield put(locks, **key, locked_on=event.on, closed_on=None)
        return
    yield change(locks, **key, closed_on=event.on)
    for posting in event.closing:
        yield put(closings, **key, account=posting.account, amount_rappen=posting.amount_rappen)
