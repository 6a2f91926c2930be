"""The same invoice in three versions becomes the same canonical invoice."""

from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from libs.events.values import Kind, Law, Scheme
from services.ingest.message.xml_invoice import Invoice, Unreadable, parse
from tests.standards import violations
from tests.unit.ingest.samples import (
    INSURER,
    NS,
    TODAY,
    changed,
    message_44,
    message_45,
    message_50,
    with_reminder,
)

VERSIONS = {"4.4": message_44, "4.5": message_45, "5.0": message_50}


def accepted(data: bytes) -> Invoice:
    found = parse(data, TODAY)
    assert isinstance(found, Invoice), found
    return found


def refused(data: bytes) -> Unreadable:
    found = parse(data, TODAY)
    assert isinstance(found, Unreadable), found
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_the_samples_of_these_tests_are_valid_against_the_official_schema(version: str) -> None:
    xsd = f"invoice/generalInvoiceRequest_{version.replace('.', '')}0.xsd"
    assert violations(xsd, VERSIONS[version]().encode()) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_gives_the_same_lines_and_sums(version: str) -> None:
    found = accepted(VERSIONS[version]().encode())
    assert found.warnings == ()
    assert found.facts.version == version
    assert (found.facts.amount_rappen, found.facts.due_rappen) == (3652, 3650)
    tardoc, drug = found.medical.lines
    assert (tardoc.tariff, tardoc.points_mt, tardoc.value_tt) == (
        "007",
        Decimal("10.56"),
        Decimal("0.97"),
    )
    assert (drug.tariff, drug.quantity, drug.amount_rappen) == ("402", Decimal(2), 1790)
    assert drug.vat_rate == Decimal("2.6")
    assert drug.on == date(2026, 1, 20)


def test_a_50_message_in_full() -> None:
    found = accepted(message_50().encode())
    facts = found.facts
    assert (facts.kind, facts.scheme, facts.law) == (Kind.INVOICE, Scheme.TG, Law.KVG)
    assert (facts.request_id, facts.request_timestamp) == ("R-1", 1_769_947_200)
    assert facts.request_on == date(2026, 2, 1)
    assert (facts.biller_gln, facts.biller_zsr) == ("7601000000125", "C123456")
    assert (facts.canton, facts.term_days, facts.language) == ("LU", 30, "de")
    assert facts.software == "Praxisprogramm 7"
    assert facts.guid == "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    assert facts.insurer_name == "Kasse Muster"
    assert found.debtor.name == "Zünd"
    assert found.debtor.address.house_no == "3"
    assert found.patient.born_on == date(1980, 2, 28)
    assert found.medical.card_id == "80756015090002647590"
    assert found.medical.remark == "Kontrolle"


def test_in_tiers_payant_the_insurer_owes() -> None:
    found = accepted(message_45().encode())
    assert found.facts.scheme is Scheme.TP
    assert found.facts.insurer_gln == INSURER
    assert found.debtor.company
    assert found.debtor.name == "Kasse Muster"
    assert found.facts.term_days == 45
    assert found.medical.diagnoses[0].text == "Grippe"
    assert found.medical.card_id == "80756015090002647590"


def test_before_45_the_guarantor_is_the_debtor_and_the_street_is_taken_apart() -> None:
    found = accepted(message_44().encode())
    assert (found.debtor.name, found.debtor.address.street) == ("Zünd", "Seeweg")
    assert found.debtor.address.house_no == "3"


def test_a_message_of_43_is_named_so_if_it_says_so_and_has_nothing_newer() -> None:
    data = changed(message_44(), ("_440.xsd", "_430.xsd"), (' uid_number="CHE108791452"', ""))
    assert accepted(data).facts.version == "4.3"


def test_the_structure_wins_over_a_wrong_schema_location() -> None:
    found = accepted(changed(message_50(), ("_500.xsd", "_450.xsd")))
    assert found.facts.version == "5.0"
    assert [f.code for f in found.warnings] == ["version_hint_differs"]


def test_any_prefix_and_none_is_read() -> None:
    plain = message_50().replace("<i:", "<").replace("</i:", "</").replace("xmlns:i=", "xmlns=")
    other = (
        message_50()
        .replace("<i:", "<s7:")
        .replace("</i:", "</s7:")
        .replace("xmlns:i=", "xmlns:s7=")
    )
    expected = accepted(message_50().encode())
    assert accepted(plain.encode()) == expected
    assert accepted(other.encode()) == expected


def test_copies_stornos_and_reminders_name_the_same_invoice_under_keys_of_their_own() -> None:
    first = accepted(message_45().encode())
    copy = accepted(changed(message_45(), ('copy="0"', 'copy="1"')))
    storno = accepted(changed(message_45(), ('storno="0"', 'storno="true"')))
    text = with_reminder(message_45())
    reminder = accepted(changed(text, ('payload type="invoice"', 'payload type="reminder"')))
    kinds = [Kind.INVOICE, Kind.COPY, Kind.STORNO, Kind.REMINDER]
    assert [m.facts.kind for m in (first, copy, storno, reminder)] == kinds
    assert {m.invoice_id for m in (copy, storno, reminder)} == {first.invoice_id}
    assert len({m.submission_id for m in (first, copy, storno, reminder)}) == 4
    assert reminder.facts.reminder_level == 2


def test_the_storno_of_a_reminder_does_not_cancel_the_invoice() -> None:
    storno = changed(
        with_reminder(message_50()),
        ('request_type="invoice"', 'request_type="reminder"'),
        ('request_subtype="normal"', 'request_subtype="storno"'),
    )
    assert accepted(storno).facts.kind is Kind.REMINDER


