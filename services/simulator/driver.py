"""A span of days of the simulated cooperative, played through the system's front door.

Each day practices hand in their invoices, debtors look at theirs over what the cooperative issued,
the bank's file comes in, and the calendar goes on. Nothing is read from the inside: what a debtor
knows, its partner read over REST.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

import httpx

from libs.events.values import Hold, Kind, Payer, PracticeKind
from services.simulator.agenda import Agenda, Issued, Look
from services.simulator.camt054 import camt054
from services.simulator.faults import (
    CANCELLED_AFTER_DAYS,
    CORRECTED_AFTER_DAYS,
    REFUSED,
    Fault,
    corrected,
    fault,
    spoil,
    wait_days,
)
from services.simulator.invoices import Invoice, handed_in, storno
from services.simulator.partner import (
    ACCEPTED,
    CONFLICT,
    CREATED,
    OK,
    UNPROCESSABLE,
    Access,
    Partner,
)
from services.simulator.practices import Practice, Wish, practice
from services.simulator.record import record
from services.simulator.request import message
from services.simulator.response import response

T = TypeVar("T")

SUBMISSIONS, RECORDS = "/v1/submissions", "/v1/service-records"
BANK_FILES, INVOICES = "/v1/bank-files", "/v1/invoices"
ANSWERS = "/v1/insurer-answers"

DEMO: tuple[Wish, ...] = (
    Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="ZH", version="5.0", rhythm="weekly"),
    Wish(kind=PracticeKind.DENTIST, canton="BE", version="4.5", rhythm="weekly"),
    Wish(kind=PracticeKind.PHYSIO, canton="VD", version="4.5", rhythm="monthly", suite=True),
    Wish(kind=PracticeKind.SPECIALIST, canton="GE", version="4.5", rhythm="monthly"),
    Wish(kind=PracticeKind.VETERINARY, canton="LU", version="5.0", rhythm="monthly"),
    Wish(kind=PracticeKind.MIDWIFE, canton="TI", version="5.0", rhythm="weekly", suite=True),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Who takes part, when, and how much of its volume."""

    first_on: date
    account: str
    """The cooperative's QR-IBAN, on which the bank reports."""
    seed: int = 1
    days: int = 182
    wishes: Sequence[Wish] = DEMO
    share: float = 0.12
    """Part of the volume of BR-221; 1 is a practice of full size."""
    faults: float = 0.05
    """Part of all invoices that have something wrong."""
    together: int = 16
    """So many requests run at once; with 1, messages arrive in the same order in every run."""

    def practices(self) -> tuple[Practice, ...]:
        return tuple(
            practice(self.seed, number, wish, self.first_on)
            for number, wish in enumerate(self.wishes, start=1)
        )


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a day brought; `counts` are those of the whole span so far."""

    on: date
    day: int
    days: int
    counts: Counter[str]


@dataclass(frozen=True, kw_only=True)
class World:
    """What the driver cannot do through the front door: members, time and rest."""

    bank: Access
    """An API client of the cooperative itself that may hand in bank files."""
    join: Callable[[Practice], Awaitable[Access]]
    """Register a practice with its settings and give its software an API client."""
    set_day: Callable[[date], Awaitable[None]]
    tick: Callable[[date], Awaitable[None]]
    """Do what the calendar wants of this day (architecture section 8)."""
    rest: Callable[[], Awaitable[None]]
    """Wait until everything that was said has been heard."""
    progress: Callable[[Progress], None] = lambda _: None


@dataclass(kw_only=True)
class Game:
    """The state of a span of days: what was handed in, what is planned."""

    plan: Plan
    world: World
    bank: Partner
    partners: dict[int, Partner]
    practices: Sequence[Practice]
    agenda: Agenda
    later: dict[date, list[Invoice]] = field(default_factory=lambda: defaultdict(list))
    """Corrections and stornos to come, by day."""
    sent: dict[str, Invoice] = field(default_factory=dict)
    """What was taken, by request id, until it is seen as issued."""
    files: int = 0
    counts: Counter[str] = field(default_factory=Counter)


async def play(plan: Plan, door: httpx.AsyncClient, world: World) -> Counter[str]:
    """Play the plan's days and return how often what happened.

    `door` speaks with the gateway, in process or over the network. Raises Unexpected when the
    system answers as it should not.
    """
    practices = plan.practices()
    await world.set_day(plan.first_on)
    partners = {one.number: Partner(door, await world.join(one)) for one in practices}
    await world.rest()
    game = Game(
        plan=plan,
        world=world,
        bank=Partner(door, world.bank),
        partners=partners,
        practices=practices,
        agenda=Agenda(seed=plan.seed),
    )
    for day in range(plan.days):
        on = plan.first_on + timedelta(days=day)
        await _day(game, on)
        world.progress(Progress(on=on, day=day + 1, days=plan.days, counts=game.counts))
    return game.counts


async def _day(game: Game, on: date) -> None:
    await game.world.set_day(on)
    at_once = game.plan.together
    outgoing = list(_outgoing(game, on))
    if outgoing:
        await _together(at_once, (_hand_in(game, invoice, what, on) for invoice, what in outgoing))
        await game.world.rest()
        numbers = {invoice.practice.number for invoice, _ in outgoing}
        await _together(at_once, (_read_issued(game, number, on) for number in sorted(numbers)))
    await _contest(game, on)
    await _answer(game, on)
    looks = game.agenda.due(on)
    known = await _together(at_once, (_read(game, look) for look in looks))
    for look, (stage, open_rappen) in zip(looks, known, strict=True):
        game.agenda.decide(on, look, stage, open_rappen)
    await _report_payments(game, on)
    await game.world.tick(on)
    await game.world.rest()


def _outgoing(game: Game, on: date) -> Iterator[tuple[Invoice, Fault | None]]:
    """Yield what practices send on a day and what is wrong with it; corrections come last.

    Who states no prices cannot state wrong ones.
    """
    plan = game.plan
    for one in game.practices:
        for invoice in handed_in(plan.seed, one, on, plan.share):
            what = fault(plan.seed, invoice, plan.faults)
            yield invoice, None if one.suite and what in REFUSED else what
    for invoice in sorted(game.later.pop(on, []), key=lambda invoice: invoice.request_id):
        yield invoice, None


async def _hand_in(game: Game, invoice: Invoice, what: Fault | None, on: date) -> None:
    """Send one message as the practice's software would, and see that the answer is right."""
    seed = game.plan.seed
    sent = spoil(invoice, what) if what else invoice
    if what in REFUSED:
        await _send(game, sent, UNPROCESSABLE)
        game.counts["refused"] += 1
        again = on + timedelta(days=wait_days(seed, invoice, CORRECTED_AFTER_DAYS))
        game.later[again].append(corrected(invoice, again))
        return
    await _send(game, sent, ACCEPTED)
    game.counts["accepted"] += 1
    if invoice.kind is Kind.STORNO:
        return
    game.sent[invoice.request_id] = invoice
    if what is Fault.REPEATED:
        await _send(game, sent, OK)
        game.counts["repeated"] += 1
    if what is Fault.CANCELLED:
        end = on + timedelta(days=wait_days(seed, invoice, CANCELLED_AFTER_DAYS))
        game.later[end].append(storno(invoice, end))
        game.counts["cancelled"] += 1


