"""Read tables as they are after years of one practice, filled by the services' own projections.

Events are made here, not by rules: what the tables cost to read depends on how many rows there are
and how they are spread. Of invoices older than ninety days nearly all are paid, of the last month's
hardly any; some hundredths are held, reminded or with the agency.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import text

from bench.reading import messages
from libs.events import (
    SAID_BY,
    CaseOpened,
    ClaimTransmitted,
    CollectionRequested,
    DunningStopped,
    Envelope,
    Event,
    HoldPlaced,
    InvoiceDispatched,
    InvoiceIssued,
    InvoiceSettled,
    MemberCredited,
    PaymentReceived,
    ReminderEscalated,
    SubmissionAccepted,
)
from libs.events.values import (
    CreditId,
    DocumentId,
    EventId,
    Hold,
    InvoiceId,
    Ownership,
    Payer,
    Posting,
    PracticeId,
    Private,
    Scheme,
    Stage,
    SubjectId,
    SubmissionId,
)
from libs.paper.references import reference_number
from libs.runtime.ids import derived
from libs.runtime.rows import Change, write
from libs.runtime.service import Projection, Service, heard
from libs.runtime.store import Store
from services.factoring.books import Account
from services.factoring.books import moved as booked
from services.factoring.calendar_months import first_after, month_of
from services.factoring.decider.account import MonthClosed, MonthLocked
from services.ingest.message import xml_invoice

SAMPLES = 400
YEARS_DAYS = 3 * 365
PER_PATIENT = 6
PAGE = 10_000
TERM = timedelta(days=30)


@cache
def samples(today: date) -> Sequence[xml_invoice.Invoice]:
    """Return messages as they were read: names, laws and sums of a specialist's patients."""
    read = [xml_invoice.parse(one, today) for one in messages("5.0", SAMPLES)]
    return [one for one in read if isinstance(one, xml_invoice.Invoice)]


