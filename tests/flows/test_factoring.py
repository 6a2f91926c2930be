"""Factoring by itself, on its real log and tables."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from libs.events import (
    CollectionRequested,
    CreditUnmatched,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    PaymentReceived,
    PracticeConfigured,
)
from libs.events.terms import Contract
from libs.events.values import COOPERATIVE, CreditId, InvoiceId, PracticeId, SubmissionId
from libs.runtime.ids import derived
from services.factoring.app import build
from tests.speaker import Among
from tests.unit.dunning.cases import PRACTICE, days
from tests.unit.dunning.test_consumers import issued

STRANGER = PracticeId(derived("another practice"))
MONDAY = date(2026, 1, 5)
WEDNESDAY = date(2026, 1, 7)


def factoring(folder: Path) -> Among:
    return Among(folder, "factoring", build, ["gateway", "invoicing", "dunning"])


def agreed(limit_rappen: int) -> PracticeConfigured:
    return PracticeConfigured(
        practice_id=PRACTICE,
        version=1,
        valid_from=MONDAY,
        settings=Contract(product="PER_INVOICE", limit_rappen=limit_rappen),
    )


def invoice(number: int, amount_rappen: int = 1_000_00, on: date = MONDAY) -> InvoiceIssued:
    return msgspec.structs.replace(
        issued(),
        invoice_id=id_of(number),
        open_rappen=amount_rappen,
        issued_on=on,
        due_on=on + timedelta(days=30),
    )


def id_of(number: int) -> InvoiceId:
    return InvoiceId(derived("invoice", str(number)))


def paid(number: int, amount_rappen: int, open_rappen: int, on: date) -> PaymentReceived:
    return PaymentReceived(
        practice_id=PRACTICE,
        invoice_id=id_of(number),
        credit_id=CreditId(f"credit-{number}-{open_rappen}"),
        amount_rappen=amount_rappen,
        open_rappen=open_rappen,
        booked_on=on,
        value_on=on,
    )


async def account(among: Among, practice: PracticeId = PRACTICE) -> dict[str, Any]:
    answer = await among.get("/account", practice)
    found: dict[str, Any] = answer.json()
    return found


def test_the_weekly_run_advances_in_order_while_availability_lasts(tmp_path: Path) -> None:
    """BR-143: limit 2'000; of three invoices the first two fit, a payment makes room again."""

    async def flow() -> None:
        async with factoring(tmp_path) as among:
            among.clock.set_day(MONDAY)
            await among.hear(agreed(2_000_00), invoice(1), invoice(2), invoice(3))
            before = await account(among)
            assert before["balance_rappen"] == -3 * 12_97
            assert (before["advanced_rappen"], before["available_rappen"]) == (0, 2_000_00)
            for day in days(MONDAY, WEDNESDAY):
                await among.day(day)
            run = await account(among)
            assert (run["advanced_rappen"], run["available_rappen"]) == (1_600_00, 400_00)
            assert run["balance_rappen"] == 1_600_00 - 3 * 12_97
            await among.day(WEDNESDAY)
            assert await account(among) == run
            await among.hear(paid(1, 1_000_00, 0, WEDNESDAY + timedelta(days=2)))
            for day in days(date(2026, 1, 8), date(2026, 1, 14)):
                await among.day(day)
            third = (await among.get(f"/claims/{id_of(3)}", PRACTICE)).json()
            assert (third["ownership"], third["advanced_rappen"]) == ("advanced_recourse", 800_00)
            assert (await among.get(f"/claims/{id_of(3)}", STRANGER)).status_code == 404
            sums = await among.proved()
            assert sums["open_rappen"] == 2_000_00
            assert sums["accounts"]["1150"] == 1_600_00
            await among.rebuilt()

    asyncio.run(flow())


