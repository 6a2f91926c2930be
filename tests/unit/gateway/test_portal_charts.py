"""The two charts of the overview: whole numbers, nothing outside, small sums still seen."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.portal import charts

TODAY = date(2026, 11, 23)
SUMS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 10**9)), min_size=4, max_size=4)


@given(SUMS)
def test_the_ageing_bar_shows_every_sum_and_stays_within_its_width(
    sums: list[tuple[int, int]],
) -> None:
    bar = charts.ageing(sums)
    assert [row.rappen for row in bar.rows] == [rappen for _, rappen in sums]
    assert [part.key for part in bar.parts] == [row.key for row in bar.rows if row.rappen]
    assert all(part.width >= 4 for part in bar.parts)
    assert all(part.x + part.width <= bar.width for part in bar.parts)


def test_a_small_old_sum_is_still_seen_beside_a_large_one() -> None:
    bar = charts.ageing([(400, 10_000_000), (0, 0), (0, 0), (1, 5)])
    assert [part.shade for part in bar.parts] == ["b1", "b4"]
    assert bar.parts[1].width >= 4


@given(st.dictionaries(st.integers(-20, 3), st.integers(-(10**6), 10**9), max_size=24))
def test_the_weeks_stay_within_their_chart_and_the_last_one_is_this_week(
    by_week: dict[int, int],
) -> None:
    this = charts.monday(TODAY)
    chart = charts.weeks({this + timedelta(weeks=w): r for w, r in by_week.items()}, TODAY)
    assert len(chart.bars) == charts.WEEKS
    assert chart.bars[-1].monday == this
    assert all(bar.y >= 0 and bar.y + bar.height <= chart.height for bar in chart.bars)
    assert all(chart.left <= bar.x and bar.x + bar.width <= chart.width for bar in chart.bars)
    assert 2 <= len(chart.lines) <= 6


def test_a_bar_is_as_high_as_the_line_of_its_sum() -> None:
    this = charts.monday(TODAY)
    chart = charts.weeks({this: 4_000_00}, TODAY)
    line = next(line for line in chart.lines if line.francs == 4_000)
    assert chart.bars[-1].y == line.y


def test_a_week_in_which_more_was_taken_back_shows_no_bar_and_keeps_its_sum() -> None:
    this = charts.monday(TODAY)
    bar = charts.weeks({this: -100}, TODAY).bars[-1]
    assert (bar.height, bar.rappen) == (0, -100)


def test_without_payments_there_is_nothing_to_draw() -> None:
    assert not charts.weeks({}, TODAY).any
    assert not charts.ageing([(0, 0)] * 4).parts