@dataclass(frozen=True)
class Grown:
    """One practice with so many invoices until a day."""

    practice: PracticeId
    count: int
    today: date

    def events(self) -> Iterator[Event]:
        """Tell all that happened, invoice by invoice, then the months of the books."""
        moved: dict[str, Counter[str]] = defaultdict(Counter)
        for number in range(self.count):
            for event in self._of(number):
                if isinstance(event, ClaimTransmitted | MemberCredited):
                    sums = moved[month_of(event.on)]
                    for posting in event.postings:
                        sums[posting.account] += posting.amount_rappen
                yield event
        yield from self._closed(moved)

    def _closed(self, moved: Mapping[str, Counter[str]]) -> Iterator[Event]:
        """Close the books of all months but this one, each with the balances since the first."""
        balances: Counter[str] = Counter()
        for month in sorted(moved):
            if month == month_of(self.today):
                return
            balances.update(moved[month])
            on = first_after(month)
            yield MonthLocked(practice_id=self.practice, month=month, on=on)
            closing = tuple(Posting(account=a, amount_rappen=n) for a, n in balances.items())
            yield MonthClosed(
                practice_id=self.practice,
                month=month,
                on=on,
                opening=(),
                moved=(),
                closing=closing,
            )

    def invoice_id(self, number: int) -> InvoiceId:
        return InvoiceId(derived("grown", self.practice, str(number)))

    def _of(self, number: int) -> Iterator[Event]:
        key, on = self.invoice_id(number), self._day(number)
        issued = self._issued(number, key, on)
        own: dict[str, Any] = {"practice_id": self.practice, "invoice_id": key}
        yield SubmissionAccepted(
            **own,
            submission_id=issued.submission_id,
            content=DocumentId(f"{number:064x}"),
            facts=issued.facts,
            debtor=issued.debtor,
            patient=issued.patient,
            medical=issued.medical,
        )
        yield issued
        yield InvoiceDispatched(**own, document=DocumentId(f"{number:064x}"), pages=1, on=on)
        rappen, due = issued.open_rappen, issued.due_on
        entry = booked(Account.HELD, Account.OWNED, rappen).postings
        yield ClaimTransmitted(
            **own, ownership=Ownership.MANDATED, amount_rappen=rappen, on=on, postings=entry
        )
        first = due + timedelta(days=20)
        yield CaseOpened(
            **own,
            open_rappen=rappen,
            due_on=due,
            next_stage=Stage.FIRST_REMINDER,
            next_on=max(first, self.today + timedelta(days=1)),
        )
        yield from self._later(number, issued)

    def _later(self, number: int, issued: InvoiceIssued) -> Iterator[Event]:
        """Tell how it went on: by its age and its number, so that all ages have all ways."""
        own: dict[str, Any] = {"practice_id": self.practice, "invoice_id": issued.invoice_id}
        age, lot, due = (self.today - issued.issued_on).days, number % 100, issued.due_on
        if lot < (95 if age > 3 * TERM.days else 60 if age > TERM.days else 20):
            yield from self._paid(issued, issued.issued_on + timedelta(days=min(age, 25)))
        elif age <= TERM.days:
            return
        elif lot < 97:
            yield ReminderEscalated(
                **own,
                stage=Stage.FIRST_REMINDER,
                on=due,
                waited_days=20,
                counted_from=due,
                open_rappen=issued.open_rappen,
                next_stage=Stage.SECOND_REMINDER,
                next_on=self.today + timedelta(days=5),
            )
        elif lot < 98:
            review_on = self.today + timedelta(days=number % 20 - 5)
            yield HoldPlaced(**own, reason=Hold.DISPUTE, by="user", on=due, review_on=review_on)
        else:
            yield CollectionRequested(
                **own, open_rappen=issued.open_rappen, agency="a", secrecy_basis="b", on=due
            )

    def _paid(self, issued: InvoiceIssued, on: date) -> Iterator[Event]:
        own: dict[str, Any] = {"practice_id": self.practice, "invoice_id": issued.invoice_id}
        credit, rappen = CreditId(derived("credit", issued.invoice_id)), issued.open_rappen
        yield PaymentReceived(
            **own,
            credit_id=credit,
            amount_rappen=rappen,
            open_rappen=0,
            booked_on=on,
            value_on=on,
        )
        yield InvoiceSettled(**own, end="PAID", on=on)
        yield DunningStopped(**own, end="PAID", on=on)
        entry = booked(Account.BANK, Account.MEMBER, rappen) + booked(
            Account.OWNED, Account.HELD, rappen
        )
        yield MemberCredited(
            **own,
            credit_id=credit,
            amount_rappen=rappen,
            repaid_rappen=0,
            credited_rappen=rappen,
            on=on,
            value_on=on,
            postings=entry.postings,
        )

    def _day(self, number: int) -> date:
        return self.today - timedelta(days=(self.count - 1 - number) * YEARS_DAYS // self.count)

    def _issued(self, number: int, key: InvoiceId, on: date) -> InvoiceIssued:
        patient_no = number // PER_PATIENT
        read = samples(self.today)[patient_no % SAMPLES]
        insurer = read.facts.scheme is Scheme.TP
        subject = SubjectId(derived("patient", self.practice, str(patient_no)))
        owing = SubjectId(derived("insurer", read.debtor.name)) if insurer else subject
        request_id = f"{on:%y%m%d}-{number:06d}"
        return InvoiceIssued(
            practice_id=self.practice,
            invoice_id=key,
            submission_id=SubmissionId(derived("submission", key)),
            number=f"{on:%y}-{number:07d}",
            reference=reference_number(1, number),
            payer=Payer.INSURER if insurer else Payer.PATIENT,
            language="de",
            facts=structs.replace(read.facts, request_id=request_id, request_on=on),
            open_rappen=read.facts.due_rappen + number % 500 * 5,
            rounding_rappen=0,
            issued_on=on,
            due_on=on + TERM,
            debtor=Private(subject=owing, value=read.debtor),
            patient=Private(subject=subject, value=read.patient),
            medical=Private(subject=SubjectId(derived("case", key)), value=read.medical),
        )


def fill(events: Iterable[Event], *places: tuple[Store, Service]) -> None:
    """Project what services show of events into their tables."""
    pages = [(store, _hearing(service), list[Change]()) for store, service in places]
    for number, event in enumerate(events, start=1):
        envelope = _envelope(event, number)
        for store, hearing, changes in pages:
            for projection in hearing.get(type(event), ()):
                changes.extend(projection(event, envelope))
            if len(changes) >= PAGE:
                _write(store, changes)
                changes.clear()
    for store, _, changes in pages:
        _write(store, changes)


def _hearing(service: Service) -> Mapping[type[Event], Sequence[Projection]]:
    kinds = {kind for one in service.projections for kind in heard(one)}
    return {kind: [one for one in service.projections if kind in heard(one)] for kind in kinds}


def _write(store: Store, changes: Sequence[Change]) -> None:
    with store.writing() as db:
        write(db, changes)


def _envelope(event: Event, number: int) -> Envelope:
    kind = type(event).__name__
    return Envelope(
        id=EventId(derived("grown", event.practice_id, str(number))),
        source=SAID_BY.get(kind, "factoring"),
        type=kind,
        stream="",
        version=1,
        tenant=event.practice_id,
        position=number,
        recorded_at=datetime.combine(date(2020, 1, 1), time(), UTC) + timedelta(seconds=number),
        correlation_id="",
        causation_id="",
        data=msgspec.json.encode(event),
    )


def analyse(store: Store) -> None:
    """Let PostgreSQL look at its tables, as its own upkeep does; SQLite has none in operation."""
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(text("VACUUM ANALYZE"))
