"""The form of services: what is typed becomes a body, what is found goes to its field."""

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.records import ServiceRecord
from services.gateway.portal import record_form as form
from services.gateway.portal.findings import Sentence

TODAY = date(2026, 2, 1)
DOCTOR = SimpleNamespace(kind="general_practice", language="fr")
PEOPLE = {
    "patient.name": "Zünd",
    "patient.given_name": "Rahel",
    "patient.born_on": "1980-02-28",
    "patient.sex": "female",
    "patient.address.zip": "6003",
    "patient.address.city": "Luzern",
}


def sentence(code: str) -> Sentence:
    return Sentence("error", code, "", 0, code)


def test_a_form_filled_in_is_a_body_that_is_in_order() -> None:
    fields = form.fresh("ab12", TODAY, DOCTOR) | PEOPLE | {"insurer.gln": "7601003000009"}
    fields |= {"insurer.name": "Kasse", "treatment.diagnoses.0.code": "A1"}
    fields = form.with_line(fields, "007", "AA.00.0010", "2026-01-20")
    fields |= {"lines.0.price_rappen": "1'234.5", "lines.0.factor": "0,5", "lines.0.session": "2"}
    body = ServiceRecord.model_validate(form.body_of(fields), strict=False)
    assert body.request_id == "L-260201-AB12"
    assert (body.law, body.scheme, body.language, body.term_days) == ("KVG", "TG", "fr", 30)
    (line,) = body.lines
    assert (line.price_rappen, str(line.factor), line.session) == (123450, "0.5", 2)
    assert body.treatment.diagnoses[0].code == "A1"
    assert body.debtor is None


@pytest.mark.parametrize(
    ("kind", "law", "scheme"),
    [("dentist", "ORG", "PRIVATE"), ("veterinary", "ORG", "PRIVATE"), ("physio", "KVG", "TG")],
)
def test_br3_a_new_form_begins_with_what_is_usual_for_the_practice(
    kind: str, law: str, scheme: str
) -> None:
    fields = form.fresh("ab12", TODAY, SimpleNamespace(kind=kind, language="de"))
    assert (fields["law"], fields["scheme"]) == (law, scheme)


def test_lines_are_numbered_anew_when_one_goes() -> None:
    fields: dict[str, str] = {}
    for code in "abc":
        fields = form.with_line(fields, "007", code, "2026-01-20")
    left = form.without_line(fields, 1)
    assert [line["code"] for line in form.lines_of(left)] == ["a", "c"]
    assert [line.place for line in form.lines_of(left)] == [0, 1]
    assert [one["code"] for one in form.body_of(left)["lines"]] == ["a", "c"]


def test_br38_an_own_point_value_goes_on_from_line_to_line_of_a_tariff() -> None:
    fields = form.with_line({}, "222", "4.0500", "2026-01-20") | {"lines.0.point_value": "1.08"}
    fields = form.with_line(fields, "402", "7680000001011", "2026-01-20")
    fields = form.with_line(fields, "222", "4.0650", "2026-01-20")
    assert [line["point_value"] for line in form.lines_of(fields)] == ["1.08", "", "1.08"]


def test_what_is_no_number_stays_a_text_so_that_its_finding_comes_to_its_field() -> None:
    body = form.body_of({"prepaid_rappen": "viel", "term_days": "bald", "lines.0.quantity": "x"})
    assert (body["prepaid_rappen"], body["term_days"]) == ("viel", "bald")
    assert body["lines"] == [{"quantity": "x"}]


def test_what_the_form_does_not_know_is_not_taken() -> None:
    sent = {
        "patient.secret": "x",
        "lines.0.zz": "x",
        "lines.x.code": "x",
        "csrf": "x",
        "law": "KVG",
    }
    assert form.typed(sent) == {"law": "KVG"}
    many = {f"lines.{place}.code": "x" for place in range(form.LINES_MAX + 20)}
    assert len(form.lines_of(form.typed(many))) == form.LINES_MAX
    full = form.typed(many)
    assert form.with_line(full, "007", "y", "") == full


def test_findings_come_to_their_field_or_the_nearest_group() -> None:
    found = [
        ("/patient/ahv", sentence("a")),
        ("/patient/address/country", sentence("b")),
        ("/lines/0/price_rappen", sentence("c")),
        ("/lines/0/zz", sentence("d")),
        ("/lines/7/code", sentence("e")),
        ("", sentence("f")),
        ("/request_on", sentence(form.MISSING)),
    ]
    told = form.told_at(found, 1, tried=False)
    assert {name: [one.code for one in some] for name, some in told.items()} == {
        "patient.ahv": ["a"], "patient": ["b"], "lines.0.price_rappen": ["c"], "lines.0": ["d"],
        "lines": ["e"], "": ["f"],
    }  # fmt: skip
    assert [one.code for one in form.told_at(found, 1, tried=True)["request_on"]] == [form.MISSING]


@given(st.dictionaries(st.sampled_from([*form.FIELDS, "lines.0.code", "lines.3.on"]), st.text()))
def test_p20_whatever_is_typed_a_body_can_be_made_of_it(sent: dict[str, str]) -> None:
    body = form.body_of(form.typed(sent))
    assert isinstance(body["lines"], list)
