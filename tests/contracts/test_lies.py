"""Seeded lies: `verify` finds each and names service, position and what differs (P14, P15).

One scene is stored on each engine; a lie is told to it, found, and taken back.
"""

# ruff: noqa: S608 - a lie is told in whatever words SQL has for it

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from libs.runtime.settings import Settings
from libs.runtime.system import System
from libs.runtime.vault import master_key
from services.command.builds import BUILDS
from services.command.opening import migrate_all
from services.gateway import registration
from tests import releases
from tests.engines import Databases
from tests.lies import Liar, found, liar
from tests.system import cooperative

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


async def played(settings: Settings) -> None:
    """Play the scene; then say two things more that nobody has heard yet."""
    async with cooperative(settings.data, database=settings.database) as made:
        await releases.scene(made)
        clock = made.clock
    alone = System(settings, {"gateway": BUILDS["gateway"]}, clock)
    await alone.start()
    for number in (1, 2):
        command, _ = registration.new_client(
            practice_id=made.members[0].practice_id, name=f"more {number}"
        )
        await alone.hosts["gateway"].handle(command)
    await alone.stop()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp(request.param)
    master_key(folder / "master.key")
    if request.param == "sqlite":
        settings = Settings(data=folder, demo=False)
        asyncio.run(played(settings))
        yield settings
        return
    databases = Databases(request.getfixturevalue("postgres_server"))
    url = databases.create("keys", *BUILDS)
    settings = Settings(data=folder, demo=False, database=url, master_key=folder / "master.key")
    migrate_all(settings, [])
    asyncio.run(played(settings))
    yield settings
    databases.drop()


@pytest.fixture
def invoicing(stored: Settings) -> Iterator[Liar]:
    with liar(stored, "invoicing") as made:
        yield made


def wrong(settings: Settings) -> str:
    """Return all that does not hold, a line each."""
    return "\n".join(found(settings)["failed"])


def test_the_truth_is_found_to_be_true(stored: Settings) -> None:
    assert wrong(stored) == ""
    assert found(stored)["documents"] >= 5


def test_p15_a_flipped_byte_in_an_event_is_found(stored: Settings, invoicing: Liar) -> None:
    row = invoicing.ask("SELECT stream, version, data FROM events WHERE position = 3")
    changed = bytes(row.data).replace(b"2026", b"2027", 1)
    assert changed != bytes(row.data)
    with invoicing.lied("events"):
        invoicing.say("UPDATE events SET data = :data WHERE position = 3", data=changed)
        lines = wrong(stored)
    assert f"invoicing: position 3, stream {row.stream} version {row.version} is not" in lines


@pytest.mark.parametrize("column", COLUMNS)
def test_p15_a_changed_column_of_an_event_is_found(
    stored: Settings, invoicing: Liar, column: str
) -> None:
    with invoicing.lied("events"):
        invoicing.say(f"UPDATE events SET {column} = {COLUMNS[column]} WHERE position = 3")
        lines = wrong(stored)
    assert "invoicing: position 3, stream" in lines
    assert "is not what was recorded" in lines


def test_p15_a_link_of_the_chain_that_was_made_anew_is_found(
    stored: Settings, invoicing: Liar
) -> None:
    """Whoever changes an event and its own link still breaks the next one's."""
    with invoicing.lied("events"):
        invoicing.say("UPDATE events SET chain = :link WHERE position = 3", link=b"\1" * 32)
        lines = wrong(stored)
    assert "invoicing: position 3, stream" in lines
    assert "invoicing: position 4, stream" in lines


def test_p15_a_deleted_event_is_found(stored: Settings, invoicing: Liar) -> None:
    with invoicing.lied("events"):
        assert invoicing.say("DELETE FROM events WHERE position = 3") == 1
        assert "invoicing: position 3 is missing" in wrong(stored)


def test_p15_a_log_that_was_cut_short_is_found(stored: Settings, invoicing: Liar) -> None:
    (head,) = invoicing.ask("SELECT position FROM log_head")
    with invoicing.lied("events"):
        invoicing.say("DELETE FROM events WHERE position > :at", at=head - 2)
        lines = wrong(stored)
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
        lines = wrong(stored)
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
        lines = wrong(stored)
    assert f"the head, at position {head}, does not fit the last event, at {head + 1}" in lines


@pytest.mark.parametrize("service", RAPPEN)
def test_p14_a_shifted_rappen_in_a_read_table_is_found(stored: Settings, service: str) -> None:
    table, column = RAPPEN[service]
    key = KEYS[table]
    with liar(stored, service) as one, one.lied(table):
        row = one.ask(f"SELECT {key}, {column} FROM {table} ORDER BY {key} LIMIT 1")
        one.say(f"UPDATE {table} SET {column} = {column} + 1 WHERE {key} = :key", key=row[0])
        lines = wrong(stored)
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
        lines = wrong(stored)
    assert f"{service}: {table} has a row that no event made: invented" in lines
    assert f"{service}: {table} lacks the row {row[0]}" in lines


MOVED = {
    "back by one": "seq = seq - 1",
    "back with the mark of another event": "seq = seq - 1, mark = 'another'",
    "forward over what was not heard": "seq = seq + 1",
    "back to the beginning": "seq = 0",
}


@pytest.mark.parametrize("how", MOVED)
@pytest.mark.parametrize("service", ["ingest", "invoicing", "dunning", "factoring"])
def test_a_moved_position_is_found(stored: Settings, service: str, how: str) -> None:
    with liar(stored, service) as one, one.lied("positions"):
        at = "consumer = :consumer AND source = 'gateway'"
        assert one.say(f"UPDATE positions SET {MOVED[how]} WHERE {at}", consumer=service) == 1
        lines = wrong(stored)
    assert f"{service}: position " in lines
    assert " in gateway was moved: position " in lines or "event another" in lines


