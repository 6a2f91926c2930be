"""Dunning by itself, on its real log, tables, key store and documents."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

from libs.events import (
    InvoiceIssued,
    InvoiceSettled,
    PaymentReceived,
    PracticeConfigured,
    PracticeRegistered,
)
from libs.events.terms import Reminding
from libs.events.values import (
    Address,
    CreditId,
    Hold,
    InvoiceId,
    Party,
    PracticeId,
    PracticeKind,
    Private,
    Stage,
)
from libs.runtime.ids import derived
from services.dunning.app import build
from tests.speaker import Among
from tests.unit.dunning.cases import INVOICE, ISSUED, PRACTICE, days
from tests.unit.dunning.test_consumers import SUBJECT, issued

STRANGER = PracticeId(derived("another practice"))
ADDRESS = Address(street="Dorfstrasse", house_no="1", zip="8001", city="Zürich")


def dunning(folder: Path) -> Among:
    return Among(folder, "dunning", build, ["gateway", "invoicing"])


def registered() -> PracticeRegistered:
    return PracticeRegistered(
        practice_id=PRACTICE,
        account_no=1,
        name="Praxis am See",
        kind=PracticeKind.GENERAL_PRACTICE,
        glns=("7601000000002",),
        canton="ZH",
        language="de",
        address=ADDRESS,
        iban="CH9300762011623852957",
        joined_on=ISSUED,
    )


def configured(version: int, valid_from: date, *, basis: bool) -> PracticeConfigured:
    return PracticeConfigured(
        practice_id=PRACTICE,
        version=version,
        valid_from=valid_from,
        settings=Reminding(
            collection_agency="InkassoMed", secrecy_basis="CONSENT" if basis else ""
        ),
    )


def invoice(number: int = 0) -> InvoiceIssued:
    """Return an invoice to somebody who can be written to."""
    party = Party(name="Muster", given_name="Mia", address=ADDRESS)
    base = issued()
    invoice_id = InvoiceId(derived(INVOICE, str(number))) if number else INVOICE
    fields = {name: getattr(base, name) for name in base.__struct_fields__}
    return InvoiceIssued(
        **fields | {"invoice_id": invoice_id, "debtor": Private(subject=SUBJECT, value=party)}
    )


async def walk(among: Among, first: date, last: date) -> None:
    for day in days(first, last):
        await among.day(day)


def test_an_unpaid_invoice_walks_up_the_ladder_letter_by_letter(tmp_path: Path) -> None:
    """T20: the steps on their days, a letter for each that is one, then the agency."""

    async def flow() -> None:
        async with dunning(tmp_path) as among:
            among.clock.set_day(ISSUED)
            await among.hear(registered(), configured(1, ISSUED, basis=True), invoice())
            await walk(among, date(2026, 2, 20), date(2026, 5, 15))
            case = (await among.get(f"/cases/{INVOICE}", PRACTICE)).json()
            assert [(step["stage"], step["on"]) for step in case["steps"]] == [
                (Stage.FIRST_REMINDER, "2026-02-24"),
                (Stage.RPLUS_WRITTEN, "2026-03-26"),
                (Stage.RPLUS_CALL, "2026-04-07"),
                (Stage.FORMAL_NOTICE, "2026-04-17"),
                (Stage.COLLECTION, "2026-05-12"),
            ]
            letters = [step for step in case["steps"] if step["is_letter"]]
            assert [step["dispatched_on"] for step in letters] == [step["on"] for step in letters]
            for step in letters:
                path = f"/documents/{step['document']}"
                answer = await among.get(path, PRACTICE)
                assert answer.content.startswith(b"%PDF-")
                assert (await among.get(path, STRANGER)).status_code == 404
            sums = await among.proved()
            assert (sums["open_rappen"], sums["steps_taken"]) == (480_00, 5)
            assert await among.rebuilt() > 0

    asyncio.run(flow())


def test_money_stops_the_case_and_the_letter_of_an_erased_person_is_withheld(
    tmp_path: Path,
) -> None:
    async def flow() -> None:
        async with dunning(tmp_path) as among:
            among.clock.set_day(ISSUED)
            await among.hear(registered(), invoice(1), invoice(2))
            first, second = (InvoiceId(derived(INVOICE, number)) for number in "12")
            await among.hear(
                PaymentReceived(
                    practice_id=PRACTICE,
                    invoice_id=first,
                    credit_id=CreditId("c-1"),
                    amount_rappen=475_20,
                    open_rappen=4_80,
                    booked_on=date(2026, 2, 2),
                    value_on=date(2026, 2, 2),
                ),
                InvoiceSettled(
                    practice_id=PRACTICE,
                    invoice_id=first,
                    end="SETTLED_SMALL",
                    waived_rappen=4_80,
                    on=date(2026, 2, 2),
                ),
            )
            among.system.vault.destroy(SUBJECT)
            await walk(among, date(2026, 2, 23), date(2026, 2, 25))
            settled = (await among.get(f"/cases/{first}", PRACTICE)).json()
            assert (settled["ended"], settled["steps"]) == ("SETTLED_SMALL", [])
            erased = (await among.get(f"/cases/{second}", PRACTICE)).json()
            (step,) = erased["steps"]
            assert (step["document"], step["withheld_on"]) == (None, "2026-02-24")
            listed = (await among.get("/cases", PRACTICE)).json()
            assert [row["invoice_id"] for row in listed["cases"]] == [second]
            assert (await among.get("/cases", STRANGER)).json()["cases"] == []
            assert (await among.proved())["open_rappen"] == 480_00

    asyncio.run(flow())


def test_holds_are_placed_and_lifted_over_http(tmp_path: Path) -> None:
    async def flow() -> None:
        async with dunning(tmp_path) as among:
            among.clock.set_day(date(2026, 2, 2))
            await among.hear(registered(), invoice())
            path = f"/cases/{INVOICE}/holds"
            wanted = {"reason": "practice_pause", "review_on": "2026-03-10", "by": "user-1"}
            placed = await among.send("POST", path, PRACTICE, json=wanted)
            assert placed.status_code == 201
            (hold,) = placed.json()["holds"]
            assert (hold["reason"], hold["by"]) == (Hold.PRACTICE_PAUSE, "user-1")
            strange = await among.send("POST", path, STRANGER, json=wanted)
            assert (strange.status_code, strange.json()["code"]) == (404, "not_found")
            endless = wanted | {"reason": "dispute", "review_on": "2099-01-01"}
            refused = await among.send("POST", path, PRACTICE, json=endless)
            assert (refused.status_code, refused.json()["code"]) == (409, "review_day_invalid")
            await walk(among, date(2026, 2, 24), date(2026, 3, 9))
            held = (await among.get(f"/cases/{INVOICE}", PRACTICE)).json()
            assert held["stage"] is None
            await among.day(date(2026, 3, 10))
            freed = (await among.get(f"/cases/{INVOICE}", PRACTICE)).json()
            assert (freed["holds"], freed["next_on"]) == ([], "2026-03-20")
            await among.send("POST", path, PRACTICE, json=wanted)
            lifted = await among.send("DELETE", path, PRACTICE, params={"by": "user-1"})
            assert lifted.json()["holds"] == []
            await among.proved()

    asyncio.run(flow())


def test_a_case_waits_for_its_ground_and_goes_on_once_the_practice_has_given_one(
    tmp_path: Path,
) -> None:
    """T25, BR-100, BR-159: the basis counts from the day that the practice named."""

    async def flow() -> None:
        async with dunning(tmp_path) as among:
            among.clock.set_day(ISSUED)
            await among.hear(registered(), configured(1, ISSUED, basis=False), invoice())
            await walk(among, date(2026, 2, 24), date(2026, 5, 12))
            call_list = (await among.get("/calls", PRACTICE)).json()
            assert call_list == []
            held = (await among.get(f"/cases/{INVOICE}", PRACTICE)).json()
            assert [hold["reason"] for hold in held["holds"]] == [Hold.SECRECY_BASIS_MISSING]
            await among.hear(configured(2, date(2026, 5, 20), basis=True))
            await walk(among, date(2026, 5, 13), date(2026, 6, 1))
            done = (await among.get(f"/cases/{INVOICE}", PRACTICE)).json()
            assert (done["stage"], done["stage_on"]) == (Stage.COLLECTION, "2026-06-01")
            await among.proved()

    asyncio.run(flow())


def test_a_call_is_listed_and_recorded(tmp_path: Path) -> None:
    """BR-125."""

    async def flow() -> None:
        async with dunning(tmp_path) as among:
            among.clock.set_day(ISSUED)
            await among.hear(registered(), invoice())
            await walk(among, date(2026, 2, 24), date(2026, 4, 7))
            (row,) = (await among.get("/calls", PRACTICE)).json()
            assert row["invoice_id"] == INVOICE
            path = f"/cases/{INVOICE}/calls"
            made = {"outcome": "PROMISE", "promised_on": "2026-04-20", "by": "user-1"}
            noted = await among.send("POST", path, PRACTICE, json=made)
            assert (noted.status_code, noted.json()["next_on"]) == (201, "2026-04-24")
            assert (await among.get("/calls", PRACTICE)).json() == []
            again = await among.send("POST", path, PRACTICE, json=made)
            assert again.json()["call_attempts"] == 1

    asyncio.run(flow())


def test_days_that_a_stopped_service_missed_are_made_up_once_on_the_day_it_runs(
    tmp_path: Path,
) -> None:
    """F36: three days late, one step, dated on the day of the work."""

    async def flow() -> None:
        async with dunning(tmp_path) as among:
            among.clock.set_day(ISSUED)
            await among.hear(registered(), invoice())
            today = date(2026, 2, 27)
            among.clock.set_day(today)
            for day in days(today - timedelta(days=3), today):
                await among.system.tick(day)
            case = (await among.get(f"/cases/{INVOICE}", PRACTICE)).json()
            assert [step["on"] for step in case["steps"]] == ["2026-02-27"]
            assert case["next_on"] == "2026-03-30"

    asyncio.run(flow())
