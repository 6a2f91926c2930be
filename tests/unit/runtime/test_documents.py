"""What a process wrote and never named is found and removed by the next one (F6)."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from libs.events.values import DocumentId, SubjectId
from libs.runtime.documents import PART, UNNAMED, Documents
from libs.runtime.engines import KEYS
from libs.runtime.migrate import upgrade
from libs.runtime.vault import Vault

CASE = SubjectId("3f2a9c1e5b7d4860a1b2c3d4e5f60718")
OTHER = SubjectId("00000000000000000000000000000001")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    engine = create_engine(f"sqlite:///{tmp_path / 'keys.db'}")
    upgrade(KEYS, engine)
    return Documents(tmp_path / "documents", Vault(engine, bytes(32), lambda: NOW))


def test_half_a_document_of_a_process_that_died_is_swept_and_one_being_written_is_not_f6(
    documents: Documents, tmp_path: Path
) -> None:
    kept = asyncio.run(documents.put(b"whole", CASE))
    unnamed = tmp_path / "documents" / UNNAMED
    for name, age in (("old", timedelta(hours=2)), ("new", timedelta(minutes=2))):
        path = unnamed / f"{name}{PART}"
        path.write_bytes(b"half")
        written = (NOW - age).timestamp()
        os.utime(path, (written, written))
    documents.sweep(NOW - timedelta(hours=1))
    assert [path.name for path in unnamed.iterdir()] == [f"new{PART}"]
    assert documents.get_now(kept) == b"whole"
    documents.close()


def test_nothing_unnamed_is_left_by_what_went_well_f6(documents: Documents, tmp_path: Path) -> None:
    asyncio.run(documents.put(b"whole", CASE))
    assert list((tmp_path / "documents" / UNNAMED).iterdir()) == []
    documents.close()


def test_two_processes_that_keep_the_same_for_two_cases_at_once_keep_both_f9(
    documents: Documents, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'keys.db'}")
    vault = Vault(engine, bytes(32), lambda: NOW)
    other = Documents(tmp_path / "documents", vault)
    contents = [f"leaflet {number}".encode() for number in range(100)]

    async def both() -> list[DocumentId]:
        ours = (documents.put(content, CASE) for content in contents)
        theirs = (other.put(content, OTHER) for content in contents)
        return (await asyncio.gather(*ours, *theirs))[: len(contents)]

    names = asyncio.run(both())
    for subject in (CASE, OTHER):
        assert [documents.get_now(name, subject) for name in names] == contents
    vault.destroy(CASE)
    assert [other.get_now(name, CASE) for name in names] == [None] * len(contents)
    assert [other.get_now(name, OTHER) for name in names] == contents
    for each in (documents, other):
        each.close()
