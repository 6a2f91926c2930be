"""Values that the schema admits or not, and that must not be believed: rows B18 to B29, B39."""

import pytest

from services.ingest.message.xml_invoice import LINES_MAX, Invoice, Unreadable, parse
from tests.unit.ingest.hostile import FILE_NAMES, NO_AMOUNTS, NO_NUMBERS, PDF
from tests.unit.ingest.samples import TODAY, changed, message_45, message_50, with_attachment


def verdict(data: bytes) -> tuple[int, str]:
    found = parse(data, TODAY)
    assert isinstance(found, Unreadable), found
    return found.status, found.problem


def test_b18_every_finding_of_the_structure_is_listed_without_values() -> None:
    data = changed(
        message_50(),
        ('canton="LU"', 'canton="CANARY"'),
        (' request_id="R-1"', ""),
        ('code="AA.00.0010"', 'code=" "'),
    )
    found = parse(data, TODAY)
    assert isinstance(found, Unreadable)
    assert found.problem == "xml_schema_invalid"
    codes = {f.code for f in found.findings}
    assert codes == {"value_not_allowed", "attribute_missing", "value_empty"}
    assert all(f.line and f.path for f in found.findings)
    assert "CANARY" not in repr(found)


@pytest.mark.parametrize("amount", NO_AMOUNTS)
def test_b19_an_amount_that_is_no_money_is_refused(amount: str) -> None:
    data = changed(message_50(), ('amount_due="36.50"', f'amount_due="{amount}"'))
    assert verdict(data) == (422, "amount_invalid")


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_b39_a_quantity_that_is_no_number_is_refused(number: str) -> None:
    data = changed(message_50(), ('quantity="2"', f'quantity="{number}"'))
    assert verdict(data) == (422, "number_invalid")


def test_b20_the_sum_of_the_services_must_be_the_total() -> None:
    data = changed(message_50(), ('amount="36.52" amount_due', 'amount="36.53" amount_due'))
    assert verdict(data) == (422, "total_mismatch")


@pytest.mark.parametrize("cut", ["<!-- x -->", "<?pi x?>", "<![CDATA[]]>"])
def test_b21_a_comment_inside_a_name_does_not_cut_it(cut: str) -> None:
    found = parse(changed(message_50(), ("Zünd<", f"Zü{cut}nd<")), TODAY)
    assert isinstance(found, Invoice)
    assert found.debtor.name == "Zünd"


def test_b25_a_wrong_check_digit_counts_by_what_hangs_on_it() -> None:
    def codes(text: str, old: str, new: str) -> tuple[list[str], bool]:
        found = parse(changed(text, (old, new)), TODAY)
        usable = isinstance(found, Invoice)
        findings = found.warnings if isinstance(found, Invoice) else found.findings
        return [f.code for f in findings], usable

    assert codes(message_50(), 'ssn="7561234567897"', 'ssn="7561234567890"') == (
        ["ahv_check_digit"],
        True,
    )
    assert codes(message_50(), "CH4431999123000889012", "CH4531999123000889012") == (
        ["iban_check_digit"],
        True,
    )
    assert codes(message_50(), "210000000003139471430009017", "210000000003139471430009018") == (
        ["reference_check_digit"],
        True,
    )
    right, wrong = 'insurance gln="7601003000009"', 'insurance gln="7601003000001"'
    assert codes(message_50(), right, wrong) == (["gln_check_digit"], True)
    tp, usable = codes(message_45(), '"7601003000009"', '"7601003000001"')
    assert "gln_check_digit" in tp
    assert not usable
    right, wrong = 'biller_gln gln="7601000000125"', 'biller_gln gln="7601000000120"'
    assert codes(message_50(), right, wrong) == (["gln_check_digit"], False)


@pytest.mark.parametrize("day", ["0000-00-00", "2026-02-30", "2025-02-29", "10000-01-01", "heute"])
def test_b26_a_day_that_does_not_exist_is_refused(day: str) -> None:
    data = changed(
        message_50(), ('treatment date_begin="2026-01-20"', f'treatment date_begin="{day}"')
    )
    assert verdict(data) == (422, "date_invalid")


@pytest.mark.parametrize("zone", ["", "Z", "-14:00", "+14:00"])
def test_b26_the_year_9999_overflows_nothing(zone: str) -> None:
    data = changed(
        message_45(),
        ('date_end="2026-01-20T00:00:00" c', f'date_end="9999-12-31T23:59:59{zone}" c'),
    )
    assert verdict(data)[0] == 422


def test_b27_a_treatment_in_the_future_and_due_before_issue_are_refused() -> None:
    future = changed(message_50(), ('date_end="2026-01-20"', 'date_end="2026-02-03"'))
    assert verdict(future) == (422, "treatment_in_future")
    before = changed(message_50(), ('payment_period="P30D"', 'payment_period="-P10D"'))
    assert verdict(before) == (422, "due_before_issue")


@pytest.mark.parametrize(
    ("mime", "content", "expected"),
    [
        ("application/pdf", PDF, None),
        ("application/pdf", "###", "attachment_invalid"),
        ("application/pdf", PDF[:-1] + "=x", "attachment_invalid"),
        ("image/png", PDF, "attachment_type_mismatch"),
    ],
)
def test_b28_an_attachment_that_nobody_could_open_is_refused(
    mime: str, content: str, expected: str | None
) -> None:
    found = parse(with_attachment(message_50(), "a.pdf", mime, content), TODAY)
    assert (found.problem if isinstance(found, Unreadable) else None) == expected


@pytest.mark.parametrize("name", FILE_NAMES)
def test_b29_a_file_name_is_data(name: str) -> None:
    data = with_attachment(message_50(), name.replace("<", "&lt;"), "application/pdf", PDF)
    assert isinstance(parse(data, TODAY), Invoice)


def test_a_flood_of_findings_is_cut_and_counted() -> None:
    data = changed(message_50(), ("<i:services>", "<i:services>" + "<i:service/>" * 5_000))
    found = parse(data, TODAY)
    assert isinstance(found, Unreadable)
    assert len(found.findings) == 101
    assert found.findings[-1].code == "findings_cut"


def test_b13_more_lines_than_an_event_can_hold_are_refused_with_what_to_do() -> None:
    message = message_50()
    begin = message.rindex("<i:service ")
    line = message[begin : message.index("/>", begin) + 2]
    data = message.replace(line, line * LINES_MAX, 1).encode()
    refused = parse(data, TODAY)
    assert isinstance(refused, Unreadable)
    assert refused.status == 413
    assert [finding.code for finding in refused.findings] == ["too_many_lines"]
    assert refused.findings[0].params == {"limit": str(LINES_MAX)}
