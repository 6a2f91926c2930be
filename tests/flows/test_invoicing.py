"""Invoicing by itself, on its real log, tables, key store and documents."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from libs.events import (
    BankCreditBooked,
    BankCreditReversed,
    PracticeConfigured,
    PracticeRegistered,
)
from libs.events.terms import Terms
from libs.events.values import (
    COOPERATIVE,
    CreditId,
    InvoiceId,
    Kind,
    PracticeId,
    PracticeKind,
    Scheme,
    SubjectId,
    SubmissionId,
)
from services.invoicing import checks
from services.invoicing.app import build
from tests.pages import codes_on, text_of
from tests.speaker import Among, Say
from tests.unit.invoicing.values import BILLER, DAY, PRACTICE, accepted

STRANGER = PracticeId("practice-2")
IBAN = "CH4431999123000889012"
Scene = Callable[[Among], Awaitable[None]]


@pytest.fixture
def walk(tmp_path: Path) -> Callable[[Scene], None]:
    """Run a scene on an empty folder; at its end all is proved and the tables are rebuilt."""

    def run(scene: Scene) -> None:
        async def play() -> None:
            async with Among(tmp_path, "invoicing", build, ["gateway", "ingest"]) as among:
                among.clock.set_day(DAY)
                await among.hear(registered(PRACTICE, 40112), registered(STRANGER, 7))
                await scene(among)
                await among.proved()
                await among.rebuilt()

        asyncio.run(play())

    return run


def registered(practice: PracticeId, account_no: int) -> PracticeRegistered:
    return PracticeRegistered(
        practice_id=practice, account_no=account_no, name=BILLER.name, holder=BILLER.addition,
        kind=PracticeKind.GENERAL_PRACTICE, glns=("7601000000002",), canton="ZH", language="de",
        address=BILLER.address, iban="CH9300762011623852957", joined_on=DAY,
    )  # fmt: skip


def message(number: int, **changes: Any) -> Any:
    ids = {
        "submission_id": SubmissionId(f"submission-{number}"),
        "invoice_id": InvoiceId(f"invoice-{number}"),
    }
    facts = {"request_id": f"R-{number}"} | changes.pop("facts", {})
    return accepted(facts=facts, **(ids | changes))


def credit(name: str, amount: int, reference: str) -> BankCreditBooked:
    return BankCreditBooked(
        practice_id=COOPERATIVE, credit_id=CreditId(name), account=IBAN, amount_rappen=amount,
        reference=reference, booked_on=DAY, value_on=DAY, bank_reference=name,
    )  # fmt: skip


def reversal(name: str, amount: int, reference: str) -> BankCreditReversed:
    return BankCreditReversed(
        practice_id=COOPERATIVE, credit_id=CreditId(name), original_reference=reference,
        account=IBAN, amount_rappen=amount, booked_on=DAY, value_on=DAY, bank_reference=name,
    )  # fmt: skip


async def invoice(among: Among, number: int, practice: PracticeId = PRACTICE) -> Any:
    answer = await among.get(f"/invoices/invoice-{number}", practice)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def documents(among: Among, number: int) -> dict[str, bytes]:
    """Return the documents of an invoice by kind."""
    listed = await among.get(f"/invoices/invoice-{number}/documents", PRACTICE)
    found = {}
    for row in listed.json():
        answer = await among.get(f"/documents/{row['document']}", PRACTICE)
        assert answer.headers["content-type"] == "application/pdf"
        found[row["kind"]] = answer.content
    return found


def test_an_accepted_message_becomes_an_invoice_whose_slip_pays_it(walk: Any) -> None:
    async def scene(among: Among) -> None:
        await among.hear(message(1))
        row = await invoice(among, 1)
        assert (row["number"], row["open_rappen"], row["due_on"]) == (
            "26-100001", 27335, "2026-02-04",
        )  # fmt: skip
        made = await documents(among, 1)
        assert set(made) == {"INVOICE", "REIMBURSEMENT_FORM"}
        [symbol] = codes_on(made["INVOICE"])
        lines = symbol.bytes.decode().split("\n")
        assert (lines[3], lines[18], lines[28]) == (IBAN, "273.35", row["reference"])
        assert "Rechnung 26-100001" in text_of(made["INVOICE"])
        await among.hear(credit("paid", 27335, lines[28]))
        row = await invoice(among, 1)
        assert (row["open_rappen"], row["end"]) == (0, "PAID")

    walk(scene)


def test_an_insurers_invoice_has_its_copy_and_the_copy_no_slip_br_4(walk: Any) -> None:
    async def scene(among: Among) -> None:
        await among.hear(message(1, facts={"scheme": Scheme.TP, "insurer_name": "Muster Kasse"}))
        made = await documents(among, 1)
        assert set(made) == {"INVOICE", "PATIENT_COPY"}
        assert len(codes_on(made["INVOICE"])) == 1
        assert codes_on(made["PATIENT_COPY"]) == []
        assert "nicht bezahlen" in text_of(made["PATIENT_COPY"])
        late = await among.host.read(checks.copies_missing, COOPERATIVE, date(2026, 2, 1))
        assert late == []

    walk(scene)


def test_numbers_follow_each_other_in_each_practice_and_year(walk: Any) -> None:
    async def scene(among: Among) -> None:
        ingest = among.system.hosts["ingest"]
        together = [message(n) for n in (1, 2, 3)] + [message(9, practice_id=STRANGER)]
        await ingest.handle_all([Say(practice_id=m.practice_id, event=m) for m in together])
        await among.system.settle(effects=True)
        await among.hear(message(1), message(4))
        among.clock.set_day(date(2027, 1, 4))
        await among.hear(message(5))
        numbers = [(await invoice(among, n))["number"] for n in (1, 2, 3, 4, 5)]
        assert numbers == ["26-100001", "26-100002", "26-100003", "26-100004", "27-100001"]
        other = await invoice(among, 9, STRANGER)
        first = await invoice(among, 1)
        assert other["number"] == first["number"]
        assert other["reference"] != first["reference"]

    walk(scene)


def test_a_test_message_and_a_copy_make_no_invoice_b30(walk: Any) -> None:
    async def scene(among: Among) -> None:
        await among.hear(message(1, facts={"test": True}), message(2, facts={"kind": Kind.COPY}))
        assert (await among.get("/invoices/invoice-1", PRACTICE)).status_code == 404
        [row] = (await among.get("/requests", PRACTICE)).json()
        assert (row["invoice_id"], row["kind"]) == ("invoice-2", "copy")

    walk(scene)


def test_the_practices_terms_count_from_their_day_on_br_159(walk: Any) -> None:
    async def scene(among: Among) -> None:
        for version, valid_from, days in ((1, DAY, 45), (2, date(2026, 3, 2), 60)):
            await among.hear(
                PracticeConfigured(
                    practice_id=PRACTICE, version=version, valid_from=valid_from,
                    settings=Terms(patient_days=days),
                )
            )  # fmt: skip
        await among.hear(message(1))
        assert (await invoice(among, 1))["due_on"] == "2026-02-19"
        among.clock.set_day(date(2026, 3, 2))
        await among.hear(message(2))
        assert (await invoice(among, 2))["due_on"] == "2026-05-04"  # 1 May is a holiday in Zurich

    walk(scene)


def test_money_that_names_no_invoice_is_kept_with_its_reason(walk: Any) -> None:
    async def scene(among: Among) -> None:
        await among.hear(
            message(1),
            credit("a", 100, ""),
            credit("b", 200, "010040112000000026100002003"),
            credit("c", 300, "010040112000000026100001005"),
            credit("d", 400, "RF18539007547034"),
            credit("a", 100, ""),
        )
        found = (await among.get("/unmatched", COOPERATIVE)).json()
        assert {row["credit_id"]: row["reason"] for row in found} == {
            "a": "NO_REFERENCE", "b": "BAD_CHECK_DIGIT", "c": "BAD_CHECK_DIGIT",
            "d": "UNKNOWN_REFERENCE",
        }  # fmt: skip
        assert (await among.get("/unmatched", PRACTICE)).json() == []
        assert (await among.proved())["unmatched_rappen"] == 1000

    walk(scene)


def test_a_payment_that_the_bank_takes_back_opens_the_invoice_again(walk: Any) -> None:
    async def scene(among: Among) -> None:
        await among.hear(message(1))
        reference = (await invoice(among, 1))["reference"]
        spaced = f"{reference[:2]} {reference[2:]}"
        await among.hear(credit("p", 27000, spaced), reversal("r", 27000, reference))
        row = await invoice(among, 1)
        assert (row["open_rappen"], row["waived_rappen"], row["end"]) == (27335, 0, None)
        await among.hear(reversal("r", 27000, reference), reversal("q", 500, ""))
        assert (await invoice(among, 1))["open_rappen"] == 27335
        sums = await among.proved()
        assert (sums["served_rappen"], sums["unmatched_rappen"]) == (0, -500)

    walk(scene)


def test_a_storno_finds_its_invoice_by_the_practices_number_too(walk: Any) -> None:
    async def scene(among: Among) -> None:
        storno = message(
            8, invoice_id=InvoiceId("another"), facts={"request_id": "R-1", "kind": Kind.STORNO}
        )
        await among.hear(message(1), storno)
        assert (await invoice(among, 1))["end"] == "CANCELLED"

    walk(scene)


def test_a_message_waits_for_its_practice_to_be_known(walk: Any) -> None:
    async def scene(among: Among) -> None:
        unknown = PracticeId("practice-3")
        await among.hear(message(1, practice_id=unknown))
        assert await among.host.read(among.host.hearing.count_parked) == 1
        elsewhere = Say(practice_id=STRANGER, event=registered(unknown, 3))  # a stream of its own
        await among.system.hosts["gateway"].handle(elsewhere)
        await among.system.settle()
        among.clock.set_day(date(2026, 1, 6))
        await among.host.redrive()
        assert await among.host.read(among.host.hearing.count_parked) == 0
        assert (await invoice(among, 1, unknown))["number"] == "26-100001"

    walk(scene)


def test_what_belongs_to_another_practice_is_not_found_b54(walk: Any) -> None:
    async def scene(among: Among) -> None:
        await among.hear(message(1))
        [row, *_] = (await among.get("/invoices/invoice-1/documents", PRACTICE)).json()
        strange = [
            (await among.get(path, STRANGER))
            for path in (
                "/invoices/invoice-1", "/invoices/invoice-1/documents",
                f"/documents/{row['document']}", "/invoices/nothing",
            )
        ]  # fmt: skip
        assert {answer.status_code for answer in strange} == {404}

    walk(scene)


def test_a_document_is_gone_when_its_case_was_erased_br_114(walk: Any) -> None:
    async def scene(among: Among) -> None:
        await among.hear(message(1))
        [row, *_] = (await among.get("/invoices/invoice-1/documents", PRACTICE)).json()
        among.system.vault.destroy(SubjectId("case-1"))
        answer = await among.get(f"/documents/{row['document']}", PRACTICE)
        assert answer.status_code == 410
        assert (await invoice(among, 1))["open_rappen"] == 27335

    walk(scene)


def test_a_tiers_payant_invoice_without_its_copy_is_an_alert_after_five_days_t1(walk: Any) -> None:
    async def scene(among: Among) -> None:
        among.system.vault.ensure({SubjectId("gone")})
        among.system.vault.destroy(SubjectId("gone"))
        erased = message(1, facts={"scheme": Scheme.TP})
        lost = erased.patient.__class__(subject=SubjectId("gone"), value=erased.patient.value)
        await among.hear(message(1, facts={"scheme": Scheme.TP}, patient=lost))
        assert (await among.get("/alerts", COOPERATIVE)).json() == {"TP_COPY_MISSING": []}
        among.clock.set_day(date(2026, 1, 11))
        expected = {"TP_COPY_MISSING": ["invoice-1"]}
        assert (await among.get("/alerts", COOPERATIVE)).json() == expected
        assert (await among.get("/alerts", STRANGER)).json() == {"TP_COPY_MISSING": []}

    walk(scene)
