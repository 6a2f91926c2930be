"""Payment references and account numbers (payments 1.1, vectors P1, P2, P4, P5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.paper.references import (
    ACCOUNT_NO_MAX,
    INSTALMENT_MAX,
    INVOICE_NO_MAX,
    creditor_reference,
    is_creditor_reference,
    is_iban,
    is_qr_iban,
    is_qr_reference,
    qr_check_digit,
    read_reference,
    reference_number,
)


@pytest.mark.parametrize(
    ("digits", "check"),
    [
        ("123456", "5"),
        ("21000000000313947143000901", "7"),
        ("00000820779122585742128669", "4"),
    ],
)
def test_the_check_digit_is_that_of_the_guideline(digits: str, check: str) -> None:
    assert qr_check_digit(digits) == check


@pytest.mark.parametrize(
    "text",
    ["0" * 27, "21000000000313947143000901", "21000000000313947143000901A", "²" * 27],
)  # fmt: skip
def test_zeros_short_numbers_and_letters_are_no_qr_reference(text: str) -> None:
    assert not is_qr_reference(text)


def test_leading_zeros_belong_to_a_reference() -> None:
    assert is_qr_reference("000008207791225857421286694")
    assert not is_qr_reference("8207791225857421286694")


@given(
    st.integers(0, ACCOUNT_NO_MAX), st.integers(0, INVOICE_NO_MAX), st.integers(0, INSTALMENT_MAX)
)
def test_a_reference_says_what_it_was_made_from(account: int, invoice: int, part: int) -> None:
    reference = reference_number(account, invoice, part)
    assert len(reference) == 27
    assert read_reference(reference) == (account, invoice, part)


def test_a_reference_is_laid_out_as_agreed_with_the_bank() -> None:
    assert reference_number(40112, 26100042, 3)[:26] == "01004011200000002610004203"


@given(st.integers(0, 26), st.integers(1, 9))
def test_one_wrong_digit_is_found(place: int, by: int) -> None:
    right = reference_number(40112, 26100042)
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    assert read_reference(wrong) is None


def test_a_reference_is_read_as_printed() -> None:
    printed = "01 00401 12000 00002 61000 42001"
    assert read_reference(printed) == (40112, 26100042, 0)


def test_a_reference_of_another_creditor_is_not_ours() -> None:
    assert read_reference("210000000003139471430009017") is None


@pytest.mark.parametrize(
    "text",
    [
        "RF18539007547034", "RF49N73GBST73AKL38ZX", "RF097", "RF91B334BOPQE39D902DC",
        "RF66qs9H7NJ4fvs99SPO", "RF240191230100405JSH0438",
    ],
)  # fmt: skip
def test_creditor_references_of_the_guideline_are_accepted(text: str) -> None:
    assert is_creditor_reference(text)


@pytest.mark.parametrize(
    "text",
    ["RF720191230100405JSH0438", "RF00539007547034", "RF01539007547034", "RF99539007547034", "RF09",
     "RF18539007547034539007547034", "XX18539007547034"],
)  # fmt: skip
def test_other_creditor_references_are_refused(text: str) -> None:
    assert not is_creditor_reference(text)


def test_a_creditor_reference_is_made_from_its_body() -> None:
    assert creditor_reference("539007547034") == "RF18539007547034"


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=21))
def test_every_creditor_reference_that_is_made_is_accepted(body: str) -> None:
    assert is_creditor_reference(creditor_reference(body))


def test_a_qr_iban_is_told_from_an_iban() -> None:
    assert is_qr_iban("CH4431999123000889012")
    assert is_qr_iban("CH6431961000004421557")
    for account in ("CH5800791123000889012", "CH5204835012345671000", "CH9300762011623852957"):
        assert is_iban(account)
        assert not is_qr_iban(account)
    assert not is_iban("CH4431999123000889013")
    assert not is_iban("DE89370400440532013000")
