"""Seeded lies about what happened: `verify` finds each and names service, position and difference.

One scene is stored on each engine; a lie is told to it, found, and taken back (P14, P15).
"""

# ruff: noqa: S608 - a lie is told in whatever words SQL has for it

import pytest

from libs.runtime.settings import Settings
from tests.lies import Liar, found, liar, wrong

COLUMNS = {
    "stream": "'forged'",
    "version": "version + 100",
    "event_id": "'00000000-0000-0000-0000-000000000000'",
    "type": "'InvoiceForged'",
    "schema_version": "schema_version + 1",
    "tenant": "'00000000-0000-0000-0000-000000000000'",
    "correlation_id": "'forged'",
    "causation_id": "'forged'",
    "traceparent": "'forged'",
    "recorded_at": "'2020-01-01T00:00:00+00:00'",
}
RAPPEN = {
    "ingest": ("movements", "amount_rappen"),
    "invoicing": ("invoices", "open_rappen"),
    "dunning": ("cases", "open_rappen"),
    "factoring": ("claims", "open_rappen"),
    "gateway": ("invoices", "open_rappen"),
}
KEYS = {
    "movements": "credit_id",
    "invoices": "invoice_id",
    "cases": "invoice_id",
    "claims": "invoice_id",
}


def test_the_truth_is_found_to_be_true(stored: Settings) -> None:
    assert wrong(stored) == ""
    assert found(stored)["documents"] >= 5


def test_p15_a_flipped_byte_in_an_event_is_found(stored: Settings, invoicing: Liar) -> None:
    row = invoicing.ask("SELECT stream, version, data FROM events WHERE position = 3")
    changed = bytes(row.data).replace(b"2026", b"2027", 1)
    assert changed != bytes(row.data)
    with invoicing.lied("events"):
        invoicing.say("UPDATE events SET data = :data WHERE position = 3", data=changed)
        lines = wrong(stored, "invoicing")
    assert f"invoicing: position 3, stream {row.stream} version {row.version} is not" in lines


@pytest.mark.parametrize("column", COLUMNS)
def test_p15_a_changed_column_of_an_event_is_found(
    stored: Settings, invoicing: Liar, column: str
) -> None:
    with invoicing.lied("events"):
        invoicing.say(f"UPDATE events SET {column} = {COLUMNS[column]} WHERE position = 3")
        lines = wrong(stored, "invoicing")
    assert "invoicing: position 3, stream" in lines
    assert "is not what was recorded" in lines


def test_p15_a_link_of_the_chain_that_was_made_anew_is_found(
    stored: Settings, invoicing: Liar
) -> None:
    """Whoever changes an event and its own link still breaks the next one's."""
    with invoicing.lied("events"):
        invoicing.say("UPDATE events SET chain = :link WHERE position = 3", link=b"\1" * 32)
        lines = wrong(stored, "invoicing")
    assert "invoicing: position 3, stream" in lines
    assert "invoicing: position 4, stream" in lines


def test_p15_a_deleted_event_is_found(stored: Settings, invoicing: Liar) -> None:
    with invoicing.lied("events"):
        assert invoicing.say("DELETE FROM events WHERE position = 3") == 1
        assert "invoicing: position 3 is missing" in wrong(stored, "invoicing")


def test_p15_a_log_that_was_cut_short_is_found(stored: Settings, invoicing: Liar) -> None:
    (head,) = invoicing.ask("SELECT position FROM log_head")
    with invoicing.lied("events"):
        invoicing.say("DELETE FROM events WHERE position > :at", at=head - 2)
        lines = wrong(stored, "invoicing")
    assert f"invoicing: positions {head - 1} to {head} are missing" in lines
    assert f"invoicing: the head, at position {head}, does not fit the last event" in lines


def test_p15_a_log_cut_short_with_its_head_is_found_by_those_who_heard_it(
    stored: Settings, invoicing: Liar
) -> None:
    (head,) = invoicing.ask("SELECT position FROM log_head")
    with invoicing.lied("events"), invoicing.lied("log_head"):
        invoicing.say("DELETE FROM events WHERE position > :at", at=head - 2)
        invoicing.say(
            "UPDATE log_head SET position = :at,"
            " chain = (SELECT chain FROM events WHERE position = :at)",
            at=head - 2,
        )
        lines = wrong(stored)
    assert f"dunning: position {head} in invoicing lies beyond what was said: {head - 2}" in lines
    assert "invoicing: invoices " in lines or "invoicing: documents " in lines


def test_p15_two_swapped_events_are_found(stored: Settings, invoicing: Liar) -> None:
    with invoicing.lied("events"):
        for before, after in ((3, -3), (4, 3), (-3, 4)):
            invoicing.say(
                "UPDATE events SET position = :to WHERE position = :at", at=before, to=after
            )
        lines = wrong(stored, "invoicing")
    assert "invoicing: position 3, stream" in lines
    assert "invoicing: position 4, stream" in lines


def test_p15_an_invented_event_is_found(stored: Settings, invoicing: Liar) -> None:
    (head,) = invoicing.ask("SELECT position FROM log_head")
    names = (
        "type, schema_version, tenant, data, correlation_id, causation_id, traceparent,"
        " recorded_at, chain"
    )
    with invoicing.lied("events"):
        invoicing.say(
            f"INSERT INTO events (position, stream, version, event_id, {names})"
            f" SELECT :new, 'forged', 1, 'forged', {names} FROM events WHERE position = :at",
            at=head,
            new=head + 1,
        )
        lines = wrong(stored, "invoicing")
    assert f"the head, at position {head}, does not fit the last event, at {head + 1}" in lines


@pytest.mark.parametrize("service", RAPPEN)
def test_p14_a_shifted_rappen_in_a_read_table_is_found(stored: Settings, service: str) -> None:
    table, column = RAPPEN[service]
    key = KEYS[table]
    with liar(stored, service) as one, one.lied(table):
        row = one.ask(f"SELECT {key}, {column} FROM {table} ORDER BY {key} LIMIT 1")
        one.say(f"UPDATE {table} SET {column} = {column} + 1 WHERE {key} = :key", key=row[0])
        lines = wrong(stored, service)
    assert f"{service}: {table} {row[0]} differs: {column} is {row[1] + 1}" in lines
    assert f"should be {row[1]}" in lines


@pytest.mark.parametrize("service", RAPPEN)
def test_p14_an_added_and_a_lost_row_of_a_read_table_are_found(
    stored: Settings, service: str
) -> None:
    table, _ = RAPPEN[service]
    key = KEYS[table]
    with liar(stored, service) as one, one.lied(table):
        row = one.ask(f"SELECT {key} FROM {table} ORDER BY {key} LIMIT 1")
        one.say(f"UPDATE {table} SET {key} = 'invented' WHERE {key} = :key", key=row[0])
        lines = wrong(stored, service)
    assert f"{service}: {table} has a row that no event made: invented" in lines
    assert f"{service}: {table} lacks the row {row[0]}" in lines