def test_a_storno_may_carry_negative_quantities_and_sums() -> None:
    storno = changed(
        message_50(),
        ('request_subtype="normal"', 'request_subtype="storno"'),
        ('quantity="1"', 'quantity="-1"'),
        ('quantity="2"', 'quantity="-2"'),
        ('"10.24"', '"-10.24"'),
        ('"8.38"', '"-8.38"'),
        ('amount="18.62"', 'amount="-18.62"'),
        ('amount="17.90"', 'amount="-17.90"'),
        ('amount="36.52" amount_due="36.50"', 'amount="-36.52" amount_due="-36.50"'),
        ('vat="0.45"', 'vat="-0.45"'),
    )
    found = accepted(storno)
    assert (found.facts.kind, found.facts.amount_rappen) == (Kind.STORNO, -3652)
    assert found.warnings == ()


def test_a_storno_with_only_the_flag_set_is_understood_and_named() -> None:
    found = accepted(changed(message_45(), ('storno="0"', 'storno="1"')))
    assert [f.code for f in found.warnings] == ["storno_unsigned"]


def test_without_any_insurance_law_the_relation_is_private() -> None:
    found = accepted(changed(message_50(), ('law type="KVG"', 'law type="ORG"')))
    assert found.facts.scheme is Scheme.PRIVATE


def test_tiers_soldant_is_read() -> None:
    data = changed(
        message_50(),
        ("<i:tiers_garant>", '<i:tiers_soldant allowTS="true">'),
        ("</i:tiers_garant>", "</i:tiers_soldant>"),
    )
    assert accepted(data).facts.scheme is Scheme.TS


def test_b30_a_test_message_is_taken_as_a_test() -> None:
    found = accepted(changed(message_50(), ('modus="production"', 'modus="test"')))
    assert found.facts.test
    real = accepted(message_50().encode())
    assert found.submission_id != real.submission_id  # and does not stand in its way (B23)
    assert found.invoice_id == real.invoice_id


def test_the_language_en_is_taken_with_a_warning() -> None:
    found = accepted(changed(message_50(), ('language="de"', 'language="en"')))
    assert found.facts.language == "en"
    assert [f.code for f in found.warnings] == ["value_not_allowed"]


def test_times_with_an_offset_keep_their_day() -> None:
    for given in ("2026-01-20T00:00:00+02:00", "2026-01-19T23:30:00Z", "2026-01-20T23:59:59.9"):
        found = accepted(changed(message_45(), ('date_begin="2026-01-20T00:00:00" p',
                                                f'date_begin="{given}" p')))  # fmt: skip
        assert {line.on for line in found.medical.lines} == {date(2026, 1, 20)}


def test_body_encrypted_is_said_instead_of_body_missing() -> None:
    xenc = '<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>'
    start, end = message_50().index("<i:body "), message_50().index("</i:body>")
    data = message_50()[:start] + xenc + message_50()[end + len("</i:body>") :]
    found = refused(data.encode())
    assert (found.status, [f.code for f in found.findings]) == (422, ["body_encrypted"])


def test_a_refused_message_still_says_what_it_was() -> None:
    right = accepted(message_45().encode())
    wrong = refused(
        changed(message_45(), ('amount="36.52" amount_due', 'amount="36.53" amount_due'))
    )
    assert wrong.submission_id == right.submission_id
    assert wrong.invoice_id == right.invoice_id
    assert (wrong.request_id, wrong.version, wrong.amount_rappen) == ("R-2", "4.5", 3653)


def test_a_finding_points_to_line_column_and_path() -> None:
    data = changed(message_50(), ('unit="8.95"', 'unit="9.95"'))
    finding = refused(data).findings[0]
    place = finding.path.rpartition("/@")[0]
    found = etree.fromstring(data).xpath(place, namespaces={"invoice": NS})
    assert isinstance(found, list)
    element = found[0]
    assert isinstance(element, etree._Element)
    assert (element.get("record_id"), finding.record_id) == ("2", 2)
    assert finding.path.endswith("/@amount")
    assert str(finding.line) == str(element.sourceline)  # the stubs say nothing of its type
    assert data.splitlines()[finding.line - 1][finding.column - 1 :].startswith(b"<i:service ")


@pytest.mark.parametrize(
    ("old", "new"),
    [("Seeweg", "Unbekannt"), ("<i:zip>6003<", "<i:zip>0000<"), ("Luzern</i:city>", "</i:city>")],
)
def test_an_unknown_address_is_a_warning(old: str, new: str) -> None:
    codes = {f.code for f in accepted(changed(message_50(), (old, new))).warnings}
    assert "address_incomplete" in codes


def test_a_birth_date_of_year_one_means_unknown() -> None:
    found = accepted(changed(message_50(), ("1980-02-28", "0001-01-01")))
    assert found.patient.born_on is None
    assert [f.code for f in found.warnings] == ["birthdate_unknown"]


def test_a_name_in_letters_that_no_letter_shows_is_a_warning_and_one_in_ours_is_none() -> None:
    found = accepted(changed(message_50(), ("Luzern</i:city>", "琉森</i:city>")))
    assert "letters_unprinted" in {f.code for f in found.warnings}
    found = accepted(changed(message_50(), ("Luzern</i:city>", "Łuzern</i:city>")))
    assert "letters_unprinted" not in {f.code for f in found.warnings}


def test_br19_a_child_as_debtor_is_named() -> None:
    found = accepted(changed(message_50(), ("1980-02-28", "2010-02-28")))
    assert [f.code for f in found.warnings] == ["debtor_minor"]
