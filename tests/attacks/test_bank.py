"""Bad files of the bank over HTTP (B61, B62): no rappen is booked twice, and none vanishes."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.ingest.message.lexical import mod10_digit
from services.simulator.invoices import storno
from services.simulator.request import message
from tests.attacks.target import Target, attacked, told
from tests.browser.served import some_invoices, some_practice
from tests.unit.ingest.camt_samples import QR_IBAN, File, Ntry, Tx

XML = {"Content-Type": "application/xml"}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked(tmp_path_factory.mktemp("bank")) as running:
        yield running


Bank = Callable[[bytes], httpx.Response]


@pytest.fixture
def bank(target: Target) -> Iterator[Bank]:
    with target.client(target.made.bank_token) as client:
        yield lambda data: client.post("/v1/bank-files", content=data, headers=XML)


def file(*moved: tuple[str, int], account: str = QR_IBAN, **entry: Any) -> bytes:
    """Return a file of one entry: receipts by reference and rappen, each with the bank's own id."""
    number = next(_numbers)
    details = tuple(
        Tx(amount=francs(rappen), bank_reference=f"T{number}-{place}", reference=reference)
        for place, (reference, rappen) in enumerate(moved)
    )
    total = francs(sum(rappen for _, rappen in moved))
    booked = Ntry(amount=total, details=details, bank_reference=f"E{number}", **entry)
    return File(entries=(booked,), account=account, message_id=f"M{number}").bytes()


def francs(rappen: int) -> str:
    return f"{rappen // 100}.{rappen % 100:02}"


def money(target: Target) -> dict[str, int]:
    """Return where all money from the bank is, in rappen, once all have heard of it."""

    async def proved() -> dict[str, Any]:
        await target.made.system.settle(effects=True)
        await target.made.system.settle()
        found = target.made.proof()
        assert found["ok"], found["failed"]
        sums: dict[str, Any] = found["sums"]
        return sums

    return {
        f"{service}.{name}": value
        for service, sums in target.wait(proved()).items()
        for name, value in sums.items()
        if isinstance(value, int)
    }


def invoices(target: Target) -> list[dict[str, Any]]:
    with target.client() as client:
        found: list[dict[str, Any]] = client.get("/v1/invoices").json()["items"]
    return found


def test_b61_files_that_are_not_ours_or_do_not_add_up_book_nothing(
    target: Target, bank: Bank
) -> None:
    reference = invoices(target)[0]["reference"]
    before = money(target)
    strange = "CH5604835012345678009"
    for data, status, code in (
        (file((reference, 100), account=strange, reference=strange), 422, "bank_account_unknown"),
        (file((reference, 100), currency="EUR"), 422, "bank_currency_foreign"),
        (file((reference, 100)).replace(b">1.00<", b">2.00<", 1), 422, "bank_sum_mismatch"),
        (file((reference, 100)).replace(b">1.00<", b">1.005<"), 422, "bank_value_invalid"),
        (b"<!DOCTYPE a><Document/>", 400, "xml_dtd_forbidden"),
        (b"<Document>", 400, "xml_malformed"),
        (b"", 400, "xml_malformed"),
        (b"<Document/>", 422, "bank_message_unknown"),
    ):
        told(bank(data), status, code)
    assert money(target) == before


def test_b21_a_comment_inside_an_amount_does_not_cut_it(target: Target, bank: Bank) -> None:
    reference = invoices(target)[0]["reference"]
    data = file((reference, 1_234)).replace(b">12.34<", b">1<!-- x -->2.<?pi x?>34<")
    answer = bank(data)
    assert answer.json()["credits"] == {"count": 1, "amount_rappen": 1_234}


def test_b61_the_same_file_and_the_same_receipts_are_booked_once(
    target: Target, bank: Bank
) -> None:
    reference = invoices(target)[0]["reference"]
    data = file((reference, 200), (reference, 300))
    first = bank(data).json()
    once = money(target)
    again = bank(data).json()
    assert again == first | {"repeated": True}
    other = data.replace(b"<MsgId>M", b"<MsgId>N")
    known = bank(other).json()
    assert (known["credits"]["count"], known["known"]["count"]) == (0, 2)
    assert money(target) == once


def test_b61_one_message_number_with_two_contents_is_two_files(target: Target, bank: Bank) -> None:
    reference = invoices(target)[0]["reference"]
    one, two = file((reference, 400)), file((reference, 500))
    number = one.partition(b"<MsgId>")[2].partition(b"<")[0]
    two = two.replace(two.partition(b"<MsgId>")[2].partition(b"<")[0], number, 1)
    booked = [bank(data).json()["credits"]["amount_rappen"] for data in (one, two)]
    assert booked == [400, 500]


def test_b61_a_receipt_taken_back_is_open_again_and_only_once(target: Target, bank: Bank) -> None:
    invoice = invoices(target)[-1]
    paid = file((invoice["reference"], 700))
    before = money(target)
    assert bank(paid).status_code == 200
    number = int(paid.partition(b"<MsgId>M")[2].partition(b"<")[0])
    back = paid.replace(b"<RvslInd>false", b"<RvslInd>true").replace(b">CRDT<", b">DBIT<")
    for sent in range(2):
        data = back.replace(b"<MsgId>M%d" % number, b"<MsgId>R%d-%d" % (number, sent))
        assert bank(data).status_code == 200
    after = money(target)
    moved = {name for name in before if before[name] != after[name]}
    assert moved <= {
        "ingest.bank_credits_rappen",
        "ingest.bank_reversals_rappen",
        "factoring.journal_lines",
    }
    assert after["ingest.bank_reversals_rappen"] - before["ingest.bank_reversals_rappen"] == 700


def test_b62_money_for_a_paid_invoice_is_its_debtors_credit(target: Target, bank: Bank) -> None:
    invoice = invoices(target)[0]
    assert bank(file((invoice["reference"], invoice["open_rappen"]))).status_code == 200
    before = money(target)
    assert bank(file((invoice["reference"], 900))).status_code == 200
    after = money(target)
    for name in ("invoicing.surplus_rappen", "factoring.surplus_rappen"):
        assert after[name] - before[name] == 900
    assert after["factoring.unmatched_rappen"] == before["factoring.unmatched_rappen"]


def test_b62_money_for_no_invoice_stands_where_a_person_looks(target: Target, bank: Bank) -> None:
    before = money(target)
    body = f"01{target.member.account_no:07d}{999_999:015d}00"
    unknown = body + mod10_digit(body)
    for reference in (unknown, ""):
        assert bank(file((reference, 1_100))).status_code == 200
    after = money(target)
    for name in ("invoicing.unmatched_rappen", "factoring.unmatched_rappen"):
        assert after[name] - before[name] == 2_200


def test_b62_money_for_a_cancelled_invoice_is_its_debtors_credit(
    target: Target, bank: Bank
) -> None:
    one = some_invoices(some_practice(7), 2_001)[-1]
    with target.client() as client:
        for data in (message(one), message(storno(one, one.request_on + timedelta(days=1)))):
            assert client.post("/v1/submissions", content=data, headers=XML).status_code == 202
    before = money(target)
    (cancelled,) = [item for item in invoices(target) if item["request_id"] == one.request_id]
    assert cancelled["state"] == "cancelled"
    assert bank(file((cancelled["reference"], 1_300))).status_code == 200
    after = money(target)
    assert after["invoicing.surplus_rappen"] - before["invoicing.surplus_rappen"] == 1_300
    target.still_works()