@pytest.mark.parametrize(
    ("service", "source"),
    [("invoicing", "ingest"), ("dunning", "invoicing"), ("factoring", "invoicing")],
)
def test_a_position_set_back_together_with_its_mark_or_removed_is_found_by_what_it_led_to(
    stored: Settings, service: str, source: str
) -> None:
    with liar(stored, source) as owner:
        first = owner.ask("SELECT position, event_id FROM events WHERE position = 1")
    at = "consumer = :consumer AND source = :source"
    for lie in ("UPDATE positions SET seq = 1, mark = :mark WHERE", "DELETE FROM positions WHERE"):
        given = {"mark": first.event_id} if "mark" in lie else {}
        with liar(stored, service) as one, one.lied("positions"):
            assert one.say(f"{lie} {at}", consumer=service, source=source, **given) == 1
            lines = wrong(stored)
        assert f"{service}: its position in {source} was moved: it has acted on position" in lines


@pytest.mark.parametrize("lie", ["SET seq = seq - 1", "SET seq = seq + 1000"])
def test_a_moved_checkpoint_of_effects_is_found(
    stored: Settings, invoicing: Liar, lie: str
) -> None:
    """A letter would be made twice, or never."""
    with invoicing.lied("positions"):
        assert invoicing.say(f"UPDATE positions {lie} WHERE consumer = 'effects'") == 1
        assert " of effects " in wrong(stored)


def test_a_removed_checkpoint_of_effects_is_found(stored: Settings, invoicing: Liar) -> None:
    with invoicing.lied("positions"):
        assert invoicing.say("DELETE FROM positions WHERE consumer = 'effects'") == 1
        assert "invoicing: position 0 of effects was moved: position" in wrong(stored)


def test_a_moved_day_of_the_calendar_is_found(stored: Settings) -> None:
    with liar(stored, "dunning") as one, one.lied("positions"):
        assert one.say("UPDATE positions SET seq = seq - 7 WHERE consumer = 'calendar'") == 1
        assert " of calendar was moved" in wrong(stored)


def document_of(settings: Settings, liar: Liar) -> tuple[int, Path]:
    """Return a document that the log names: where it does, and the file."""
    row = liar.ask(
        "SELECT position, data FROM events WHERE type = 'InvoiceDispatched' ORDER BY position"
        " LIMIT 1"
    )
    name = bytes(row.data).decode().split('"document":"')[1][:64]
    return row.position, settings.data / "documents" / name[:2] / name[2:]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


FILES: dict[str, tuple[Any, str]] = {
    "changed": (flip, "does not hold what its name says"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-10]), "cannot be read"),
    "emptied": (lambda path: path.write_bytes(b""), "cannot be read"),
    "missing": (lambda path: path.unlink(), "is missing"),
    "another document": (
        lambda path: shutil.copy(
            next(p for p in path.parents[1].rglob("*") if p.is_file() and p != path), path
        ),
        "does not hold what its name says",
    ),
}


@pytest.mark.parametrize("how", FILES)
def test_a_document_that_is_not_what_it_was_is_found(
    stored: Settings, invoicing: Liar, how: str
) -> None:
    position, path = document_of(stored, invoicing)
    whole = path.read_bytes()
    lie, finding = FILES[how]
    lie(path)
    try:
        lines = wrong(stored)
    finally:
        path.write_bytes(whole)
    name = path.parent.name + path.name
    assert f"invoicing: document {name}, named at position {position}, {finding}" in lines


def test_a_lost_key_is_found_and_a_destroyed_one_is_none(stored: Settings, invoicing: Liar) -> None:
    position, path = document_of(stored, invoicing)
    name = path.parent.name + path.name
    with liar(stored, "keys") as keys, keys.lied("subject_keys"):
        keys.say("DELETE FROM subject_keys")
        assert f"{name}, named at position {position}, has lost its key" in wrong(stored)
        keys.say(
            "INSERT INTO subject_keys"
            " SELECT subject, NULL, created_at, created_at FROM kept_subject_keys"
        )
        assert "document" not in wrong(stored)


def one_file(path: Path, sql: str) -> Any:
    """Bring all of a database into its one file; return a row of it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return db.execute(sql).fetchone()


def test_f33_a_damaged_database_is_named_and_does_not_end_the_proof(
    stored: Settings, tmp_path: Path
) -> None:
    if stored.distributed:
        pytest.skip("PostgreSQL guards its pages by checksums of its own")
    shutil.copytree(stored.data, tmp_path / "data")
    settings = Settings(data=tmp_path / "data", demo=False)
    path = settings.data / "invoicing.db"
    page = one_file(path, "SELECT rootpage - 1 FROM sqlite_master WHERE name = 'events'")[0]
    size = one_file(path, "PRAGMA page_size")[0]
    data = bytearray(path.read_bytes())
    data[page * size : page * size + 64] = b"\xff" * 64
    path.write_bytes(data)
    lines = wrong(settings)
    assert "invoicing: the database cannot be read: database disk image is malformed" in lines


def test_a_byte_changed_in_the_file_itself_is_found(stored: Settings, tmp_path: Path) -> None:
    if stored.distributed:
        pytest.skip("the files of PostgreSQL are the server's own")
    shutil.copytree(stored.data, tmp_path / "data")
    settings = Settings(data=tmp_path / "data", demo=False)
    path = settings.data / "invoicing.db"
    wanted = "SELECT position, data FROM events WHERE type = 'PaymentReceived'"
    position, event = one_file(path, wanted)
    content = path.read_bytes()
    assert content.count(event) == 1
    path.write_bytes(content.replace(event, event.replace(b'"open', b'"opem')))
    assert f"invoicing: position {position}, stream" in wrong(settings)
