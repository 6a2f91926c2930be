"""Zurich days, and cells that a spreadsheet does not calculate (P17, P23)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.gateway.reconciliation import Day, Line, Movement, as_csv, bounds, record


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 1, 5), 24)],
)
def test_p17_a_zurich_day_has_as_many_hours_as_it_has(day: date, hours: int) -> None:
    begin, end = bounds(day)
    assert end - begin == timedelta(hours=hours)
    assert bounds(day + timedelta(days=1))[0] == end, "no instant is in two days or in none"
    assert bounds(date(2026, 1, 5))[0] == datetime(2026, 1, 4, 23, tzinfo=UTC)


@pytest.mark.parametrize("number", ["=1+1", "+41", "-5", "@cmd", "\t=1"])
def test_p23_an_invoice_number_is_not_calculated_by_a_spreadsheet(number: str) -> None:
    line = Line(request_id=number, number="26-1", invoice_id="i", movement=Movement())
    text = as_csv(Day(day=date(2026, 1, 5), lines=[line], total=Movement()), 0, 0).decode()
    assert f"'{number}" in text


def test_a_small_rest_that_was_waived_is_open_again_when_its_payment_is_taken_back() -> None:
    one = Movement()
    record(one, "InvoiceIssued", {"open_rappen": 10_000, "facts": {"reminder_rappen": 500}})
    record(one, "PaymentReceived", {"amount_rappen": 9_996, "open_rappen": 4})
    record(one, "InvoiceSettled", {"waived_rappen": 4})
    assert (one.open_after_rappen, one.waived_rappen, one.reminder_fees_rappen) == (0, 4, 500)
    record(one, "PaymentReversed", {"amount_rappen": 9_996, "open_rappen": 10_000})
    assert (one.open_after_rappen, one.waived_rappen, one.reversed_rappen) == (10_000, 0, 9_996)