async def _send(game: Game, invoice: Invoice, fine: int) -> None:
    """Send an invoice as its practice does; whatever cancels it is a message."""
    partner = game.partners[invoice.practice.number]
    if invoice.practice.suite and invoice.kind is Kind.INVOICE:
        await partner.tell(RECORDS, record(invoice), fine)
    else:
        await partner.send(SUBMISSIONS, message(invoice), fine)


async def _read_issued(game: Game, number: int, on: date) -> None:
    """Read over REST what was issued for a practice, and let the debtors know."""
    async for item in game.partners[number].pages(INVOICES, issued_since=f"{on}"):
        invoice = game.sent.pop(item["request_id"], None)
        if invoice is None:
            continue
        game.counts["issued"] += 1
        game.agenda.take(
            Issued(
                invoice_id=item["invoice_id"],
                number=item["number"],
                reference=item["reference"],
                payer=Payer(item["payer"]),
                issued_on=date.fromisoformat(item["issued_on"]),
                open_rappen=item["open_rappen"],
                sent=invoice,
            )
        )


async def _contest(game: Game, on: date) -> None:
    """Let reminders rest where a debtor contests, and go on where the practice has answered.

    What was settled or cancelled in the meantime needs neither, and the system says so.
    """
    for entry in game.agenda.holds.pop(on, []):
        wish = {"reason": Hold.DISPUTE.value, "review_on": f"{entry.answered_on}"}
        answer = await _partner(game, entry.issued).tell(
            f"{INVOICES}/{entry.issued.invoice_id}/holds", wish, CREATED, CONFLICT
        )
        game.counts["contested"] += answer.status_code == CREATED
    for entry in game.agenda.answers.pop(on, []):
        path = f"{INVOICES}/{entry.issued.invoice_id}/holds"
        await _partner(game, entry.issued).end(path, OK, CONFLICT)


async def _answer(game: Game, on: date) -> None:
    """Let insurers answer through their clearing house, which is a partner of the cooperative."""
    for entry in game.agenda.said.pop(on, []):
        said = response(entry.issued.sent, entry.answer, on)
        await game.bank.send(ANSWERS, said, OK, ACCEPTED)
        game.counts[f"insurers_{entry.answer}"] += 1


def _partner(game: Game, issued: Issued) -> Partner:
    return game.partners[issued.sent.practice.number]


async def _read(game: Game, look: Look) -> tuple[str | None, int]:
    """Return how far an invoice was reminded and what it still asks for."""
    item = await _partner(game, look.issued).get(f"{INVOICES}/{look.issued.invoice_id}")
    return item["stage"], item["open_rappen"]


async def _report_payments(game: Game, on: date) -> None:
    """Hand in the bank's file of the day, where it has something to report."""
    receipts = game.agenda.receipts.pop(on, [])
    if not receipts:
        return
    game.files += 1
    file = camt054(game.files, on, game.plan.account, receipts)
    await game.bank.send(BANK_FILES, file, OK, ACCEPTED)
    game.counts["payments"] += sum(not receipt.reversal for receipt in receipts)
    game.counts["reversals"] += sum(receipt.reversal for receipt in receipts)


async def _together(limit: int, work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do it all, so many at once; answers keep their order."""
    gate = asyncio.Semaphore(limit)

    async def through(one: Coroutine[Any, Any, T]) -> T:
        async with gate:
            return await one

    return await asyncio.gather(*map(through, work))
