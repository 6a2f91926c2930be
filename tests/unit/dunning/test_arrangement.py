"""Instalments: equal parts, the same day each month."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.dunning.arrangement import PART_RAPPEN_MIN, months_later, proposal, split


def test_sums_are_split_in_steps_of_five_rappen_and_the_last_takes_the_rest() -> None:
    """T18, BR-75."""
    assert split(1_240_00, 6) == (206_65,) * 5 + (206_75,)
    assert split(487_35, 4) == (121_80,) * 3 + (121_95,)


def test_the_day_of_a_month_that_has_none_is_its_last() -> None:
    """BR-75: 31 January, 28 February, 31 March."""
    start = date(2026, 1, 31)
    assert [months_later(start, count) for count in (0, 1, 2, 11, 12)] == [
        start,
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 12, 31),
        date(2027, 1, 31),
    ]


def test_a_sum_below_two_smallest_parts_is_not_divided() -> None:
    """BR-76."""
    assert proposal(99_95, date(2026, 4, 7)) == ()
    assert len(proposal(100_00, date(2026, 4, 7))) == 2


@given(st.integers(100_00, 10_000_000_00))
def test_a_proposal_adds_up_and_no_part_is_too_small(open_rappen: int) -> None:
    parts = proposal(open_rappen, date(2026, 1, 31))
    assert sum(part.amount_rappen for part in parts) == open_rappen
    assert all(part.amount_rappen >= PART_RAPPEN_MIN for part in parts)
    assert 2 <= len(parts) <= 6
    assert [part.due_on for part in parts] == sorted({part.due_on for part in parts})
