"""The bank's files: payments 3.3 to 3.8, and the test vectors P14 to P23."""

import subprocess
import sys
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.bank.bank_file import BankFile
from services.ingest.bank.camt054 import parse
from services.ingest.findings import Unreadable
from tests.standards import violations
from tests.unit.ingest.camt_samples import ACCOUNT, OURS, QR_IBAN, QRR, File, Ntry, Tx

THREE = Ntry(
    amount="260.00",
    details=(
        Tx(amount="100.00", bank_reference="B1"),
        Tx(amount="100.00", bank_reference="B2"),
        Tx(amount="60.00", bank_reference="B3", reference="RF18539007547034"),
    ),
)


def read(file: File) -> BankFile:
    found = parse(file.bytes(), OURS)
    assert isinstance(found, BankFile), found
    return found


def codes(file: File) -> list[str]:
    found = parse(file.bytes(), OURS)
    assert isinstance(found, Unreadable), found
    return [finding.code for finding in found.findings]


@pytest.mark.parametrize("version", ["04", "08"])
def test_the_samples_of_these_tests_are_valid_against_the_official_schema(version: str) -> None:
    reversal = replace(THREE, sign="DBIT", reversal=True)
    data = File(entries=(THREE, reversal), version=version).bytes()
    assert violations(f"iso20022/camt.054.001.{version}.xsd", data) == []


@pytest.mark.parametrize("version", ["04", "08"])
def test_p14_a_collective_entry_gives_one_receipt_per_detail(version: str) -> None:
    found = read(File(entries=(THREE,), version=version))
    receipts = list(found.credits.values())
    assert [r.amount_rappen for r in receipts] == [10_000, 10_000, 6_000]
    assert [r.reference for r in receipts] == [QRR, QRR, "RF18539007547034"]
    assert len({r.credit_id for r in receipts}) == 3
    first = receipts[0]
    assert (first.booked_on, first.value_on) == (date(2026, 2, 2), date(2026, 2, 3))
    assert (first.account, first.bank_reference, first.payer) == (ACCOUNT, "B1", "Rahel Zünd")
    assert (found.message_id, found.version) == ("M1", version)


def test_p15_the_same_receipts_in_another_file_have_the_same_identity() -> None:
    one = read(File(entries=(THREE,)))
    other = read(File(entries=(THREE,), message_id="M2", version="04"))
    assert one.credits.keys() == other.credits.keys()


def test_p16_details_that_do_not_add_up_refuse_the_whole_file() -> None:
    wrong = replace(THREE, amount="255.00")
    assert codes(File(entries=(THREE, wrong))) == ["bank_sum_mismatch"]


def test_a_wrong_count_refuses_the_whole_file() -> None:
    assert codes(File(entries=(replace(THREE, count=2),))) == ["bank_count_mismatch"]


def test_p17_pending_money_is_counted_but_not_booked() -> None:
    found = read(File(entries=(replace(THREE, status="PDNG"),)))
    assert found.credits == {}
    assert (found.pending_count, found.pending_rappen) == (3, 26_000)


@pytest.mark.parametrize("reversal", [True, False])
def test_p18_a_returned_payout_is_no_receipt(reversal: bool) -> None:  # noqa: FBT001
    entry = Ntry(amount="80.00", details=(Tx(amount="80.00"),), code=("ICDT", "RRTN"))
    found = read(File(entries=(replace(entry, reversal=reversal),)))
    assert found.credits == {}
    assert (found.other_count, found.other_rappen) == (1, 8_000)


def test_p19_a_reversed_credit_names_what_it_takes_back() -> None:
    entry = Ntry(amount="100.00", details=(Tx(),), sign="DBIT", reversal=True)
    found = read(File(entries=(entry,)))
    (taken,) = found.reversals.values()
    assert (taken.reference, taken.amount_rappen) == (QRR, 10_000)
    assert found.credits == {}
    assert taken.credit_id not in read(File(entries=(THREE,))).credits


def test_a_debit_of_ours_is_neither_receipt_nor_reversal() -> None:
    entry = Ntry(amount="9.00", details=(Tx(amount="9.00"),), sign="DBIT", code=("ICDT", "DMCT"))
    found = read(File(entries=(entry,)))
    assert (found.other_count, found.other_rappen) == (1, -900)


def test_p20_an_included_charge_is_kept_beside_the_amount() -> None:
    charge = (
        '<Chrgs><Rcrd><Amt Ccy="CHF">1.20</Amt><CdtDbtInd>DBIT</CdtDbtInd>'
        "<ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>"
    )
    entry = Ntry(amount="48.80", details=(Tx(amount="48.80", more=charge),))
    assert violations("iso20022/camt.054.001.08.xsd", File(entries=(entry,)).bytes()) == []
    (receipt,) = read(File(entries=(entry,))).credits.values()
    assert (receipt.amount_rappen, receipt.charges_rappen) == (4_880, 120)


def test_p23_at_the_counter_the_payer_is_the_ultimate_debtor() -> None:
    details = (Tx(payer="Schaltereinzahlung", ultimate="Rahel Zünd"),)
    (receipt,) = read(File(entries=(Ntry(amount="100.00", details=details),))).credits.values()
    assert receipt.payer == "Rahel Zünd"


def test_free_text_is_no_reference() -> None:
    details = (Tx(reference=""),)
    (receipt,) = read(File(entries=(Ntry(amount="100.00", details=details),))).credits.values()
    assert (receipt.reference, receipt.text) == ("", "Rechnung vom Januar")


