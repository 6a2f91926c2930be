"""The clerks' desk: views of a picture, fields as keyed, choices between two keyings."""

import copy
from typing import Any

from services.gateway.portal.keying import View, applied, typed
from services.ingest.sheet_keying import differing

ONE: dict[str, Any] = {
    "patient": {"name": "Zünd", "sex": "female"},
    "remark": "a",
    "lines": [{"code": "1", "quantity": "1"}, {"code": "2"}, {"code": "3"}],
}
OTHER: dict[str, Any] = {
    "patient": {"name": "Zuend", "sex": "female", "ahv": "7"},
    "lines": [{"code": "1", "quantity": "2"}, {"code": "4"}],
}


def chosen(first: dict[str, Any], second: dict[str, Any], *places: int) -> dict[str, Any]:
    """Return what comes of choosing the first clerk's values at some places."""
    differences = list(differing(first, second))
    said = {f"choose.{place}": "first" for place in places}
    return applied(second, differences, said)


def test_whoever_is_right_in_everything_is_taken_as_keyed() -> None:
    for first, second in ((ONE, OTHER), (OTHER, ONE)):
        every = range(len(list(differing(first, second))))
        assert chosen(first, second, *every) == first
        assert chosen(first, second) == second


def test_each_field_is_chosen_by_itself_and_the_keyings_stay_as_they_are() -> None:
    kept = copy.deepcopy(OTHER)
    paths = [one["path"] for one in differing(ONE, OTHER)]
    made = chosen(ONE, OTHER, paths.index("/lines/0/quantity"), paths.index("/patient/ahv"))
    assert made["lines"] == [{"code": "1", "quantity": "1"}, {"code": "4"}]
    assert made["patient"] == {"name": "Zuend", "sex": "female"}
    assert kept == OTHER


def test_a_printed_position_without_a_quantity_was_not_done() -> None:
    fields = typed(
        {
            "request_id": "E-1",
            "lines.0.tariff": "007", "lines.0.code": "A", "lines.0.quantity": "",
            "lines.1.tariff": "007", "lines.1.code": "B", "lines.1.quantity": "2",
            "lines.1.on": "2026-01-05",
            "lines.2.tariff": "007", "lines.2.code": "C", "lines.2.quantity": "1",
        }
    )  # fmt: skip
    assert fields["lines.0.code"] == "B"
    assert fields["lines.1.code"] == "C"
    assert fields["lines.1.on"] == "2026-01-05", "a line without a day is of the day above"
    assert "lines.2.code" not in fields


def test_a_view_goes_no_further_than_its_pages_and_sizes() -> None:
    view = View.of("2,3,300", 2)
    assert str(view.after("next")) == str(view.after("larger")) == "2,3,300"
    assert str(view.after("turn")) == "2,0,300"
    assert str(view.after("back").after("back")) == "1,3,300"
    assert str(view.after("smaller")) == "2,3,200"
    assert str(View.of("9,9,100", 2)) == "2,1,100"
    for nonsense in ("", "1,1", "a,b,c", "1,1,99", "²,1,100"):
        assert str(View.of(nonsense, 2)) == "1,0,100"
