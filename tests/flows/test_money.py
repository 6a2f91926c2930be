"""Money that comes twice, goes back or comes late: all services and REST say the same."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from libs.events.terms import Contract, Reminding, Terms
from services.dunning.tables import cases
from services.simulator.camt054 import Receipt
from services.simulator.invoices import storno
from tests import cast
from tests.system import MONDAY, Cooperative, Member, beside, play


async def _issued(made: Cooperative, *settings: Any) -> tuple[Member, dict[str, Any]]:
    """Return a member and its one invoice, of more than 60 francs to a patient."""
    practice = cast.doctor(MONDAY)
    member = await made.join(practice.account_no, practice.gln, *settings, glns=practice.glns)
    sent = next(
        one for one in cast.invoices(practice, MONDAY, "TG") if one.totals.due_rappen > 6_000
    )
    await made.submit(member, cast.xml(sent))
    (issued,) = (await made.get(member, "/v1/invoices"))["items"]
    return member, issued


async def _bank(made: Cooperative, number: int, *moves: tuple[str, int], of: Any) -> None:
    """Let the bank report money for an invoice; a negative sum was taken back."""
    receipts: Sequence[Receipt] = [
        Receipt(
            bank_reference=name,
            amount_rappen=abs(rappen),
            reference=of["reference"],
            reversal=rappen < 0,
        )
        for name, rappen in moves
    ]
    answer = await made.bank(cast.paid(number, made.clock.today(), *receipts))
    assert answer.status_code == 200, answer.text


def _case(made: Cooperative, invoice_id: str) -> Any:
    with beside(made.system, "dunning") as store, store.reading() as db:
        return db.execute(select(cases).where(cases.c.invoice_id == invoice_id)).one()


def test_a_surplus_that_is_taken_back_reminds_nobody(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, issued = await _issued(made)
        due, path = issued["open_rappen"], f"/v1/invoices/{issued['invoice_id']}"
        await _bank(made, 1, ("B1", due), of=issued)
        await _bank(made, 2, ("B2", due), of=issued)
        await _bank(made, 3, ("R1", -due), of=issued)
        told = await made.get(member, path)
        assert (told["state"], told["open_rappen"], told["paid_rappen"]) == ("paid", 0, due)
        assert _case(made, issued["invoice_id"]).ended == "PAID"
        sums = made.proof()["sums"]
        assert sums["invoicing"]["surplus_rappen"] == 0
        assert sums["dunning"]["cases_running"] == 0

    play(tmp_path, scene)


def test_a_part_payment_moves_the_next_step_for_all_who_look(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, issued = await _issued(made)
        await made.days(date(2026, 3, 20))
        await _bank(made, 1, ("B1", issued["open_rappen"] // 2), of=issued)
        told = await made.get(member, f"/v1/invoices/{issued['invoice_id']}")
        assert told["next"] == {"step": "rplus_written", "on": "2026-04-20"}
        assert _case(made, issued["invoice_id"]).next_on == date(2026, 4, 20)

    play(tmp_path, scene)


def test_what_an_agency_has_stays_there_when_its_money_is_taken_back(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, issued = await _issued(made)
        path = f"/v1/invoices/{issued['invoice_id']}"
        await made.days(date(2026, 5, 15))
        assert (await made.get(member, path))["state"] == "collection"
        await _bank(made, 1, ("B1", issued["open_rappen"]), of=issued)
        assert (await made.get(member, path))["state"] == "paid"
        await _bank(made, 2, ("R1", -issued["open_rappen"]), of=issued)
        told = await made.get(member, path)
        assert (told["state"], told["open_rappen"]) == ("collection", issued["open_rappen"])
        assert told["next"] == {"step": "with_agency", "on": None}

    play(tmp_path, scene)


def test_a_storno_of_an_advanced_and_paid_invoice_leaves_the_member_with_its_fee_alone(
    tmp_path: Path,
) -> None:
    async def scene(made: Cooperative) -> None:
        contract = Contract(product="PER_INVOICE", advance_bp=8_000, limit_rappen=10_000_000)
        member, issued = await _issued(made, Terms(), Reminding(), contract)
        path = f"/v1/invoices/{issued['invoice_id']}"
        fee = (await made.get(member, "/v1/account"))["balance_rappen"]
        await made.days(date(2026, 1, 8))
        for _ in range(2):  # the weekly run twice
            await made.system.tick(date(2026, 1, 7))
            await made.system.settle()
        told = await made.get(member, path)
        assert told["ownership"] == "advanced_recourse"
        assert told["advanced_rappen"] == (issued["open_rappen"] * 8 + 5) // 10
        await _bank(made, 1, ("B1", issued["open_rappen"] - 300), of=issued)
        told = await made.get(member, path)
        assert (told["state"], told["advanced_rappen"]) == ("settled_small", 0)
        assert told["ownership"] == "mandated"
        sent = next(
            one
            for one in cast.invoices(cast.doctor(MONDAY), MONDAY, "TG")
            if one.request_id == issued["request_id"]
        )
        answer = await made.submit(member, cast.xml(storno(sent, MONDAY)))
        assert answer.status_code == 202, answer.text
        told = await made.get(member, path)
        assert (told["state"], told["paid_rappen"]) == ("cancelled", issued["open_rappen"] - 300)
        assert (await made.get(member, "/v1/account"))["balance_rappen"] == fee
        await _bank(made, 2, ("R1", 300 - issued["open_rappen"]), of=issued)
        told = await made.get(member, path)
        assert (told["state"], told["open_rappen"]) == ("cancelled", 0)
        assert made.proof()["sums"]["invoicing"]["surplus_rappen"] == 0

    play(tmp_path, scene)


def test_a_charge_that_the_bank_takes_off_costs_neither_debtor_nor_member(tmp_path: Path) -> None:
    """Vector P20."""

    async def scene(made: Cooperative) -> None:
        member, issued = await _issued(made)
        due, path = issued["open_rappen"], f"/v1/invoices/{issued['invoice_id']}"
        receipt = Receipt(
            bank_reference="B1", amount_rappen=due - 120, reference=issued["reference"]
        )
        charged = (
            b'<CdtDbtInd>CRDT</CdtDbtInd><Chrgs><Rcrd><Amt Ccy="CHF">1.20</Amt>'
            b"<CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs><RmtInf>"
        )
        file = re.sub(
            rb"<CdtDbtInd>CRDT</CdtDbtInd>\s*<RmtInf>", charged, cast.paid(1, MONDAY, receipt)
        )
        assert (await made.bank(file)).status_code == 200
        told = await made.get(member, path)
        assert (told["state"], told["paid_rappen"], told["credited_rappen"]) == ("paid", due, due)
        sums = made.proof()["sums"]
        assert sums["invoicing"]["charges_rappen"] == 120
        assert sums["factoring"]["accounts"]["1020"] == due - 120
        assert sums["factoring"]["accounts"]["6940"] == 120
        await _bank(made, 2, ("R1", 120 - due), of=issued)
        told = await made.get(member, path)
        assert (told["open_rappen"], told["credited_rappen"]) == (due, 0)
        sums = made.proof()["sums"]
        assert sums["factoring"]["accounts"]["1020"] == sums["factoring"]["accounts"]["6940"] == 0

    play(tmp_path, scene)


def test_money_for_what_was_prepaid_in_full_is_the_debtors_in_every_book(tmp_path: Path) -> None:
    """BR-89: nothing is asked for, so no claim and no case; REST says that it is paid."""

    async def scene(made: Cooperative) -> None:
        practice = cast.doctor(MONDAY)
        member = await made.join(practice.account_no, practice.gln, glns=practice.glns)
        sent = cast.invoices(practice, MONDAY, "TG")[0]
        prepaid = re.sub(
            rb' amount="([0-9.]+)" amount_due="[0-9.]+"',
            rb' amount="\1" amount_prepaid="\1" amount_due="0.00"',
            cast.xml(sent),
        )
        answer = await made.submit(member, prepaid)
        assert answer.status_code == 202, answer.text
        (issued,) = (await made.get(member, "/v1/invoices"))["items"]
        assert (issued["state"], issued["open_rappen"], issued["next"]) == ("paid", 0, None)
        await _bank(made, 1, ("B1", 2_000), of=issued)
        await _bank(made, 2, ("R1", -500), of=issued)
        sums = made.proof()["sums"]
        assert sums["factoring"]["accounts"] == {"1020": 1_500, "2030": -1_500}
        assert sums["invoicing"]["surplus_rappen"] == 1_500

    play(tmp_path, scene)


def test_a_receipt_that_is_taken_back_in_two_parts_is_counted_in_both(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member, issued = await _issued(made)
        due, path = issued["open_rappen"], f"/v1/invoices/{issued['invoice_id']}"
        await _bank(made, 1, ("B1", due), of=issued)
        await _bank(made, 2, ("R1", -2_000), ("R2", -1_000), of=issued)
        told = await made.get(member, path)
        assert (told["open_rappen"], told["paid_rappen"]) == (3_000, due - 3_000)
        assert told["credited_rappen"] == due - 3_000

    play(tmp_path, scene)


def test_the_year_changes_between_two_invoices(tmp_path: Path) -> None:
    """Numbers and references begin anew and are never given twice; books change their month."""
    eve = date(2027, 12, 31)

    async def scene(made: Cooperative) -> None:
        practice = cast.doctor(eve)
        member = await made.join(practice.account_no, practice.gln, glns=practice.glns)
        first, second = cast.invoices(practice, eve, "TG")[:2]
        await made.submit(member, cast.xml(first))
        await made.days(date(2028, 1, 3))
        await made.submit(member, cast.xml(second))
        new, old = (await made.get(member, "/v1/invoices"))["items"]
        assert (old["number"], new["number"]) == ("27-100001", "28-100001")
        assert old["reference"] != new["reference"]
        await made.days(date(2028, 2, 29))
        late = Receipt(bank_reference="B1", amount_rappen=1_000, reference=old["reference"])
        back_dated = await made.bank(cast.paid(1, date(2027, 12, 31), late))
        assert back_dated.status_code == 200, back_dated.text
        await made.days(date(2028, 3, 8))
        told = await made.get(member, f"/v1/invoices/{old['invoice_id']}")
        assert told["open_rappen"] == max(0, old["open_rappen"] - 1_000)

    play(tmp_path, scene, eve)
