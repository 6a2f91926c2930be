"""The rules of tariffs, laws and payers, with the worked examples of business-rules 1 and 2."""

from decimal import Decimal

import pytest

from services.ingest.message.arithmetic import francs, round_payable
from services.ingest.message.lexical import uid_ok
from services.ingest.message.lines import round_rappen
from services.ingest.message.tariffs import TARIFFS
from tests.unit.ingest.samples import BILLER, PROVIDER, changed, message_44, message_50
from tests.unit.ingest.test_rules import noticed

LAW = 'law type="KVG" insured_id="123.45" card_id="80756015090002647590"'
UVG = 'law type="UVG" case_id="1.23" case_date="2026-01-10"'
LAB = "7601000000118"


def with_line(  # noqa: PLR0913 - what a line is made of
    tariff: str,
    code: str,
    unit: str,
    *,
    factor: str = "1",
    quantity: str = "1",
    more: str = "",
    provider: str = PROVIDER,
    law: str = LAW,
    again: int = 1,
) -> bytes:
    """Return the sample with further lines of one part and without VAT; all sums hold."""
    rappen = round_rappen(Decimal(unit) * Decimal(factor) * Decimal(quantity))
    lines = "".join(
        f'<i:service record_id="{3 + number}" tariff_type="{tariff}" code="{code}" name="x"'
        f' quantity="{quantity}" date_begin="2026-01-20T00:00:00" provider_id="{provider}"'
        f' responsible_id="{provider}" unit="{unit}" unit_factor="{factor}"'
        f' amount="{francs(rappen)}"{more}/>'
        for number in range(again)
    )
    added = rappen * again
    total, due = 3652 + added, round_payable(3652 + added)
    return changed(
        message_50(),
        ("</i:services>", f"{lines}</i:services>"),
        ('vat_rate="0" amount="18.62"', f'vat_rate="0" amount="{francs(1862 + added)}"'),
        ('amount="36.52" amount_due="36.50"',
         f'amount="{francs(total)}" amount_due="{francs(due)}"'),
        (LAW, law),
    )  # fmt: skip


def test_br14_an_analysis_of_another_laboratory_is_refused() -> None:
    own = with_line("317", "1245.00", "10")
    assert noticed(own) == (True, [])
    assert noticed(with_line("317", "1245.00", "10", provider=BILLER)) == (True, [])
    foreign = with_line("317", "1245.00", "10", provider=LAB)
    assert noticed(foreign) == (False, ["LAB_FOREIGN", "provider_unlisted"])
    person = '<i:partner gln="{}" type="service_provider"><i:person><i:familyname>A</i:familyname>'
    rest = "<i:givenname>B</i:givenname><i:postal><i:zip>1</i:zip><i:city>C</i:city></i:postal>"
    listed = f"<i:partners>{person.format(LAB)}{rest}</i:person></i:partner></i:partners>"
    assert noticed(changed(foreign.decode(), ("<i:partners/>", listed))) == (True, [])


@pytest.mark.parametrize("kind", sorted(set(TARIFFS) - {"001", "007", "005", "TMA", "222"}))
def test_every_tariff_type_is_taken(kind: str) -> None:
    code = {"402": "7680123456781", "452": "01.01.01.00.1", "403": "12345678"}.get(kind, "7354")
    usable, codes = noticed(with_line(kind, code, "5"))
    assert usable
    assert set(codes) <= {"tariff_withdrawn", "TARIFF_LAW_MISMATCH"}
    assert ("tariff_withdrawn" in codes) is (kind in {"401", "451"})


def test_an_unknown_tariff_is_kept_and_named_once() -> None:
    usable, codes = noticed(with_line("9X9", "any", "5", again=3))
    assert usable
    assert codes == ["tariff_unknown"]


@pytest.mark.parametrize(
    ("kind", "code"), [("402", "123"), ("452", "1.1"), ("005", "AA.00.0010"), ("403", "7")]
)
def test_a_position_that_does_not_look_like_its_tariff_is_named(kind: str, code: str) -> None:
    assert "tariff_code_form" in noticed(with_line(kind, code, "5"))[1]


