"""What a practice invoices: drawn by BR-221 and BR-222, right to the rappen by invoice-xml 11."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from math import log
from random import Random
from zoneinfo import ZoneInfo

from msgspec import structs

from libs.events.handed import ServiceLine, VatGroup
from libs.events.values import Kind, Law, PracticeKind, Scheme
from services.simulator import identifiers
from services.simulator.insurers import Insurer, insurer_for
from services.simulator.lines import Basket, compose
from services.simulator.people import Patient, patient
from services.simulator.practices import Practice
from services.simulator.seeds import chance, pick, poisson
from services.simulator.tariffs import TARDOC_FROM, round_rappen

MONTH_WEIGHTS = (1.12, 1.00, 1.08, 0.98, 0.98, 1.00, 0.85, 0.85, 1.02, 1.05, 1.05, 1.02)
"""January to December (BR-222)."""
INVOICES_PER_PATIENT = 2.5
"""A practice knows so many patients that each gets this number of invoices a year [E]."""
AMOUNT_LEAST_RAPPEN = 1_500
WORKDAYS_A_MONTH = 21.7
WEEKEND = 5
ROUND_TO = 5
_SITTINGS_MAX = 18
_GAPS: dict[PracticeKind, tuple[int, int]] = {
    PracticeKind.PHYSIO: (2, 5),
    PracticeKind.HOME_CARE: (1, 3),
    PracticeKind.MIDWIFE: (1, 4),
    PracticeKind.PSYCHIATRY: (7, 14),
}
"""Days between two sittings, least and most."""
_GAP = (3, 21)
_OPENING_HOUR = 7
_ZURICH = ZoneInfo("Europe/Zurich")


@dataclass(frozen=True, kw_only=True)
class Totals:
    amount_rappen: int
    due_rappen: int
    vat: tuple[VatGroup, ...]


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """One invoice as the practice's software knows it, before it becomes a message."""

    practice: Practice
    patient: Patient
    insurer: Insurer
    kind: Kind = Kind.INVOICE
    request_id: str
    request_on: date
    request_timestamp: int
    guid: str
    reference: str
    """Of the practice's own payment slip."""
    scheme: Scheme
    law: Law
    case_id: str
    case_on: date
    lines: tuple[ServiceLine, ...]
    totals: Totals
    diagnosis: str
    remark: str = ""

    @property
    def treated_from(self) -> date:
        return min(line.on for line in self.lines)

    @property
    def treated_to(self) -> date:
        return max(line.on for line in self.lines)

    @property
    def term_days(self) -> int:
        """Days to pay as the practice prints them on its own invoices."""
        return 30


def treated(seed: int, practice: Practice, on: date, share: float = 1.0) -> int:
    """Return how many treatments a practice ended on a day; `share` thins its volume out."""
    if on.weekday() >= WEEKEND:
        return 0
    a_day = practice.invoices_a_year * share / 12 / WORKDAYS_A_MONTH
    return poisson(chance(seed, "day", practice.number, on), a_day * MONTH_WEIGHTS[on.month - 1])


def handed_in(seed: int, practice: Practice, on: date, share: float = 1.0) -> Iterator[Invoice]:
    """Yield the invoices that a practice hands in on a day: all since its last such day."""
    day = last_handed_in(practice, on)
    while day is not None and day < on:
        for index in range(treated(seed, practice, day, share)):
            yield invoice(seed, practice, (day, index), on)
        day += timedelta(days=1)


def last_handed_in(practice: Practice, on: date) -> date | None:
    """Return the day of the batch before, None where the day given is no such day (BR-222)."""
    if practice.rhythm == "weekly":
        return on - timedelta(days=7) if on.weekday() == 0 else None
    months = 3 if practice.rhythm == "quarterly" else 1
    if on != _first_workday(on.year, on.month) or (on.month - 1) % months:
        return None
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    return _first_workday(year, month + 1)


@cache
def _first_workday(year: int, month: int) -> date:
    day = date(year, month, 1)
    while day.weekday() >= WEEKEND or (day.month, day.day) == (1, 1):
        day += timedelta(days=1)
    return day


