"""The same work at ten thousand, a hundred thousand and, if asked for by name, a million invoices.

All services in one process on SQLite. What is stored came through rules, logs and feeds as always;
only HTTP and XML are spared it: the commands are made of messages that were read once.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import cycle, islice

import msgspec

from bench.chain import turn
from bench.intake import XML
from bench.measure import Figure
from bench.processes import memory
from bench.reading import DAY, messages
from bench.world import join, running
from libs.events.values import (
    DocumentId,
    InvoiceId,
    PracticeId,
    PracticeKind,
    Private,
    SubmissionId,
)
from libs.runtime.batch import Commands, Pending
from libs.runtime.ids import derived, new_id
from libs.runtime.system import System
from services.ingest import subjects
from services.ingest.decider.submission import AcceptSubmission
from services.ingest.message import xml_invoice
from services.simulator.practices import Wish, practice

SIZES = (10_000, 100_000)
ASKED = (*SIZES, 1_000_000)
MEASURED = 400
"""Invoices through the front door at each size, twice."""
TEMPLATES = 200
PRACTICES = 40
BATCH = 500
REST_EACH = 4_000
"""How far ingest runs ahead of those who hear it."""
SERVICES = 5
DEARER = 1.25
"""What still counts as flat: noise of a shared machine is of that size."""


def figures() -> Iterator[Figure]:
    yield from grown(SIZES)


def asked_figures() -> Iterator[Figure]:
    yield from grown(ASKED)


def grown(sizes: Sequence[int]) -> Iterator[Figure]:
    """Return what an invoice costs and what is held at each size, against the smallest."""
    first: tuple[float, float] | None = None
    for size, core, held in asyncio.run(collected(sizes)):
        what = f"at {size:,} invoices: one more"
        first = first or (core, held)
        if size == sizes[0]:
            yield Figure(what=what, ours=core, unit="core ms")
        else:
            against = f"at {sizes[0]:,}"
            yield Figure(
                what=what,
                ours=core,
                unit="core ms",
                anchor=first[0],
                against=against,
                at_most=DEARER,
            )
        most = SERVICES * 400
        yield Figure(
            what=f"at {size:,} invoices: memory, five services",
            ours=held,
            unit="MB",
            at_most=most,
        )


async def collected(sizes: Sequence[int]) -> Sequence[tuple[int, float, float]]:
    return [found async for found in sized(sizes)]


async def sized(sizes: Sequence[int]) -> AsyncIterator[tuple[int, float, float]]:
    """Yield each size with the core milliseconds of one more invoice, and the memory held."""
    wish = Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version="5.0")
    bodies = messages("5.0", TEMPLATES + 2 * MEASURED * len(sizes))
    read = [xml_invoice.parse(body, DAY) for body in bodies[:TEMPLATES]]
    templates = [one for one in read if isinstance(one, xml_invoice.Invoice)]
    further = iter(bodies[TEMPLATES:])
    async with running(DAY) as system:
        members = [await join(system, practice(1, n + 1, wish, DAY)) for n in range(PRACTICES)]
        headers = XML | {"X-Practice-Id": members[0]}
        stored = 0
        for size in sizes:
            await fill(system, templates, members, range(stored, size))
            costs = [await cost(system, further, headers) for _ in range(2)]
            gc.collect()
            yield size, min(costs), memory()
            stored = size + 2 * MEASURED


async def cost(system: System, bodies: Iterator[bytes], headers: Mapping[str, str]) -> float:
    """Return the core milliseconds of an invoice through the front door."""
    return (await turn(system, list(islice(bodies, MEASURED)), headers)).core


async def fill(
    system: System,
    templates: Sequence[xml_invoice.Invoice],
    members: Sequence[PracticeId],
    numbers: range,
) -> None:
    """Let ingest accept invoices of these numbers, and all others hear of them."""
    host, chosen = system.hosts["ingest"], cycle(templates)
    for start in range(numbers.start, numbers.stop, BATCH):
        pending = [
            Pending(
                command=accept(system, next(chosen), members[number % PRACTICES], number),
                id=new_id(),
                correlation_id="bench",
            )
            for number in range(start, min(start + BATCH, numbers.stop))
        ]
        await host.submit(Commands(pending))
        if (start - numbers.start) % REST_EACH == 0:
            await system.settle()
    await system.settle()


def accept(
    system: System, one: xml_invoice.Invoice, practice_id: PracticeId, number: int
) -> AcceptSubmission:
    """Return the command that accepts a message like another one, under ids of its own."""
    vault, invoice = system.vault, InvoiceId(derived("grown", str(number)))
    case = subjects.case(vault, invoice)
    debtor = subjects.debtor(vault, practice_id, one.debtor, one.patient)
    patient = subjects.patient(vault, practice_id, one.patient)
    return AcceptSubmission(
        practice_id=practice_id,
        submission_id=SubmissionId(derived("grown", "submission", str(number))),
        invoice_id=invoice,
        content=DocumentId(f"{number:064x}"),
        received_at=system.clock.now(),
        size_bytes=8_000,
        facts=msgspec.structs.replace(one.facts, request_id=f"grown-{number}"),
        findings=one.warnings,
        debtor=Private(subject=debtor, value=one.debtor),
        patient=Private(subject=patient, value=one.patient),
        medical=Private(subject=case, value=one.medical),
    )
