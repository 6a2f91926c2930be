"""The key store in trouble: nothing personal may be taken for erased that is not (P34, F47)."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from libs.events.values import SubjectId
from libs.runtime import migrate
from libs.runtime.clock import Clock
from libs.runtime.engines import KEYS, open_engine
from libs.runtime.vault import Vault


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = open_engine(f"sqlite:///{tmp_path / 'keys.db'}")
    migrate.upgrade(KEYS, made)
    return made


@pytest.fixture
def vault(engine: Engine, tmp_path: Path) -> Iterator[Vault]:
    """Return a vault with a reader of its own, as a running system has it."""
    reader = open_engine(f"sqlite:///{tmp_path / 'keys.db'}")
    made = Vault(engine, b"m" * 32, Clock().now, reader)
    yield made
    made.close()


def test_a_key_that_another_thread_failed_to_make_is_made_by_those_who_wait(
    vault: Vault, engine: Engine
) -> None:
    """They were served by its commit; that it failed must not look like an erasure to them."""
    failures = [OperationalError("commit", None, OSError("gone"))]

    @event.listens_for(engine, "before_cursor_execute")
    def _fail_once(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("INSERT") and failures:
            raise failures.pop()

    sealed: dict[str, Any] = {}

    def seal(subject: str) -> None:
        try:
            sealed[subject] = vault.seal_bytes(b"data", SubjectId(subject), "label")
        except OperationalError as error:
            sealed[subject] = error

    threads = [threading.Thread(target=seal, args=(name,)) for name in ("one", "two")]
    with vault._committing:  # as if a third one were committing
        for thread in threads:
            thread.start()
        while len(vault._asked) < 2:
            threading.Event().wait(0.001)
    for thread in threads:
        thread.join()
    (box,) = [got for got in sealed.values() if not isinstance(got, OperationalError)]
    assert box is not None


def test_a_destroyed_key_is_never_made_again(vault: Vault) -> None:
    subject = SubjectId("somebody")
    box = vault.seal_bytes(b"data", subject, "label")
    assert box is not None
    assert vault.destroy(subject)
    assert vault.seal_bytes(b"more", subject, "label") is None
    assert vault.open_bytes(box, subject, "label") is None
    assert not vault.destroy(subject)
