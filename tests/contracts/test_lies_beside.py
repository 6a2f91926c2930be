"""Seeded lies beside the log: positions, checkpoints, documents, keys, files themselves (F33)."""

# ruff: noqa: S608 - a lie is told in whatever words SQL has for it

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from libs.runtime.settings import Settings
from tests.lies import Liar, liar, wrong

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
        lines = wrong(stored, service)
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
            lines = wrong(stored, service)
        assert f"{service}: its position in {source} was moved: it has acted on position" in lines


@pytest.mark.parametrize("lie", ["SET seq = seq - 1", "SET seq = seq + 1000"])
def test_a_moved_checkpoint_of_effects_is_found(
    stored: Settings, invoicing: Liar, lie: str
) -> None:
    """A letter would be made twice, or never."""
    with invoicing.lied("positions"):
        assert invoicing.say(f"UPDATE positions {lie} WHERE consumer = 'effects'") == 1
        assert " of effects " in wrong(stored, "invoicing")


def test_a_removed_checkpoint_of_effects_is_found(stored: Settings, invoicing: Liar) -> None:
    with invoicing.lied("positions"):
        assert invoicing.say("DELETE FROM positions WHERE consumer = 'effects'") == 1
        assert "invoicing: position 0 of effects was moved: position" in wrong(stored, "invoicing")


def test_a_moved_day_of_the_calendar_is_found(stored: Settings) -> None:
    with liar(stored, "dunning") as one, one.lied("positions"):
        assert one.say("UPDATE positions SET seq = seq - 7 WHERE consumer = 'calendar'") == 1
        assert " of calendar was moved" in wrong(stored, "dunning")


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
        lines = wrong(stored, "invoicing")
    finally:
        path.write_bytes(whole)
    name = path.parent.name + path.name
    assert f"invoicing: document {name}, named at position {position}, {finding}" in lines


def test_a_lost_key_is_found_and_a_destroyed_one_is_none(stored: Settings, invoicing: Liar) -> None:
    position, path = document_of(stored, invoicing)
    name = path.parent.name + path.name
    with liar(stored, "keys") as keys, keys.lied("subject_keys"):
        keys.say("DELETE FROM subject_keys")
        assert f"{name}, named at position {position}, has lost its key" in wrong(
            stored, "invoicing"
        )
        keys.say(
            "INSERT INTO subject_keys"
            " SELECT subject, NULL, created_at, created_at FROM kept_subject_keys"
        )
        assert "document" not in wrong(stored, "invoicing")


def one_file(path: Path, sql: str) -> Any:
    """Bring all of a database into its one file; return a row of it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return db.execute(sql).fetchone()


@pytest.mark.parametrize("stored", ["sqlite"], indirect=True)
def test_f33_a_damaged_database_is_named_and_does_not_end_the_proof(
    stored: Settings, tmp_path: Path
) -> None:
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


@pytest.mark.parametrize("stored", ["sqlite"], indirect=True)
def test_a_byte_changed_in_the_file_itself_is_found(stored: Settings, tmp_path: Path) -> None:
    shutil.copytree(stored.data, tmp_path / "data")
    settings = Settings(data=tmp_path / "data", demo=False)
    path = settings.data / "invoicing.db"
    wanted = "SELECT position, data FROM events WHERE type = 'PaymentReceived'"
    position, event = one_file(path, wanted)
    content = path.read_bytes()
    assert content.count(event) == 1
    path.write_bytes(content.replace(event, event.replace(b'"open', b'"opem')))
    assert f"invoicing: position {position}, stream" in wrong(settings)
