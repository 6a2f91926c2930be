"""What the pages read: one practice's rows, found by anything one knows of them, by key ranges."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from services.gateway.portal import figures, queries
from services.gateway.portal.queries import Filter
from services.gateway.portal.states import state_of
from tests.unit.gateway.portal_samples import PRACTICE, TODAY, put_invoice, tables

DAY = timedelta(days=1)
OTHER = "practice-2"


@pytest.fixture
def db() -> Iterator[Connection]:
    with tables() as connection:
        yield connection


def found(db: Connection, **wish: Any) -> Sequence[str]:
    rows, _ = queries.invoice_page(db, PRACTICE, Filter(**wish), TODAY, None)
    return [row.number for row in rows]


def several(db: Connection) -> None:
    """Write one invoice in each state that a chip names."""
    overdue: dict[str, Any] = {"due_on": TODAY - DAY, "issued_on": TODAY - 31 * DAY}
    put_invoice(db, invoice_id="1", number="open")
    put_invoice(db, invoice_id="2", number="overdue", **overdue)
    put_invoice(db, invoice_id="3", number="reminded", stage="first_reminder", **overdue)
    put_invoice(db, invoice_id="4", number="held", hold="dispute", hold_review_on=TODAY, **overdue)
    put_invoice(db, invoice_id="5", number="collection", case_ended="COLLECTION", **overdue)
    put_invoice(db, invoice_id="6", number="paid", end="PAID", open_rappen=0, case_ended="PAID")
    put_invoice(db, invoice_id="7", number="stuck", next_on=TODAY - 6 * DAY, **overdue)
    put_invoice(db, invoice_id="8", number="lost", case_practice=None, **overdue)
    put_invoice(db, OTHER, invoice_id="9", number="foreign", **overdue)


@pytest.mark.parametrize(
    ("state", "numbers"),
    [
        ("all", {"open", "overdue", "reminded", "held", "collection", "paid", "stuck", "lost"}),
        ("open", {"open", "overdue", "reminded", "held", "collection", "stuck", "lost"}),
        ("overdue", {"overdue", "reminded", "held", "collection", "stuck", "lost"}),
        ("reminded", {"reminded"}),
        ("held", {"held"}),
        ("collection", {"collection"}),
        ("paid", {"paid"}),
        ("stuck", {"stuck", "lost"}),
    ],
)
def test_a_chip_lists_its_state_and_counts_what_it_lists(
    db: Connection, state: str, numbers: set[str]
) -> None:
    several(db)
    assert set(found(db, state=state)) == numbers
    counts = dict(queries.counts(db, PRACTICE, TODAY))
    counts["stuck"] = figures.stuck(db, PRACTICE, TODAY)
    assert counts[state] == len(numbers)


def test_the_list_of_errors_is_what_the_states_call_an_error(db: Connection) -> None:
    several(db)
    rows, _ = queries.invoice_page(db, PRACTICE, Filter(), TODAY, None)
    assert {row.number for row in rows if state_of(row, TODAY).next.broken} == set(
        found(db, state="stuck")
    )


@pytest.mark.parametrize(
    "known",
    ["Nguyen", "nguy", "thi", "Thi Nguyen", "nguyen thi", "Nguyen, Thi", "26-1037", "R1001",
     "234.55", "CHF 234.55", "010040112000000000103716004", "01 00401 12000 00000"],
)  # fmt: skip
def test_an_invoice_is_found_by_anything_one_knows_of_it(db: Connection, known: str) -> None:
    put_invoice(db)
    put_invoice(db, invoice_id="2", number="25-1", request_id="X", reference="99", name="Anders",
                given_name="Eva", amount_rappen=100, open_rappen=100)  # fmt: skip
    assert found(db, q=known) == ["26-103716"]


@pytest.mark.parametrize("unknown", ["Schmid", "234.50", "%", "_", "' or 1=1 --", "103716"])
def test_what_nobody_has_finds_nothing(db: Connection, unknown: str) -> None:
    put_invoice(db)
    assert found(db, q=unknown) == []


def test_accents_and_case_do_not_matter_in_names(db: Connection) -> None:
    put_invoice(db, name="Zürcher-Émond", given_name="Françoise")
    assert found(db, q="zurcher-em") == found(db, q="ZÜRCHER") == found(db, q="francoise")
    assert len(found(db, q="zurcher")) == 1


def test_search_payer_and_state_narrow_each_other(db: Connection) -> None:
    put_invoice(db, invoice_id="1", number="a")
    put_invoice(db, invoice_id="2", number="b", payer="insurer")
    put_invoice(db, invoice_id="3", number="c", end="PAID")
    assert found(db, q="nguyen", payer="patient", state="open") == ["a"]


def test_nobody_finds_another_practices_invoice(db: Connection) -> None:
    put_invoice(db, OTHER)
    assert found(db) == []
    assert found(db, q="Nguyen") == []
    assert queries.invoice(db, PRACTICE, "invoice-1") is None
    assert queries.events_of(db, PRACTICE, "invoice-1") == []


def test_an_erased_person_leaves_the_invoice_without_a_name(db: Connection) -> None:
    put_invoice(db, name=None)
    row = queries.invoice(db, PRACTICE, "invoice-1")
    assert row is not None
    assert (row.name, row.open_rappen) == (None, 23455)


def test_pages_follow_each_other_without_gap_or_repeat(db: Connection) -> None:
    for index in range(queries.PAGE * 2 + 7):
        day = date(2026, 1, 1) + (index // 3) * DAY
        put_invoice(db, invoice_id=f"{index:03}", number=f"{index:03}", issued_on=day)
    seen: list[str] = []
    after: tuple[date, str] | None = None
    for _ in range(3):
        rows, after = queries.invoice_page(db, PRACTICE, Filter(), TODAY, after)
        seen += [row.number for row in rows]
    assert after is None
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == queries.PAGE * 2 + 7


def test_open_sums_are_split_by_age_and_add_up(db: Connection) -> None:
    for index, days in enumerate([-5, 0, 1, 30, 31, 90, 91, 400]):
        due = TODAY - days * DAY
        put_invoice(db, invoice_id=str(index), number=str(index), due_on=due, open_rappen=100)
    sums = figures.open_sums(db, PRACTICE, TODAY)
    assert (sums["open_count"], sums["open_rappen"]) == (8, 800)
    assert (sums["overdue_count"], sums["overdue_rappen"]) == (6, 600)
    ages = ("not_due", "month", "quarter", "older")
    assert [sums[f"{age}_count"] for age in ages] == [2, 2, 2, 2]


@pytest.mark.parametrize(
    "wish",
    [*({"state": state} for state in queries.STATES), {"q": "hofer"}, {"q": "234.55"},
     {"q": "26-10"}, {"q": "0100401120"}],
)  # fmt: skip
def test_no_list_reads_a_table_from_end_to_end(db: Connection, wish: dict[str, str]) -> None:
    query = queries.listed(PRACTICE, Filter(**wish), TODAY, (TODAY, "x"))
    sql = str(query.compile(db, compile_kwargs={"literal_binds": True}))
    left_open = ("",) * sql.count("?")
    plan = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", left_open)
    assert [row.detail for row in plan if is_whole(row.detail)] == []


def is_whole(step: str) -> bool:
    """Say whether a step walks through a whole table of ours."""
    table = step.removeprefix("SCAN ").split(" ")[0]
    return step.startswith("SCAN ") and table in {"invoices", "people", "cases", "claims"}