def test_a_line_in_the_form_of_another_tariff_is_named() -> None:
    assert "tariff_shape_differs" in noticed(with_line("007", "AA.00.0010", "5"))[1]
    old = changed(message_44(), ('tariff_type="402"', 'tariff_type="400"'), ("7680123456781", "12"))
    assert noticed(old) == (True, [])


def test_br32_a_flat_rate_covers_its_day() -> None:
    usable, codes = noticed(with_line("005", "C02.15C", "250"))
    assert not usable
    assert codes == ["FLAT_RATE_MIXED"]
    free = changed(
        with_line("005", "C02.15C", "250").decode(),
        ('unit_factor_mt="0.97" amount_mt="10.24"',
         'unit_factor_mt="0.97" external_factor_mt="0" amount_mt="0"'),
        ('unit_factor_tt="0.97" amount_tt="8.38" amount="18.62"',
         'unit_factor_tt="0.97" external_factor_tt="0" amount_tt="0" amount="0"'),
        ('vat_rate="0" amount="268.62"', 'vat_rate="0" amount="250"'),
        ('amount="286.52" amount_due="286.50"', 'amount="267.90" amount_due="267.90"'),
    )  # fmt: skip
    assert noticed(free) == (True, [])


def test_a_trigger_stands_beside_its_flat_rate_and_costs_nothing() -> None:
    assert "trigger_without_flat_rate" in noticed(with_line("TMA", "AA.00.0010", "0"))[1]
    assert "trigger_priced" in noticed(with_line("TMA", "AA.00.0010", "5"))[1]
    both = with_line("005", "C02.15C", "250", again=2).decode()
    second = both.rindex('tariff_type="005" code="C02.15C"')
    beside = both[:second] + both[second:].replace("005", "TMA", 1).replace(
        'unit="250"', 'unit="0"', 1
    ).replace('amount="250.00"', 'amount="0"', 1)
    codes = noticed(beside.encode())[1]
    assert not {"trigger_priced", "trigger_without_flat_rate"} & set(codes)


def test_br35_and_br36_physiotherapy() -> None:
    # Item 7301 is 48 points; at 0.99 a session costs 47.52.
    assert noticed(with_line("312", "7301", "48", factor="0.99")) == (True, [])
    assert round_rappen(Decimal(48) * Decimal("0.99")) == 4752
    twice = noticed(with_line("312", "7301", "48", factor="0.99", again=2))
    assert twice == (True, ["physio_session_repeated"])
    nine = noticed(with_line("312", "7301", "48", factor="0.99", quantity="9"))
    assert nine == (True, ["physio_session_repeated"])
    supplement = noticed(with_line("312", "7350", "24", factor="0.99", again=2))
    assert supplement == (True, [])


@pytest.mark.parametrize(
    ("kind", "law", "code"),
    [("312", UVG, "TARIFF_LAW_MISMATCH"), ("311", LAW, "TARIFF_LAW_MISMATCH"),
     ("311", UVG, None), ("312", 'law type="VVG" insured_id="1"', None)],
)  # fmt: skip
def test_physiotherapy_by_law_is_named(kind: str, law: str, code: str | None) -> None:
    assert noticed(with_line(kind, "7301", "48", law=law)) == (True, [code] if code else [])


@pytest.mark.parametrize(
    ("law", "factor", "usable", "code"),
    [
        ('law type="ORG"', "1.70", True, None),
        ('law type="ORG"', "1.75", False, "POINT_VALUE_ABOVE_CAP"),  # T6
        ('law type="VVG" insured_id="1"', "1.71", False, "POINT_VALUE_ABOVE_CAP"),
        (UVG, "1.00", True, None),
        (UVG, "1.08", False, "POINT_VALUE_ABOVE_CAP"),
        (LAW, "1.00", False, "TARIFF_LAW_MISMATCH"),
    ],
)
def test_br38_and_br39_the_dental_point(
    law: str,
    factor: str,
    usable: bool,  # noqa: FBT001
    code: str | None,
) -> None:
    found, codes = noticed(with_line("222", "4.0650", "41.5", factor=factor, law=law))
    assert (found, codes) == (usable, [code] if code else [])