def invoice(seed: int, practice: Practice, name: tuple[date, int], on: date) -> Invoice:
    """Return the n-th invoice for the treatments that ended on a day, written on another."""
    ended_on, index = name
    draw = chance(seed, "invoice", practice.number, ended_on, index)
    traits = practice.traits
    scheme = pick(draw, traits.schemes)
    laws = {
        Scheme.TG: traits.laws_tg,
        Scheme.TP: traits.laws_tp,
    }.get(scheme, {Law.ORG: 1.0})
    law = pick(draw, laws)
    known = max(1, round(practice.invoices_a_year / INVOICES_PER_PATIENT))
    person = patient(seed, practice, draw.randrange(known))
    insurer = person.insurer if law in person.insurer.laws else draw.choice(_insurers(law, person))
    days = _days(draw, practice.kind, ended_on)
    target = max(AMOUNT_LEAST_RAPPEN, draw.lognormvariate(log(traits.median_rappen), traits.sigma))
    count = traits.lines_least + poisson(draw, traits.lines_more)
    lines = tuple(
        compose(draw, Basket(practice=practice, law=law, days=days), round(target), count)
    )
    begun = min(line.on for line in lines)
    return Invoice(
        practice=practice,
        patient=person,
        insurer=insurer,
        request_id=f"{ended_on:%y%m%d}-{practice.number:03d}{index:03d}",
        request_on=on,
        request_timestamp=_timestamp(on, draw.randrange(4 * 3600)),
        guid=f"{draw.getrandbits(128):032x}",
        reference=identifiers.qr_reference(f"{practice.number:06d}{ended_on:%y%m%d}{index:014d}"),
        scheme=scheme,
        law=law,
        case_id=identifiers.digits(draw, 9),
        case_on=begun - timedelta(days=draw.randrange(30)),
        lines=lines,
        diagnosis=draw.choice("ABCDEFGHI") + str(draw.randint(1, 9)),
        totals=totals(lines),
    )


def _insurers(law: Law, person: Patient) -> Sequence[Insurer]:
    return insurer_for(law) or (person.insurer,)


def _timestamp(on: date, second: int) -> int:
    opened = datetime(on.year, on.month, on.day, _OPENING_HOUR, tzinfo=_ZURICH)
    return int((opened.astimezone(UTC) + timedelta(seconds=second)).timestamp())


def _days(draw: Random, kind: PracticeKind, ended_on: date) -> list[date]:
    """Return days on which the patient came, the last one given; within one tariff (BR-31)."""
    least, most = _GAPS.get(kind, _GAP)
    days = [ended_on]
    while len(days) < _SITTINGS_MAX:
        day = days[0] - timedelta(days=draw.randint(least, most))
        day -= timedelta(days=max(0, day.weekday() - WEEKEND + 1))
        if ended_on >= TARDOC_FROM > day:
            break
        days.insert(0, day)
    return days


def totals(lines: Sequence[ServiceLine]) -> Totals:
    """Return the sums and the VAT of the lines (invoice-xml A4, A6 to A9)."""
    amount = sum(line.amount_rappen for line in lines)
    by_rate: dict[Decimal, int] = {}
    for line in lines:
        by_rate[line.vat_rate] = by_rate.get(line.vat_rate, 0) + line.amount_rappen
    return Totals(
        amount_rappen=amount,
        due_rappen=round_payable(amount),
        vat=tuple(
            VatGroup(
                rate=rate, amount_rappen=by_rate[rate], vat_rappen=contained(by_rate[rate], rate)
            )
            for rate in sorted(by_rate)
        ),
    )


def contained(amount_rappen: int, rate: Decimal) -> int:
    """Return the VAT that an amount contains (invoice-xml A8)."""
    return round_rappen(Decimal(amount_rappen) / 100 * rate / (100 + rate))


def round_payable(amount_rappen: int) -> int:
    """Return the amount to the nearest 5 rappen; whole rappen never lie half way (BR-43)."""
    sign = -1 if amount_rappen < 0 else 1
    return sign * ((abs(amount_rappen) + ROUND_TO // 2) // ROUND_TO * ROUND_TO)


def storno(of: Invoice, on: date) -> Invoice:
    """Return the message that cancels an invoice: same reference, all signs changed.

    The timestamp stays, or nobody finds the invoice again (invoice-xml 12).
    """
    lines = tuple(
        structs.replace(line, quantity=-line.quantity, amount_rappen=-line.amount_rappen)
        for line in of.lines
    )
    guid = f"{chance(0, 'storno', of.guid, on).getrandbits(128):032x}"
    return replace(of, kind=Kind.STORNO, lines=lines, totals=totals(lines), guid=guid)
