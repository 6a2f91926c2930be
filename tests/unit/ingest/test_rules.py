"""The rules on sums, days, tariffs, laws and people: what each refuses, and what it lets pass."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.message.arithmetic import francs, is_usual_rate, round_payable
from services.ingest.message.lexical import (
    day,
    days,
    ean_ok,
    is_qr_iban,
    mod10_digit,
    mod97_ok,
    money,
    reference_ok,
)
from services.ingest.message.lines import round_rappen
from services.ingest.message.parties import same_person
from services.ingest.message.plausibility import years_before
from services.ingest.message.xml_invoice import Invoice, Unreadable, parse
from tests.unit.ingest.samples import TODAY, changed, message_44, message_45, message_50

LINE = '<i:service record_id="2"'


def noticed(data: bytes, today: date = TODAY) -> tuple[bool, list[str]]:
    """Return whether a message is usable, and the codes of its findings."""
    found = parse(data, today)
    findings = found.warnings if isinstance(found, Invoice) else found.findings
    return isinstance(found, Invoice), [finding.code for finding in findings]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [(1002, 1000), (1003, 1005), (1007, 1005), (1008, 1010), (-1003, -1005), (27334, 27335),
     (42768, 42770), (210044, 210045), (251452, 251450), (0, 0)],
)  # fmt: skip
def test_br43_the_payable_amount_is_rounded_to_5_rappen(given_: int, expected: int) -> None:
    assert round_payable(given_) == expected


@given(st.integers(-10_000_000, 10_000_000))
def test_br43_rounding_never_moves_more_than_two_rappen(amount: int) -> None:
    rounded = round_payable(amount)
    assert rounded % 5 == 0
    assert abs(rounded - amount) <= 2
    assert round_payable(-amount) == -rounded


@pytest.mark.parametrize(
    ("amount", "expected"), [("2.675", 268), ("-2.675", -268), ("10.024", 1002), ("0.005", 1)]
)
def test_halves_go_away_from_zero(amount: str, expected: int) -> None:
    assert round_rappen(Decimal(amount)) == expected


@given(st.integers(-(10**9), 10**9))
def test_money_as_text_and_back_is_exact(rappen: int) -> None:
    assert money(francs(rappen)) == rappen


def test_a_line_may_be_one_rappen_off_its_factors_but_not_two() -> None:
    def sold(amount: str) -> bytes:
        return changed(
            message_50(),
            ('amount="17.90" vat_rate', f'amount="{amount}" vat_rate'),
            ('amount="17.90" vat="0.45"', f'amount="{amount}" vat="0.45"'),
            ('amount="36.52"', f'amount="{Decimal(amount) + Decimal("18.62")}"'),
        )

    assert noticed(sold("17.91")) == (False, ["due_mismatch"])  # the line itself holds
    assert noticed(sold("17.89"))[1] == []
    usable, codes = noticed(sold("17.88"))
    assert not usable
    assert codes == ["line_amount_mismatch"]


def test_br34_each_part_is_rounded_then_added() -> None:
    # 2 x (10.42 + 8.19) at 0.83: 17.30 + 13.60 = 30.90, one rounding would give 30.89.
    data = changed(
        message_50(),
        ('quantity="1"', 'quantity="2"'),
        ('unit_mt="10.56" unit_factor_mt="0.97" amount_mt="10.24"',
         'unit_mt="10.42" unit_factor_mt="0.83" amount_mt="17.30"'),
        ('unit_tt="8.64" unit_factor_tt="0.97" amount_tt="8.38" amount="18.62"',
         'unit_tt="8.19" unit_factor_tt="0.83" amount_tt="13.60" amount="30.90"'),
        ('vat_rate="0" amount="18.62"', 'vat_rate="0" amount="30.90"'),
        ('amount="36.52" amount_due="36.50"', 'amount="48.80" amount_due="48.80"'),
    )  # fmt: skip
    assert noticed(data) == (True, [])


def test_scale_and_external_factors_count() -> None:
    data = changed(
        message_50(),
        ('r_mt="0.97"', 'r_mt="0.97" scale_factor_mt="0.5" external_factor_mt="2"'),
    )
    found = parse(data, TODAY)
    assert isinstance(found, Invoice)
    assert found.medical.lines[0].factor_mt == 1
    free = changed(message_50(), ('unit_factor="1"', 'unit_factor="1" external_factor="0"'))
    assert "line_amount_mismatch" in noticed(free)[1]


def test_a_group_shares_its_line() -> None:
    shared = changed(
        message_50(),
        ('unit="8.95" unit_factor="1"', 'unit="17.90" unit_factor="1" group_size="2"'),
    )
    assert noticed(shared)[0]


def test_br44_a_quantity_must_be_above_zero_but_not_in_a_storno() -> None:
    zero = changed(message_50(), ('quantity="2"', 'quantity="0"'))
    assert "quantity_not_positive" in noticed(zero)[1]
    storno = changed(
        message_50(), ('quantity="2"', 'quantity="0"'), ('subtype="normal"', 'subtype="storno"')
    )
    assert "quantity_not_positive" not in noticed(storno)[1]


@pytest.mark.parametrize(
    ("old", "new", "code", "usable"),
    [
        # A6: the sum is rounded after the fee, and what was prepaid is taken off.
        ('amount_due="36.50"', 'amount_due="36.52"', "due_mismatch", False),
        ('amount_due="36.50"', 'amount_reminder="10" amount_due="46.50"', None, True),
        ('amount_due="36.50"', 'amount_prepaid="6.52" amount_due="30.00"', None, True),
        ('amount_due="36.50"', 'amount_prepaid="40" amount_due="-3.50"', "due_negative", False),
        # A7 to A9.
        ('vat_rate="0" amount="18.62"', 'vat_rate="0" amount="18.61"', "vat_base_mismatch", False),
        ('amount="17.90" vat="0.45"', 'amount="17.90" vat="0.44"', None, True),
        ('amount="17.90" vat="0.45"', 'amount="17.90" vat="0.47"', "vat_on_top", True),
        ('amount="17.90" vat="0.45"', 'amount="17.90" vat="0.40"', "vat_mismatch", False),
        ('vat vat="0.45"', 'vat vat="0.50"', "vat_total_mismatch", False),
        (' vat_number="CHE108791452"', "", "VAT_WITHOUT_NUMBER", True),
        # Days.
        ('request_date="2026-02-01T', 'request_date="2026-02-03T', "request_in_future", False),
        ('date_end="2026-01-20"', 'date_end="2026-01-19"', "treatment_dates_reversed", False),
        ('birthdate="1980-02-28"', 'birthdate="2026-01-21"', "birthdate_after_treatment", False),
        ('date_begin="2026-01-20" date_end', 'date_begin="2026-01-19" date_end', None, True),
        # Rules.
        ('record_id="2"', 'record_id="1"', "record_id_repeated", False),
        ('tariff_type="007"', 'tariff_type="001"', "TARIFF_NOT_VALID_ON_DATE", False),
        ('tariff_type="402"', 'tariff_type="005"', "FLAT_RATE_MIXED", False),
        ('law type="KVG" insured_id="123.45" card_id="80756015090002647590"',
         'law type="UVG"', "case_number_missing", True),
        (' insured_id="123.45" card_id="80756015090002647590"', "",
         "insured_number_missing", True),
        ('request_type="invoice"', 'request_type="reminder"', "reminder_reference_mismatch", False),
        ('subtype="normal"', 'subtype="refund"', "refund_only_payant", False),
        ('vat_rate="2.6"/>', 'vat_rate="2.5"/>', "vat_rate_unusual", False),
        ("i:familyname>Zünd<", "i:familyname> <", "debtor_nameless", False),
        ('i:law type="KVG"', 'i:law type="KVG"/><i:law type="UVG"', "MIXED_LAW", False),
        ("CH4431999123000889012", "CH5800791123000889012", "iban_reference_mismatch", True),
    ],
)  # fmt: skip
def test_a_rule_names_what_it_finds(old: str, new: str, code: str | None, usable: bool) -> None:  # noqa: FBT001
    found, codes = noticed(changed(message_50(), (old, new)))
    assert found is usable, codes
    assert codes == [] if code is None else code in codes


def test_br31_one_message_over_the_turn_of_the_year_is_refused() -> None:
    tarmed = message_50().replace('tariff_type="007"', 'tariff_type="001"')
    tarmed = tarmed.replace('"2026-01-20T00:00:00" p', '"2025-12-31T00:00:00" p', 1)
    tarmed = tarmed.replace('tariff_type="402"', 'tariff_type="005"')
    data = changed(
        tarmed, ('treatment date_begin="2026-01-20"', 'treatment date_begin="2025-12-31"')
    )
    usable, codes = noticed(data)
    assert not usable
    assert "TARIFF_YEAR_MIXED" in codes
    assert "TARIFF_NOT_VALID_ON_DATE" not in codes


def test_br30_tardoc_in_2025_and_tarmed_in_2025() -> None:
    old = message_50().replace("2026-01-20", "2025-12-20")
    assert "TARIFF_NOT_VALID_ON_DATE" in noticed(old.encode())[1]
    assert noticed(changed(old, ('tariff_type="007"', 'tariff_type="001"')))[0]


def test_br66_a_treatment_five_years_old_is_time_barred_but_may_be_cancelled() -> None:
    late = date(2031, 1, 21)
    assert noticed(message_50().encode(), date(2031, 1, 20))[0]
    assert noticed(message_50().encode(), late)[1] == ["treatment_too_old"]
    storno = changed(message_50(), ('subtype="normal"', 'subtype="storno"'))
    assert noticed(storno, late)[0]


def test_br13_obligatory_and_other_benefits_on_one_kvg_invoice_are_named() -> None:
    data = changed(message_45(), (LINE, f'{LINE} obligation="false"'),
                   ('amount_obligations="36.52"', 'amount_obligations="18.62"'))  # fmt: skip
    assert noticed(data) == (True, ["OBLIGATION_MIXED"])
    wrong = changed(message_45(), ('obligations="36.52"', 'obligations="36.50"'))
    assert noticed(wrong) == (True, ["obligations_mismatch"])


def test_in_tiers_payant_another_debtor_and_a_nobody_as_insurer_are_found() -> None:
    other = changed(message_45(), ('debitor ean_party="7601003000009"',
                                   'debitor ean_party="7601003000016"'))  # fmt: skip
    assert noticed(other) == (True, ["debtor_differs"])
    nobody = changed(message_45(), ("7601003000009", "2000000000008"))
    usable, codes = noticed(nobody)
    assert not usable
    assert "insurer_unknown" in codes


def test_the_old_slip_is_compared_with_the_sum_and_with_itself() -> None:
    stated, other_sum = message_44().partition('coding_line="')[2][:13], "010000003655"
    other = changed(message_44(), (stated, other_sum + mod10_digit(other_sum)))
    assert noticed(other) == (True, ["slip_amount_differs"])
    reference = changed(message_44(), ("14300 09017", "14300 09018"))
    assert set(noticed(reference)[1]) == {"reference_check_digit", "slip_reference_differs"}


@pytest.mark.parametrize(
    ("number", "good"),
    [("7601000000002", True), ("7569217076985", True), ("7569217076984", False),
     ("760100000000", False), ("76010000000٢2", False)],
)  # fmt: skip
def test_p28_check_digits_of_gln_and_ahv(number: str, good: bool) -> None:  # noqa: FBT001
    assert ean_ok(number) is good


def test_p1_check_digits_of_references() -> None:
    assert mod10_digit("123456") == "5"
    assert reference_ok("210000000003139471430009017")
    assert reference_ok("000008207791225857421286694")
    assert not reference_ok("0" * 27)
    assert not reference_ok("21000000000313947143000901x")
    assert mod97_ok("RF18539007547034")
    assert mod97_ok("CH4431999123000889012")
    assert not mod97_ok("RF720191230100405JSH0438".replace(" ", ""))
    assert is_qr_iban("CH4431999123000889012")
    assert not is_qr_iban("CH5800791123000889012")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("P30D", 30), ("P1M", 30), ("P1Y2M3D", 428), ("-P10D", -10), ("P0D", 0), ("PT12H", 0),
     ("30", None), ("P", None), ("PT", None), ("P1.5D", None), ("", None)],
)  # fmt: skip
def test_durations(text: str, expected: int | None) -> None:
    assert days(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-03-29T23:30:00Z", date(2026, 3, 30)), ("2026-01-01T00:00:00+01:00", date(2026, 1, 1)),
     ("2026-07-01T00:00:00+01:00", date(2026, 7, 1)), ("2026-01-01T24:00:00", date(2026, 1, 2)),
     ("2026-01-01T24:00:01", None), ("2026-01-01T12:60:00", None),
     ("1957-04-14+01:00", date(1957, 4, 14)), ("2026-1-1", None), ("9999-12-31T24:00:00", None)],
)  # fmt: skip
def test_days_of_instants(text: str, expected: date | None) -> None:
    assert day(text) == expected


def test_years_before_the_calendar_had_them() -> None:
    assert years_before(date(2024, 2, 29), 5) == date(2019, 2, 28)
    assert years_before(date(3, 1, 1), 5) == date.min


def test_vat_rates_by_day() -> None:
    assert is_usual_rate(Decimal("8.1"), date(2024, 1, 1))
    assert not is_usual_rate(Decimal("8.1"), date(2023, 12, 31))
    assert is_usual_rate(Decimal(0), date(1990, 1, 1))


def test_one_person_is_told_from_two() -> None:
    found = parse(message_50().encode(), TODAY)
    assert not isinstance(found, Unreadable)
    assert same_person(found.debtor, found.patient.party)
    insurer = parse(message_45().encode(), TODAY)
    assert not isinstance(insurer, Unreadable)
    assert not same_person(insurer.debtor, insurer.patient.party)


@pytest.mark.parametrize("size", ["abc", "", "0", "-1", "99999999999999999999"])
def test_a_group_size_that_is_no_number_is_only_named(size: str) -> None:
    usable, codes = noticed(changed(message_50(), (LINE, f'{LINE} group_size="{size}"')))
    assert usable
    assert codes == ["number_invalid"]