def test_what_happens_to_a_claim_is_on_the_statement_line_by_line(tmp_path: Path) -> None:
    async def flow() -> None:
        async with factoring(tmp_path) as among:
            among.clock.set_day(MONDAY)
            await among.hear(agreed(10_000_00), invoice(1), invoice(2), invoice(3))
            await among.day(WEDNESDAY)
            payday, end = date(2026, 2, 2), date(2026, 2, 20)
            among.clock.set_day(end)
            await among.hear(
                paid(1, 995_20, 4_80, payday),
                InvoiceSettled(
                    practice_id=PRACTICE,
                    invoice_id=id_of(1),
                    end="SETTLED_SMALL",
                    waived_rappen=4_80,
                    on=payday,
                ),
                CollectionRequested(
                    practice_id=PRACTICE,
                    invoice_id=id_of(2),
                    open_rappen=1_000_00,
                    agency="InkassoMed",
                    secrecy_basis="CONSENT",
                    on=payday + timedelta(days=1),
                ),
                InvoiceCancelled(
                    practice_id=PRACTICE,
                    invoice_id=id_of(3),
                    submission_id=SubmissionId("s-9"),
                    waived_rappen=1_000_00,
                    paid_rappen=0,
                    on=payday + timedelta(days=2),
                ),
                CreditUnmatched(
                    practice_id=COOPERATIVE,
                    credit_id=CreditId("lost"),
                    amount_rappen=75_00,
                    reason="NO_REFERENCE",
                    booked_on=payday,
                    value_on=payday,
                ),
            )
            query = {"from": "2026-02-01", "to": "2026-02-20"}
            whole = (await among.get("/account/statement", PRACTICE, **query)).json()
            assert [(line["kind"], line["amount_rappen"]) for line in whole["lines"]] == [
                ("MemberCredited", 195_20),
                ("ClaimChargedBack", -800_00),
                ("ClaimChargedBack", -800_00),
            ]
            assert whole["lines"][0]["repaid_rappen"] == 800_00
            assert whole["opening_rappen"] == 2_400_00 - 3 * 12_97
            assert whole["closing_rappen"] == whole["lines"][-1]["balance_rappen"]
            pages = await statement_by_pages(among, query, 2)
            assert pages == whole["lines"]
            bad = await among.get("/account/statement", PRACTICE, cursor="x.y")
            assert (bad.status_code, bad.json()["code"]) == (422, "invalid")
            backwards = {"from": "2026-02-20", "to": "2026-02-01"}
            refused = await among.get("/account/statement", PRACTICE, **backwards)
            assert refused.status_code == 422
            sums = await among.proved()
            assert sums["accounts"]["2040"] == -75_00
            assert (sums["open_rappen"], sums["accounts"]["1150"]) == (1_000_00, 0)

    asyncio.run(flow())


async def statement_by_pages(among: Among, query: dict[str, str], limit: int) -> list[Any]:
    lines: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        params = query | {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = (await among.get("/account/statement", PRACTICE, **params)).json()
        lines += page["lines"]
        cursor = page["next_cursor"]
    return lines


def test_months_are_locked_and_closed_and_what_comes_late_is_booked_in_the_next(
    tmp_path: Path,
) -> None:
    """BR-155, BR-156: the balance of any day is the same before and after the months are cut."""

    async def flow() -> None:
        async with factoring(tmp_path) as among:
            among.clock.set_day(MONDAY)
            await among.hear(agreed(10_000_00), invoice(1), invoice(2))
            await among.day(WEDNESDAY)
            january_end = date(2026, 1, 31)
            query = {"from": "2026-01-10", "to": "2026-01-31"}
            before = (await among.get("/account/statement", PRACTICE, **query)).json()
            for day in days(date(2026, 2, 1), date(2026, 2, 6)):
                await among.day(day)
            await among.hear(paid(1, 1_000_00, 0, january_end))
            after = (await among.get("/account/statement", PRACTICE, **query)).json()
            assert after == before
            february = {"from": "2026-02-01", "to": "2026-02-06"}
            (line,) = (await among.get("/account/statement", PRACTICE, **february)).json()["lines"]
            assert (line["on"], line["value_on"]) == ("2026-02-01", "2026-01-31")
            for day in days(date(2026, 2, 7), date(2026, 3, 7)):
                await among.day(day)
            books = await account(among)
            assert books["balance_rappen"] == 1_600_00 - 2 * 12_97 + 200_00
            await among.hear(invoice(3, on=date(2026, 3, 7)))
            assert (await account(among))["held_rappen"] == 2_000_00
            await among.proved()
            await among.rebuilt()
            await among.proved()

    asyncio.run(flow())


def test_an_advance_out_too_long_is_charged_back(tmp_path: Path) -> None:
    """BR-145: 120 days overdue."""

    async def flow() -> None:
        async with factoring(tmp_path) as among:
            among.clock.set_day(MONDAY)
            await among.hear(agreed(10_000_00), invoice(1))
            await among.day(WEDNESDAY)
            overdue = date(2026, 2, 4) + timedelta(days=120)
            await among.day(overdue - timedelta(days=1))
            assert (await account(among))["advanced_rappen"] == 800_00
            await among.day(overdue)
            assert (await account(among))["advanced_rappen"] == 0
            await among.proved()

    asyncio.run(flow())


def test_a_practice_that_nobody_knows_has_an_empty_account(tmp_path: Path) -> None:
    async def flow() -> None:
        async with factoring(tmp_path) as among:
            among.clock.set_day(MONDAY)
            empty = await account(among, STRANGER)
            assert (empty["balance_rappen"], empty["available_rappen"]) == (0, 0)

    asyncio.run(flow())
