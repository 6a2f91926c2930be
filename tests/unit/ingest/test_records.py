"""Bodies in JSON: what they become, and where what is wrong with them is told."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.handed import VatGroup
from libs.events.values import Law, Scheme, Variant
from libs.records import Handed, ServiceRecord
from services.ingest.bodies import records
from services.ingest.bodies.written import Sums, Writer, days_of
from services.ingest.findings import Unreadable
from services.ingest.message.xml_invoice import Invoice
from tests.unit.ingest.bodies import HOME, PRACTICE, people, sent
from tests.unit.ingest.samples import BILLER, INSURER, TODAY

SUMS = Sums(
    amount_rappen=3652,
    due_rappen=3650,
    groups=(VatGroup(rate=Decimal(0), amount_rappen=3652, vat_rappen=0),),
)


def judged(today: date = TODAY, **changes: Any) -> Invoice | Unreadable:
    """Return what a body without lines becomes, as a finished invoice would."""
    body = records.read(sent(people(**changes)), Handed)
    assert isinstance(body, Handed), body
    written = Writer(body, PRACTICE).write(days_of(body, ()), SUMS)
    return records.judged(body, written, Variant.FINISHED, today)


def noticed(found: Invoice | Unreadable) -> list[tuple[str, str]]:
    """Return code and path of each finding."""
    findings = found.findings if isinstance(found, Unreadable) else found.warnings
    return [(finding.code, finding.path) for finding in findings]


def test_br27_the_people_of_a_body_become_those_of_an_invoice() -> None:
    found = judged()
    assert isinstance(found, Invoice)
    assert noticed(found) == []
    facts = found.facts
    assert (facts.variant, facts.scheme, facts.law) == (Variant.FINISHED, Scheme.TG, Law.KVG)
    assert (facts.biller_gln, facts.biller_zsr) == (BILLER, "C123456")
    assert (facts.insurer_gln, facts.insurer_name) == (INSURER, "Kasse Muster")
    assert (facts.canton, facts.language, facts.term_days) == ("LU", "de", 30)
    assert (facts.amount_rappen, facts.due_rappen) == (3652, 3650)
    assert facts.treated_from == facts.treated_to == date(2026, 1, 20)
    patient = found.patient
    assert (patient.party.name, patient.party.given_name) == ("Zünd", "Rahel")
    assert (patient.born_on, patient.sex, patient.ahv) == (
        date(1980, 2, 28), "female", "7561234567897",
    )  # fmt: skip
    address = patient.party.address
    assert (address.street, address.house_no, address.zip, address.city) == (
        "Seeweg", "3", "6003", "Luzern",
    )  # fmt: skip
    assert found.debtor == patient.party
    medical = found.medical
    assert (medical.insured_id, medical.card_id) == ("123.45", "80756015090002647590")
    assert [one.code for one in medical.diagnoses] == ["A1"]
    assert medical.remark == "Kontrolle"


def test_br3_who_owes_follows_the_scheme_unless_somebody_is_named() -> None:
    insurer = judged(scheme="TP")
    assert isinstance(insurer, Invoice)
    assert insurer.debtor.company
    assert insurer.debtor.name == "Kasse Muster"
    mother = {"name": "Zünd", "given_name": "Ruth", "address": HOME}
    named = judged(scheme="PRIVATE", law="VVG", debtor=mother)
    assert isinstance(named, Invoice)
    assert (named.facts.scheme, named.debtor.given_name) == (Scheme.PRIVATE, "Ruth")


def test_p10_number_day_and_timestamp_make_the_key_of_a_body() -> None:
    first, again = judged(), judged(remark="")
    other, stamped = judged(request_id="L-2"), judged(request_timestamp=1769947200)
    ids = [one.submission_id for one in (first, again, other, stamped)]
    assert ids[0] == ids[1]
    assert len(set(ids[1:])) == 3


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"request_on": "2026-02-03"}, "request_in_future", "/request_on"),
        ({"treatment": {"begins_on": "2026-01-20", "ends_on": "2026-03-01"}},
         "treatment_in_future", "/treatment/ends_on"),
        ({"treatment": {"begins_on": "2020-01-20", "ends_on": "2020-01-20"}},
         "treatment_too_old", "/treatment/ends_on"),
        ({"biller_gln": "7601000000126"}, "gln_check_digit", "/biller_gln"),
        ({"scheme": "TP", "insurer": people()["insurer"] | {"gln": "7601003000008"}},
         "gln_check_digit", "/insurer/gln"),
    ],
)  # fmt: skip
def test_p22_what_the_rules_notice_is_told_at_its_field(
    changes: dict[str, Any], code: str, path: str
) -> None:
    found = judged(**changes)
    assert isinstance(found, Unreadable)
    assert (code, path) in noticed(found)


def test_br15_a_hint_names_its_field_too() -> None:
    found = judged(insured={}, patient=people()["patient"] | {"ahv": "7561234567890"})
    assert isinstance(found, Invoice)
    assert noticed(found) == [
        ("ahv_check_digit", "/patient/ahv"),
        ("insured_number_missing", "/insured/insured_id"),
    ]


def test_br1_who_owes_in_tiers_payant_must_be_named() -> None:
    found = records.read(sent(people(scheme="TP", insurer=None)), Handed)
    assert isinstance(found, Unreadable)
    assert noticed(found) == [("field_missing", "/insurer")]
    assert found.request_id == "L-1"


def test_b37_every_field_that_is_wrong_is_told_at_once_and_no_value_with_it() -> None:
    body = people(request_on="2026-02-30", law="ABC", lines=[{"tariff": "007", "on": 3}], zz=1)
    body["patient"] = {"name": "Geheim" * 9, "sex": 1, "address": HOME, "ahv": "12"}
    found = records.read(sent(body), ServiceRecord)
    assert isinstance(found, Unreadable)
    assert sorted(noticed(found)) == sorted([
        ("field_day_invalid", "/request_on"),
        ("field_not_allowed", "/law"),
        ("field_too_long", "/patient/name"),
        ("field_missing", "/patient/given_name"),
        ("field_missing", "/patient/born_on"),
        ("field_not_allowed", "/patient/sex"),
        ("field_malformed", "/patient/ahv"),
        ("field_missing", "/lines/0/code"),
        ("field_day_invalid", "/lines/0/on"),
        ("field_unknown", "/zz"),
    ])  # fmt: skip
    assert (found.status, found.request_id) == (422, "L-1")
    assert "Geheim" not in repr(found)


@pytest.mark.parametrize(
    ("data", "code", "status"),
    [
        (b"", "json_malformed", 400),
        (b"{", "json_malformed", 400),
        (b'{"a": NaN}', "json_malformed", 400),
        (b'{"request_id": "\xe4"}', "json_malformed", 400),
        (b'{"law": "KVG", "law": "UVG"}', "json_duplicate_key", 400),
        (b'{"remark": "\\u0000"}', "field_malformed", 422),
        (b"[]", "field_type", 422),
    ],
)
def test_b35_b36_what_is_no_json_is_refused_as_a_whole(data: bytes, code: str, status: int) -> None:
    found = records.read(data, ServiceRecord)
    assert isinstance(found, Unreadable)
    assert [finding.code for finding in found.findings] == [code]
    assert found.status == status


@given(st.binary(max_size=300))
def test_p20_no_bytes_make_the_reader_fail(data: bytes) -> None:
    assert isinstance(records.read(data, ServiceRecord), Unreadable)
