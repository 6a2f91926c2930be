"""Lookups: what a command needs beside what was heard, read in the transaction that decides it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import holidays
import msgspec
from sqlalchemy import Connection, func, select

from libs.events import BankCreditBooked, BankCreditReversed, Event, SubmissionAccepted
from libs.events.terms import Terms
from libs.events.values import (
    Address,
    CreditId,
    InvoiceId,
    Kind,
    Party,
    PracticeId,
    PracticeKind,
    SubmissionId,
)
from libs.paper.references import is_qr_reference, reference_number
from libs.runtime.clock import Clock
from services.invoicing.consumers import Desk, Owner, Receiver, Slot
from services.invoicing.decider.invoice import Biller
from services.invoicing.due import Holidays
from services.invoicing.projections import CREDIT, REVERSAL
from services.invoicing.tables import invoices, practices, receipts, terms

SEQUENCE_FIRST = 100_001
YEARS_AHEAD = 2
CANTONS = frozenset(holidays.country_holidays("CH").subdivisions)
QR_DIGITS = re.compile(r"[0-9]{27}")


def desk(clock: Clock) -> Callable[[Connection, Sequence[Event]], Desk]:
    """Return the lookup for a page of accepted messages."""

    def at_desk(db: Connection, events: Sequence[Event]) -> Desk:
        accepted = [event for event in events if isinstance(event, SubmissionAccepted)]
        today = clock.today()
        return Desk(
            today=today,
            slots=_slots(db, [e for e in accepted if e.facts.kind is Kind.INVOICE], today),
            cancelled=_meant(db, [e for e in accepted if e.facts.kind is Kind.STORNO]),
        )

    return at_desk


def _slots(
    db: Connection, events: Sequence[SubmissionAccepted], today: date
) -> Mapping[InvoiceId, Slot]:
    """Give each invoice that is new its number: the next one of its practice in this year.

    The page is decided in this transaction, and a practice's messages come one page after the
    other, so no number is given twice; where two transactions race all the same, the unique
    number lets one of them fail and look again. A number stays unused only where a message parks.
    """
    billers = _billers(db, {event.practice_id for event in events})
    settled = _terms(db, billers, today)
    last = _last_sequences(db, billers, today.year % 100)
    slots: dict[InvoiceId, Slot] = {}
    issued = _issued(db, [event.invoice_id for event in events])
    for event in events:
        if event.practice_id not in billers or event.facts.test or event.invoice_id in slots:
            continue
        account_no, biller = billers[event.practice_id]
        sequence = last.get(event.practice_id, SEQUENCE_FIRST - 1)
        if event.invoice_id not in issued:  # a repeat gets a slot that its rule does not use
            sequence += 1
            last[event.practice_id] = sequence
        slots[event.invoice_id] = Slot(
            number=f"{today:%y}-{sequence}",
            reference=reference_number(account_no, int(f"{today:%y}{sequence}")),
            biller=biller,
            terms=settled.get(event.practice_id),
            holidays=holidays_of(event.facts.canton, today.year),
        )
    return slots


def _issued(db: Connection, invoice_ids: Sequence[InvoiceId]) -> set[str]:
    wanted = select(invoices.c.invoice_id).where(invoices.c.invoice_id.in_(invoice_ids))
    return set(db.execute(wanted).scalars())


def _billers(db: Connection, ids: Iterable[PracticeId]) -> dict[PracticeId, tuple[int, Biller]]:
    found = db.execute(select(practices).where(practices.c.practice_id.in_(list(ids))))
    return {
        row.practice_id: (
            row.account_no,
            Biller(
                party=Party(
                    name=row.name,
                    addition=row.holder,
                    address=msgspec.json.decode(row.address, type=Address),
                    company=True,
                ),
                kind=PracticeKind(row.kind),
                phone=row.phone,
                vat_number=row.vat_number,
            ),
        )
        for row in found
    }


def _terms(db: Connection, ids: Iterable[PracticeId], today: date) -> dict[PracticeId, Terms]:
    """Return the terms of each practice as of the day: the last version that is valid (BR-159)."""
    wanted = (
        select(terms)
        .where(terms.c.practice_id.in_(list(ids)), terms.c.valid_from <= today)
        .order_by(terms.c.practice_id, terms.c.version)
    )
    return {
        row.practice_id: Terms(patient_days=row.patient_days, insurer_days=row.insurer_days)
        for row in db.execute(wanted)
    }


def _last_sequences(db: Connection, ids: Iterable[PracticeId], year: int) -> dict[PracticeId, int]:
    wanted = (
        select(invoices.c.practice_id, func.max(invoices.c.sequence))
        .where(invoices.c.practice_id.in_(list(ids)), invoices.c.year == year)
        .group_by(invoices.c.practice_id)
    )
    return {PracticeId(practice): last for practice, last in db.execute(wanted)}


def _meant(
    db: Connection, events: Sequence[SubmissionAccepted]
) -> Mapping[SubmissionId, InvoiceId]:
    """Return the invoice that a storno means whose timestamp was changed (invoice-xml 12)."""
    known = _issued(db, [event.invoice_id for event in events])
    meant = {}
    for event in events:
        if event.invoice_id not in known:
            found = _by_request(db, event)
            if found is not None:
                meant[event.submission_id] = found
    return meant


def _by_request(db: Connection, event: SubmissionAccepted) -> InvoiceId | None:
    wanted = (
        select(invoices.c.invoice_id)
        .where(
            invoices.c.practice_id == event.practice_id,
            invoices.c.request_id == event.facts.request_id,
            invoices.c.end.is_distinct_from("CANCELLED"),
        )
        .order_by(invoices.c.year.desc(), invoices.c.sequence.desc())
        .limit(1)
    )
    return db.execute(wanted).scalar_one_or_none()


def receivers(db: Connection, events: Sequence[Event]) -> Mapping[CreditId, Receiver]:
    """Return for each credit the invoice that its reference names. Source: payments 3.8, number 8.

    The table of issued references decides; a reference that only looks like ours proves nothing.
    """
    reported = [event for event in events if isinstance(event, BankCreditBooked)]
    booked = _booked(db, [event.credit_id for event in reported], CREDIT)
    owners = _owners(db, [_plain(event.reference) for event in reported])
    found: dict[CreditId, Receiver] = {}
    for event in reported:
        reference = _plain(event.reference)
        if event.credit_id in booked:
            found[event.credit_id] = None
        elif reference in owners:
            found[event.credit_id] = owners[reference]
        elif not reference:
            found[event.credit_id] = "NO_REFERENCE"
        elif QR_DIGITS.fullmatch(reference) and not is_qr_reference(reference):
            found[event.credit_id] = "BAD_CHECK_DIGIT"
        else:
            found[event.credit_id] = "UNKNOWN_REFERENCE"
    return found


def reversal_receivers(db: Connection, events: Sequence[Event]) -> Mapping[CreditId, Receiver]:
    """Return for each reversal the invoice whose receipt it undoes."""
    reversals = [event for event in events if isinstance(event, BankCreditReversed)]
    ids = [event.credit_id for event in reversals]
    done, named = _booked(db, ids, REVERSAL), _booked(db, ids, CREDIT)
    owners = _owners(db, [_plain(event.original_reference) for event in reversals])
    found: dict[CreditId, Receiver] = {}
    for event in reversals:
        owner = named.get(event.credit_id) or owners.get(_plain(event.original_reference))
        found[event.credit_id] = None if event.credit_id in done else owner or "UNKNOWN_REFERENCE"
    return found


def _booked(db: Connection, ids: Sequence[CreditId], kind: str) -> dict[CreditId, Owner | None]:
    """Return the entries that were booked before, with their invoice if they have one."""
    wanted = select(receipts).where(receipts.c.credit_id.in_(ids), receipts.c.kind == kind)
    return {row.credit_id: _owner(row) if row.invoice_id else None for row in db.execute(wanted)}


def _owners(db: Connection, references: Sequence[str]) -> dict[str, Owner]:
    wanted = select(invoices.c.reference, invoices.c.practice_id, invoices.c.invoice_id).where(
        invoices.c.reference.in_(references)
    )
    return {row.reference: _owner(row) for row in db.execute(wanted)}


def _owner(row: Any) -> Owner:
    return Owner(practice_id=row.practice_id, invoice_id=row.invoice_id)


def _plain(reference: str) -> str:
    return "".join(reference.split())


@cache
def holidays_of(canton: str, year: int) -> Holidays:
    """Return the legal holidays of a canton from this year on; abroad, those of all cantons.

    Only the package's category of legal holidays counts (BR-167, payments 6.4).
    """
    years = range(year, year + YEARS_AHEAD + 1)
    if canton == "LI":
        days = holidays.country_holidays("LI", years=years)
    else:
        subdivision = canton if canton in CANTONS else None
        days = holidays.country_holidays("CH", subdiv=subdivision, years=years)
    return Holidays(canton=canton, days=frozenset(days))
