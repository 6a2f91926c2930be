"""The QR-bill refuses to exist wrong (payments 1.1 to 1.3, vectors P3 and P6 to P12)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.values import Address, Party
from libs.paper import figures
from libs.paper.characters import ALLOWED, foreign, normalised
from libs.paper.qr_bill import (
    NOT_FOR_PAYMENT,
    AddressOnSlip,
    Bill,
    InvalidBill,
    address_on_slip,
    payload,
)

REFERENCE = "210000000003139471430009017"
CREDITOR: dict[str, Any] = {
    "name": "Genossenschaft", "street": "Gasse", "house_no": "1", "zip": "6003", "city": "Luzern"
}  # fmt: skip


def bill(**changes: Any) -> Bill:
    usual: dict[str, Any] = {
        "iban": "CH4431999123000889012",
        "creditor": AddressOnSlip(**CREDITOR),
        "amount_rappen": 159000,
        "reference": REFERENCE,
    }
    return Bill(**(usual | changes))


def refused(element: str, **changes: Any) -> None:
    with pytest.raises(InvalidBill) as refusal:
        bill(**changes)
    assert refusal.value.element == element


def test_the_payload_has_one_element_a_line_and_nothing_after_the_last() -> None:
    lines = payload(bill(message="Rechnung 26-100042")).split("\n")
    assert lines == [
        "SPC", "0200", "1", "CH4431999123000889012",
        "S", "Genossenschaft", "Gasse", "1", "6003", "Luzern", "CH",
        *[""] * 7, "1590.00", "CHF", *[""] * 7, "QRR", REFERENCE, "Rechnung 26-100042", "EPD",
    ]  # fmt: skip


def test_unused_elements_at_the_end_are_left_away_but_not_in_between() -> None:
    assert payload(bill(billing_information="//S1/10/1")).split("\n")[30:] == ["EPD", "//S1/10/1"]
    with_procedure = payload(bill(procedures=("eBill/B/simon.muster@example.com",)))
    assert with_procedure.split("\n")[30:] == ["EPD", "", "eBill/B/simon.muster@example.com"]


def test_account_and_reference_must_belong_together() -> None:
    refused("reference", reference="RF18539007547034")
    refused("reference", reference="")
    refused("reference", iban="CH5800791123000889012")
    assert bill(iban="CH5800791123000889012", reference="").reference_type == "NON"
    scor = bill(iban="CH5800791123000889012", reference="RF18539007547034")
    assert scor.reference_type == "SCOR"
    refused("iban", iban="CH4431999123000889013")


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("city", ""), ("name", ""), ("zip", ""), ("name", "x" * 71), ("street", "x" * 71),
        ("house_no", "1" * 17), ("city", "x" * 36), ("zip", "CH-6003"), ("country", "XX"),
        ("name", "Γιώργος"), ("name", "two\nlines"), ("name", " blank before"),
    ],
)  # fmt: skip
def test_an_address_that_a_bank_would_refuse_does_not_exist(element: str, value: str) -> None:
    with pytest.raises(InvalidBill) as refusal:
        AddressOnSlip(**(CREDITOR | {element: value}))
    assert refusal.value.element == element
    assert not value or value not in str(refusal.value)


def test_names_of_europe_are_accepted() -> None:
    for name in ("Ștefan Țăran", "Łukasz Žižek", "Éloïse Müller-Nuñez", "Þórður Ęç €"):
        assert AddressOnSlip(**(CREDITOR | {"name": name})).name == name


def test_amounts_have_their_limits() -> None:
    assert payload(bill(amount_rappen=99_999_999_999)).split("\n")[18] == "999999999.99"
    assert payload(bill(amount_rappen=1)).split("\n")[18] == "0.01"
    assert payload(bill(amount_rappen=None)).split("\n")[18] == ""
    refused("amount", amount_rappen=100_000_000_000)
    refused("amount", amount_rappen=-5)


def test_nothing_to_pay_needs_the_fixed_words() -> None:
    refused("amount", amount_rappen=0, message="Kopie")
    for message in NOT_FOR_PAYMENT.values():
        assert bill(amount_rappen=0, message=message).amount_rappen == 0


def test_message_and_billing_information_share_140_characters() -> None:
    bill(message="m" * 100, billing_information="//" + "b" * 38)
    refused("message", message="m" * 100, billing_information="//" + "b" * 39)
    refused("billing_information", billing_information="S1/10/1")


def test_at_most_two_alternative_procedures() -> None:
    refused("procedures", procedures=("a/1", "b/2", "c/3"))
    refused("procedures", procedures=("x" * 101,))


def test_bytes_count_not_characters() -> None:
    wide = {"name": "é" * 70, "street": "é" * 70, "house_no": "é" * 16, "city": "é" * 35}
    refused(
        "payload",
        creditor=AddressOnSlip(**(CREDITOR | wide)),
        debtor=AddressOnSlip(**(CREDITOR | wide)),
        message="é" * 140,
        procedures=("é" * 100, "é" * 100),
    )


def test_a_party_becomes_an_address_of_type_s() -> None:
    party = Party(
        name="Nguyễn", given_name="Th\u1ecb", addition="c/o Muster",
        address=Address(street="Rue de l\u2019Hôpital", house_no="12", po_box="Postfach",
                        zip="FR-75001", city="Paris", country="FR"),
    )  # fmt: skip
    assert address_on_slip(party) == AddressOnSlip(
        name="Thi Nguyên", street="Rue de l'Hôpital", house_no="12", zip="75001", city="Paris",
        country="FR",
    )  # fmt: skip


def test_a_name_is_shortened_but_a_town_never() -> None:
    long = Party(name="x" * 90, company=True, address=Address(zip="6003", city="Luzern"))
    assert len(address_on_slip(long).name) == 70
    with pytest.raises(InvalidBill):
        address_on_slip(Party(name="x", address=Address(zip="6003", city="x" * 36)))


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Mu\u0308ller", "Müller"), ("„Zum Hirschen“", '"Zum Hirschen"'),
        ("A \u2013 B \u2014 C", "A - B - C"),
        ("a\u00a0\u2009b\t c", "a b c"), ("Do\u00adnau", "Donau"), ("ǆ", "dž"), ("Ǟ", "Ä"),
    ],
)  # fmt: skip
def test_other_writings_are_brought_to_the_allowed_set(written: str, printed: str) -> None:
    assert normalised(written) == printed


def test_other_scripts_are_left_to_a_person() -> None:
    assert foreign(normalised("Дмитро")) == set("Дмитро")
    assert foreign(normalised("Γιώργος"))


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once
    assert "  " not in once


@given(st.text(sorted(ALLOWED - {"\u00ad"}), max_size=70))
def test_what_is_normal_and_allowed_makes_a_valid_name(text: str) -> None:
    name = normalised(text)
    if name:
        assert AddressOnSlip(**(CREDITOR | {"name": name[:70].strip()})).name == name[:70].strip()


def test_one_amount_is_printed_in_three_ways() -> None:
    assert figures.amount(159000) == "1\u2019590.00"
    assert figures.amount_on_slip(159000) == "1 590.00"
    assert figures.amount_in_payload(159000) == "1590.00"
    assert figures.amount(-5) == "-0.05"
    assert figures.amount_on_slip(123456789) == "1 234 567.89"


def test_references_and_accounts_are_printed_in_blocks() -> None:
    assert figures.reference(REFERENCE) == "21 00000 00003 13947 14300 09017"
    assert figures.reference("RF18539007547034") == "RF18 5390 0754 7034"
    assert figures.iban("CH4431999123000889012") == "CH44 3199 9123 0008 8901 2"
    assert figures.ahv("7561234567897") == "756.1234.5678.97"
    assert figures.zsr("A123456") == "A 1234.56"
