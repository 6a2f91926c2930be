"""Prices by dated tables: the worked examples of the references, to the rappen."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.values import Law, Variant
from libs.records import Biller, ServiceRecord
from services.ingest.bodies import records
from services.ingest.bodies.record_parts import parts_of, whole
from services.ingest.findings import Unreadable
from services.ingest.message.xml_invoice import Invoice
from services.ingest.prices.priced import Priced
from services.ingest.record_intake import judge
from tests.unit.ingest.bodies import HOME, PRACTICE, line, record, sent
from tests.unit.ingest.lists import GROUP, all_lists
from tests.unit.ingest.samples import TODAY

ZURICH = msgspec.structs.replace(PRACTICE, canton="ZH")
DENTIST = msgspec.structs.replace(PRACTICE, kind="dentist")
PHYSIO = msgspec.structs.replace(PRACTICE, kind="physio")
VET = msgspec.structs.replace(PRACTICE, kind="veterinary", vat_number="CHE-108.791.452 MWST")
CARE = msgspec.structs.replace(PRACTICE, kind="home_care")
OTHER = "7601003000016"


def judged(
    *lines: dict[str, Any], by: Biller = PRACTICE, today: date = TODAY, **changes: Any
) -> tuple[Invoice | Unreadable, Priced]:
    body = records.read(sent(record(*lines, **changes)), ServiceRecord)
    assert isinstance(body, ServiceRecord), body
    return judge(whole(body), by, all_lists(), Variant.SUITE, today)


def invoice(*lines: dict[str, Any], by: Biller = PRACTICE, **changes: Any) -> Invoice:
    found, _ = judged(*lines, by=by, **changes)
    assert isinstance(found, Invoice), found
    return found


def amounts(*lines: dict[str, Any], by: Biller = PRACTICE, **changes: Any) -> list[int]:
    found = invoice(*lines, by=by, **changes)
    return [one.amount_rappen for one in found.medical.lines]


def errors(*lines: dict[str, Any], by: Biller = PRACTICE, **changes: Any) -> list[tuple[str, str]]:
    found, _ = judged(*lines, by=by, **changes)
    assert isinstance(found, Unreadable), found
    return [(one.code, one.path) for one in found.findings if one.severity == "error"]


def hints(*lines: dict[str, Any], by: Biller = PRACTICE, **changes: Any) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in invoice(*lines, by=by, **changes).warnings]


def test_br34_each_part_of_a_two_part_line_is_rounded_then_added() -> None:
    assert amounts(line("007", "AA.00.0010", "3"), by=ZURICH) == [4969]
    (only,) = invoice(line("007", "AA.00.0010", "2")).medical.lines  # LU: 0.83
    assert only.amount_rappen == 3090  # one rounding would give 30.89
    assert [str(only.points_mt), str(only.value_mt), str(only.points_tt)] == [
        "10.42", "0.83", "8.19",
    ]  # fmt: skip


def test_br34_the_tariffs_own_factor_and_a_discount_multiply_both_parts() -> None:
    (only,) = invoice(line("007", "AA.00.0090", "1", factor="0.5")).medical.lines
    # 10.42 x 0.83 x 0.82 x 0.5 = 3.5459, 8.19 x 0.83 x 0.82 x 0.5 = 2.7870
    assert only.amount_rappen == 355 + 279
    assert only.factor_mt == only.factor_tt
    assert float(only.factor_mt) == 0.41
    assert amounts(line("007", "AA.00.0010", factor=0)) == [0]


def test_br33_t5_the_insurers_group_has_a_point_value_of_its_own() -> None:
    then = {"request_on": "2025-12-01", "insured": {"insured_id": "1"}}
    old = line("001", "00.0010") | {"on": "2025-11-20"}
    grouped = {"gln": GROUP, "name": "A", "address": HOME}
    other = grouped | {"gln": OTHER}
    assert amounts(old, by=ZURICH, insurer=grouped, **then) == [948 + 745]
    assert amounts(old, by=ZURICH, insurer=other, **then) == [927 + 729]


def test_br33_a_national_value_of_the_law_goes_before_the_cantons() -> None:
    accident = {"law": "UVG", "insured": {"case_id": "U-1"}}
    assert amounts(line("007", "AA.00.0010"), by=ZURICH, **accident) == [959 + 753]
    doctor = msgspec.structs.replace(PRACTICE, kind="psychiatry")
    assert amounts(line("007", "AA.00.0010"), by=doctor) == [875 + 688]


def test_br35_nine_sessions_of_physiotherapy() -> None:
    sessions = [line("312", "7301") | {"on": f"2026-01-{day:02d}"} for day in range(5, 14)]
    found = invoice(*sessions, by=PHYSIO)
    assert [one.amount_rappen for one in found.medical.lines] == [4752] * 9
    assert (found.facts.amount_rappen, found.facts.due_rappen) == (42768, 42770)
    assert (found.facts.treated_from, found.facts.treated_to) == (
        date(2026, 1, 5), date(2026, 1, 13),
    )  # fmt: skip
    assert found.warnings == ()


def test_br36_a_session_holds_one_session_item_a_day_hardly_two_an_order_nine() -> None:
    session = line("312", "7301")
    assert errors(session, session, by=PHYSIO) == [("sitting_repeated", "/lines/1/session")]
    assert errors(session | {"quantity": "2"}, by=PHYSIO) == [
        ("sitting_repeated", "/lines/0/session")
    ]
    assert hints(session, session | {"session": 2}, by=PHYSIO) == [
        ("physio_session_repeated", "/lines/1/on")
    ]
    assert hints(session, line("312", "7350"), by=PHYSIO) == []
    ten = [session | {"on": f"2026-01-{day:02d}"} for day in range(5, 15)]
    assert hints(*ten, by=PHYSIO) == [("order_exceeded", "/lines/9")]


def test_br37_a_flat_rate_is_its_cost_weight_times_the_base_value() -> None:
    assert amounts(line("005", "C02.15C")) == [167]  # 1.5 x 1.11 = 1.665


def test_br32_beside_a_flat_rate_stands_only_what_the_contract_lists() -> None:
    flat = line("005", "C02.15C")
    assert errors(flat, line("007", "AA.00.0010")) == [("FLAT_RATE_MIXED", "/lines/1/tariff")]
    assert amounts(flat, line("007", "ZZ.00.0010")) == [167, 166]


def dental(**more: Any) -> list[dict[str, Any]]:
    codes = ("4.0650", "4.5620", "4.0500", "4.0500")
    return [line("222", code, point_value="1.08", **more) for code in codes]


PRIVATE: Any = {"scheme": "PRIVATE", "law": "ORG", "insurer": None, "insured": {}}


def test_br38_br43_dental_lines_at_a_private_value_and_the_payable_amount() -> None:
    found = invoice(*dental(), by=DENTIST, **PRIVATE)
    assert [one.amount_rappen for one in found.medical.lines] == [4482, 20088, 1382, 1382]
    assert (found.facts.amount_rappen, found.facts.due_rappen) == (27334, 27335)
    twice = line("222", "4.0500", "2", point_value="1.08")
    assert amounts(twice, by=DENTIST, **PRIVATE) == [2765]


def test_br38_t6_a_private_value_above_the_cap() -> None:
    dear = line("222", "4.0500", point_value="1.75")
    found, _ = judged(dear, by=DENTIST, **PRIVATE)
    assert isinstance(found, Unreadable)
    (finding,) = found.findings
    assert (finding.code, finding.path) == ("POINT_VALUE_ABOVE_CAP", "/lines/0/point_value")
    assert finding.params == {"limit": "1.70"}
    assert amounts(line("222", "4.0500", point_value="1.70"), by=DENTIST, **PRIVATE) == [2176]


def test_br38_the_number_of_points_may_vary_within_its_range() -> None:
    assert amounts(line("222", "4.5620", points="150"), by=DENTIST, **PRIVATE) == [15000]
    assert errors(line("222", "4.5620", points="201"), by=DENTIST, **PRIVATE) == [
        ("points_out_of_range", "/lines/0/points")
    ]
    assert errors(line("222", "4.0500", points="12"), by=DENTIST, **PRIVATE) == [
        ("own_value_not_allowed", "/lines/0/points")
    ]


def test_br39_the_new_dental_catalogue_is_not_for_the_kvg() -> None:
    assert errors(line("222", "4.0500"), by=DENTIST) == [("TARIFF_LAW_MISMATCH", "/lines/0/tariff")]
    assert errors(line("452", "35.01.01.00.1"), **PRIVATE) == [
        ("TARIFF_LAW_MISMATCH", "/lines/0/tariff")
    ]


def test_br40_an_analysis_of_the_practice_laboratory() -> None:
    assert amounts(line("317", "1371.00")) == [920]


def test_br41_drugs_at_their_public_price_devices_up_to_the_maximum() -> None:
    assert amounts(line("402", "7680000001011", "2")) == [1790]
    assert amounts(line("452", "35.01.01.00.1")) == [540]
    assert amounts(line("452", "35.01.01.00.1", price_rappen=500)) == [500]
    assert errors(line("452", "35.01.01.00.1", price_rappen=541)) == [
        ("price_above_maximum", "/lines/0/price_rappen")
    ]
    assert errors(line("402", "7680000001011", price_rappen=1)) == [
        ("own_value_not_allowed", "/lines/0/price_rappen")
    ]


def test_br42_home_care_by_the_minute_and_the_patients_share() -> None:
    lines = line("532", "10102", "50"), line("532", "10103", "35")
    found, priced = judged(*lines, by=CARE, scheme="TP")
    assert isinstance(found, Invoice)
    assert [one.amount_rappen for one in found.medical.lines] == [5250, 3068]
    assert priced.share_rappen == 1535
    assert (
        judged(*lines, by=msgspec.structs.replace(CARE, canton="ZH"), scheme="TP")[1].share_rappen
        == 765
    )
    assert judged(line("532", "10103", "35"), by=CARE)[1].share_rappen == 614
    child = record()["patient"] | {"born_on": "2010-01-01"}
    assert judged(*lines, by=CARE, scheme="TP", patient=child)[1].share_rappen == 0


@pytest.mark.parametrize(
    ("minutes", "counted"),
    [("1", 10), ("10", 10), ("12", 10), ("12.5", 15), ("13", 15), ("17", 15), ("18", 20)],
)
def test_br42_minutes_count_in_fives_ten_at_least(minutes: str, counted: int) -> None:
    found = invoice(line("532", "10102", minutes), by=CARE)
    (only,) = found.medical.lines
    assert only.quantity == counted
    assert only.amount_rappen == counted * 105
    told = [(one.code, one.params) for one in found.warnings]
    expected = [] if minutes == "10" else [("minutes_rounded", {"minutes": str(counted)})]
    assert told == expected


def test_br42_a_quarter_of_an_hour_at_76_90_is_a_half_rappen_up() -> None:
    assert amounts(line("532", "10101", "15"), by=CARE) == [1923]  # 19.225


def test_br46_br49_vat_that_is_contained_is_taken_out_of_the_sum() -> None:
    found = invoice(line("999", "GROSS"), by=VET, **PRIVATE)
    (group,) = found.facts.vat
    assert (group.amount_rappen, group.vat_rappen, float(group.rate)) == (10810, 810, 8.1)
    then = {"request_on": "2023-06-02"}
    old = invoice(
        line("999", "GROSS") | {"on": "2023-06-01"},
        by=VET,
        today=date(2023, 6, 3),
        **PRIVATE,
        **then,
    )
    assert [float(group.rate) for group in old.facts.vat] == [7.7]


def test_br49_t8_vat_on_top_is_computed_on_the_sum_of_its_group() -> None:
    found = invoice(*[line("999", "NET")] * 3, by=VET, **PRIVATE)
    (group,) = found.facts.vat
    assert (group.amount_rappen, group.vat_rappen) == (3135 + 254, 254)  # by the line it were 2.55
    assert found.facts.amount_rappen == 3389
    last = found.medical.lines[-1]
    assert (last.name, last.amount_rappen) == ("MWST 8.1 %", 254)


def test_br48_br49_a_veterinarians_invoice_with_two_rates() -> None:
    found = invoice(
        line("999", "NETFREE", price_rappen=33000), line("999", "NETDRUG"), by=VET, **PRIVATE
    )
    assert found.facts.amount_rappen == 43060
    assert [(float(g.rate), g.amount_rappen, g.vat_rappen) for g in found.facts.vat] == [
        (2.6, 7387, 187), (8.1, 35673, 2673),
    ]  # fmt: skip


def test_br50_t9_a_practice_without_a_number_shows_no_vat() -> None:
    assert errors(line("222", "4.8000"), by=DENTIST, **PRIVATE) == [
        ("VAT_WITHOUT_NUMBER", "/lines/0/tax")
    ]
    cosmetic = {"category": "NORMAL", "reason": "ohne Heilzweck"}
    assert errors(line("222", "4.0500", tax=cosmetic), by=DENTIST, **PRIVATE) == [
        ("VAT_WITHOUT_NUMBER", "/lines/0/tax")
    ]
    drug = invoice(line("402", "7680000001011"))
    assert [group.vat_rappen for group in drug.facts.vat] == [0]


def test_br47_the_category_may_be_changed_with_a_reason_that_is_kept() -> None:
    taxed = msgspec.structs.replace(DENTIST, vat_number="CHE-108.791.452 MWST")
    cosmetic = {"category": "NORMAL", "reason": "ohne Heilzweck"}
    found = invoice(line("222", "4.0500", tax=cosmetic), by=taxed, **PRIVATE)
    (only,) = found.medical.lines
    assert float(only.vat_rate) == 8.1
    assert only.remark == "NORMAL: ohne Heilzweck"


@pytest.mark.parametrize(
    ("changed", "code", "path"),
    [
        (line("007", "XX.00.0010"), "position_unknown", "/lines/0/code"),
        (line("581", "1"), "tariff_not_listed", "/lines/0/tariff"),
        (line("312", "7301") | {"on": "2017-12-30"}, "position_not_valid_on_date", "/lines/0/code"),
        (line("999", "NETFREE"), "price_missing", "/lines/0/price_rappen"),
        (line("007", "AA.00.0010", point_value="2"), "own_value_not_allowed",
         "/lines/0/point_value"),
    ],
)  # fmt: skip
def test_p22_what_has_no_price_is_told_at_its_field(
    changed: dict[str, Any], code: str, path: str
) -> None:
    assert (code, path) in errors(changed, by=VET)


def test_br30_t3_an_old_tariff_in_the_new_year() -> None:
    assert ("TARIFF_NOT_VALID_ON_DATE", "/lines/0/tariff") in errors(line("001", "00.0010"))


def test_br31_t2_a_series_over_the_years_end_becomes_two_invoices() -> None:
    old = line("001", "00.0010") | {"on": "2025-12-31"}
    new = line("007", "AA.00.0010") | {"on": "2026-01-01"}
    drugs = [line("402", "7680000001011") | {"on": on} for on in ("2025-12-31", "2026-01-01")]
    days = {"begins_on": "2025-12-30", "ends_on": "2026-01-03", "diagnoses": [{"code": "A1"}]}
    body = records.read(
        sent(record(old, new, *drugs, treatment=days, prepaid_rappen=500)), ServiceRecord
    )
    assert isinstance(body, ServiceRecord)
    found = [judge(part, PRACTICE, all_lists(), Variant.SUITE, TODAY)[0] for part in parts_of(body)]
    first, second = found
    assert isinstance(first, Invoice)
    assert isinstance(second, Invoice)
    assert [one.tariff for one in first.medical.lines] == ["001", "402"]
    assert [one.tariff for one in second.medical.lines] == ["007", "402"]
    assert (first.facts.request_id, second.facts.request_id) == ("L-1", "L-1-2")
    assert (first.facts.treated_from, first.facts.treated_to) == (
        date(2025, 12, 30), date(2025, 12, 31),
    )  # fmt: skip
    assert (second.facts.treated_from, second.facts.treated_to) == (
        date(2026, 1, 1), date(2026, 1, 3),
    )  # fmt: skip
    assert (first.facts.prepaid_rappen, second.facts.prepaid_rappen) == (500, 0)
    assert first.invoice_id != second.invoice_id
    assert [one.code for one in first.warnings] == ["series_split"]


def test_br31_what_no_tariff_ends_in_stays_one_invoice() -> None:
    days = ("2025-12-31", "2026-01-02")
    both = [line("312", "7301") | {"on": on} for on in days]
    body = records.read(sent(record(*both)), ServiceRecord)
    assert isinstance(body, ServiceRecord)
    assert len(parts_of(body)) == 1


def test_br33_a_tariff_without_a_value_for_the_canton_says_so() -> None:
    nobody = msgspec.structs.replace(PRACTICE, canton="UR")
    assert errors(line("007", "AA.00.0010"), by=nobody) == [
        ("point_value_unknown", "/lines/0/tariff")
    ]


def test_everything_wrong_is_told_at_once_people_and_prices() -> None:
    body = record(line("007", "AA.00.0010"), line("007", "XX"), request_on="2026-02-03")
    read = records.read(sent(body), ServiceRecord)
    assert isinstance(read, ServiceRecord)
    found, _ = judge(whole(read), PRACTICE, all_lists(), Variant.SUITE, TODAY)
    assert isinstance(found, Unreadable)
    assert {(one.code, one.path, one.record_id) for one in found.findings} == {
        ("position_unknown", "/lines/1/code", 2),
        ("request_in_future", "/request_on", 0),
    }


def test_br43_what_was_paid_before_is_taken_off_before_rounding() -> None:
    found = invoice(line("007", "AA.00.0010", "2"), prepaid_rappen=1001)
    assert (found.facts.amount_rappen, found.facts.due_rappen) == (3090, 2090)
    assert errors(line("007", "AA.00.0010"), prepaid_rappen=9000) == [
        ("due_negative", "/prepaid_rappen")
    ]


def test_b39_an_amount_beyond_all_sense_is_told_at_its_line() -> None:
    dear = line("999", "NETFREE", "999999", price_rappen=1_000_000_000)
    assert errors(dear, by=VET, **PRIVATE) == [("amount_too_large", "/lines/0/quantity")]
    million = line("999", "NETFREE", price_rappen=900_000_000)
    assert errors(million, million, by=VET, **PRIVATE) == [("amount_too_large", "/lines/0")]


def test_br42_a_discount_on_home_care_keeps_to_the_places_of_a_message() -> None:
    assert amounts(line("532", "10102", "50", factor="0.333333"), by=CARE) == [1750]


NUMBERS = st.decimals(0, 999_999, places=6) | st.decimals(0, 100, places=2)
ANY_LINE = st.fixed_dictionaries(
    {
        "key": st.sampled_from(sorted(all_lists().positions)),
        "quantity": st.decimals("0.000001", 999_999, places=6) | st.just(1),
        "on": st.dates(date(2025, 12, 1), date(2026, 1, 31)).map(str),
    },
    optional={
        "factor": NUMBERS,
        "points": NUMBERS,
        "point_value": NUMBERS,
        "price_rappen": st.integers(0, 1_000_000_000),
        "session": st.integers(1, 3),
    },
)


@given(
    st.lists(ANY_LINE, min_size=1, max_size=6),
    st.sampled_from(list(Law)),
    st.sampled_from([VET, PRACTICE]),
)
def test_br43_whatever_is_priced_is_refused_or_adds_up(
    chosen: list[dict[str, Any]], law: Law, by: Biller
) -> None:
    lines = []
    for one in chosen:
        tariff, code = one.pop("key")
        texts = {name: str(value) for name, value in one.items() if isinstance(value, Decimal)}
        lines.append({"tariff": tariff, "code": code} | one | texts)
    body = records.read(sent(record(*lines, law=law.value)), ServiceRecord)
    assert isinstance(body, ServiceRecord)
    for part in parts_of(body):
        found, priced = judge(part, by, all_lists(), Variant.SUITE, TODAY)
        codes = [one.code for one in (*getattr(found, "findings", ()),)]
        assert "line_amount_mismatch" not in codes
        assert "total_mismatch" not in codes
        assert "vat_mismatch" not in codes
        if isinstance(found, Invoice):
            assert found.facts.amount_rappen == priced.sums.amount_rappen
            assert found.facts.due_rappen % 5 == 0