def test_a_single_detail_without_an_amount_takes_the_entrys() -> None:
    (receipt,) = read(
        File(entries=(Ntry(amount="77.05", details=(Tx(amount=None),)),))
    ).credits.values()
    assert receipt.amount_rappen == 7_705


def test_several_details_without_amounts_refuse_the_file() -> None:
    entry = Ntry(amount="77.05", details=(Tx(amount=None), Tx(amount="77.05")))
    assert codes(File(entries=(entry,))) == ["bank_value_invalid"]


def test_an_entry_without_details_is_one_receipt_without_a_reference() -> None:
    (receipt,) = read(File(entries=(Ntry(amount="50.00"),))).credits.values()
    assert (receipt.reference, receipt.bank_reference, receipt.amount_rappen) == ("", "E1", 5_000)


def test_a_bank_that_repeats_the_entrys_reference_loses_no_payment() -> None:
    twins = (Tx(bank_reference="E1"), Tx(bank_reference="E1"))
    found = read(File(entries=(Ntry(amount="200.00", details=twins),)))
    assert len(found.credits) == 2
    again = read(File(entries=(Ntry(amount="200.00", details=twins),), message_id="M9"))
    assert found.credits.keys() == again.credits.keys()


def test_two_equal_payments_of_one_day_are_two() -> None:
    one = Ntry(amount="100.00", bank_reference="E1", details=(Tx(bank_reference=""),))
    two = replace(one, bank_reference="E2")
    assert len(read(File(entries=(one, two))).credits) == 2


def test_an_entry_that_stands_twice_in_a_file_is_booked_once() -> None:
    found = read(File(entries=(THREE, THREE)))
    assert (len(found.credits), found.repeated) == (3, 3)


def test_without_any_reference_of_the_bank_a_person_must_look() -> None:
    entry = Ntry(amount="100.00", bank_reference="", details=(Tx(bank_reference=""),))
    found = read(File(entries=(entry,)))
    assert found.credits == {}
    assert [u.amount_rappen for u in found.unidentified] == [10_000]


def test_an_account_that_is_not_ours_refuses_the_file() -> None:
    entry = replace(THREE, reference="CH6431961000004421557")
    assert codes(File(entries=(entry,))) == ["bank_account_unknown"]
    assert codes(File(account="CH9300762011623852957")) == ["bank_account_unknown"]


def test_the_qr_iban_itself_may_be_the_account() -> None:
    assert len(read(File(entries=(THREE,), account=QR_IBAN)).credits) == 3


def test_a_test_file_is_refused_in_production_only() -> None:
    file = File(entries=(THREE,), info="SPS/2.2/TEST")
    assert codes(file) == ["bank_test_message"]
    assert isinstance(parse(file.bytes(), OURS, production=False), BankFile)


def test_foreign_money_refuses_the_file() -> None:
    assert codes(File(entries=(replace(THREE, currency="EUR"),)))[0] == "bank_currency_foreign"


@pytest.mark.parametrize("amount", ["1e3", "NaN", "-5.00", "1.005", "", "12'000.00"])
def test_an_amount_that_is_no_money_refuses_the_file(amount: str) -> None:
    entry = Ntry(amount=amount, details=(Tx(),))
    assert "bank_value_invalid" in codes(File(entries=(entry,)))


def test_b21_a_comment_inside_an_amount_does_not_cut_it() -> None:
    data = File(entries=(Ntry(amount="1<!-- x -->00<?p x?>.00", details=(Tx(),)),)).bytes()
    found = parse(data, OURS)
    assert isinstance(found, BankFile)
    assert [r.amount_rappen for r in found.credits.values()] == [10_000]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "xml_malformed"),
        (b"PK\x03\x04", "not_xml"),
        (b"<a/>", "bank_message_unknown"),
        (b"<!DOCTYPE a><a/>", "xml_dtd_forbidden"),
        (File().bytes().replace(b"054", b"053"), "bank_message_unknown"),
        (File().bytes()[:-3], "xml_malformed"),
    ],
)
def test_what_is_no_bank_file_is_refused(data: bytes, code: str) -> None:
    found = parse(data, OURS)
    assert isinstance(found, Unreadable)
    assert found.findings[0].code == code


MEASURE = """
import resource, sys, time
from services.ingest.bank.camt054 import parse
from tests.unit.ingest.camt_samples import OURS, File, Ntry, Tx
details = tuple(Tx(bank_reference=f"B{n}", amount="1.00") for n in range(50_000))
data = File(entries=(Ntry(amount="50000.00", details=details),)).bytes()
del details
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = parse(data, OURS)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(len(found.credits), grown // 1024, len(data) // 1024 // 1024)
"""


def test_fifty_thousand_details_are_read_in_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], check=True, capture_output=True, text=True
    )
    count, grown_mb, size_mb = map(int, done.stdout.split())
    assert count == 50_000
    assert size_mb > 15
    assert grown_mb < 60  # a tree of such a file takes ten times its size


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_mutation_of_a_file_raises(data: st.DataObject) -> None:
    text = bytearray(File(entries=(THREE,)).bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text) - 1))
        if data.draw(st.booleans()):
            text[at] = data.draw(st.integers(0, 255))
        else:
            del text[at : at + data.draw(st.integers(1, 30))]
    found = parse(bytes(text), OURS)
    assert isinstance(found, BankFile) or found.findings