def test_br39_the_old_dental_catalogue_under_the_kvg() -> None:
    assert noticed(with_line("221", "4065", "41.5", factor="3.10")) == (True, [])
    assert noticed(with_line("221", "4065", "41.5", factor="3.11"))[1] == ["POINT_VALUE_ABOVE_CAP"]


def test_br38_the_example_of_a_private_dentist() -> None:
    points = ("41.5", "186", "12.8", "12.8")
    amounts = [round_rappen(Decimal(one) * Decimal("1.08")) for one in points]
    assert amounts == [4482, 20_088, 1382, 1382]
    assert sum(amounts) == 27_334
    assert round_payable(sum(amounts)) == 27_335
    assert round_rappen(2 * Decimal("12.8") * Decimal("1.08")) == 2765


SOCIAL = "<i:companyname>Sozialdienst der Stadt</i:companyname>"


def test_br22_t12_a_social_service_wants_to_have_approved_dental_work() -> None:
    data = with_line("222", "4.7010", "412", law='law type="ORG"').decode()
    start = data.index('<i:debitor gln="2099999999998">') + len('<i:debitor gln="2099999999998">')
    end = data.index("</i:debitor>")
    office = f"<i:company>{SOCIAL}<i:postal><i:street>A 1</i:street><i:zip>6003</i:zip>"
    office += "<i:city>Luzern</i:city></i:postal></i:company>"
    crown = data[:start] + office + data[end:]
    assert noticed(crown.encode()) == (True, ["APPROVAL_REQUIRED"])
    approval = (
        '<i:credit request_timestamp="1769947100" request_date="2026-01-05T00:00:00"'
        ' request_id="K-1"/><i:invoice '
    )
    assert noticed(changed(crown, ("<i:invoice ", approval))) == (True, [])
    private = crown.replace("Sozialdienst der Stadt", "Muster AG")
    assert noticed(private.encode()) == (True, [])


@pytest.mark.parametrize(
    ("old", "new", "code", "usable"),
    [
        (LAW, 'law type="IVG"', "decision_number_missing", False),
        (LAW, 'law type="UVG" case_id="1"', "case_date_missing", True),
        (LAW, 'law type="MVG" case_date="2026-01-10"', "case_number_missing", True),
        ('<i:diagnosis type="cantonal" code="A1"/>', "", "diagnosis_missing", True),
        ('ssn="7561234567897"', 'ssn="7569999999991"', "ahv_missing", True),
        ("CHE108791452", "CHE108791453", "vat_number_check_digit", True),
        ("CHE108791452", "CHE-108.791.452", None, True),
    ],
)
def test_br12_and_br15_what_a_payer_wants_to_know(
    old: str,
    new: str,
    code: str | None,
    usable: bool,  # noqa: FBT001
) -> None:
    assert noticed(changed(message_50(), (old, new))) == (usable, [code] if code else [])


def test_br15_without_any_zsr_a_kvg_invoice_is_named() -> None:
    text = message_50()
    begin, end = text.index("<i:biller_zsr"), text.index("</i:biller_zsr>")
    without = text[:begin] + text[end + len("</i:biller_zsr>") :]
    assert noticed(without.encode()) == (True, ["zsr_missing"])


def test_br12_maternity_is_no_accident() -> None:
    data = changed(message_50(), (LAW, UVG), ('reason="disease"', 'reason="maternity"'))
    assert noticed(data) == (True, ["reason_law_differs"])


def test_br44_a_line_of_tomorrow_is_refused_whatever_the_treatment_says() -> None:
    data = changed(
        message_50(),
        ('quantity="2" date_begin="2026-01-20T00:00:00"',
         'quantity="2" date_begin="2026-02-03T00:00:00"'),
    )  # fmt: skip
    usable, codes = noticed(data)
    assert not usable
    assert codes == ["treatment_in_future", "service_outside_treatment"]


@pytest.mark.parametrize(
    ("number", "good"),
    [("CHE108791452", True), ("CHE-108.791.452", True), ("CHE-108.791.452 MWST", True),
     ("CHE108791453", False), ("CHE100000000", False), ("108791452", False), ("", False)],
)  # fmt: skip
def test_the_check_digit_of_a_uid(number: str, good: bool) -> None:  # noqa: FBT001
    assert uid_ok(number) is good
