"""An error is told by its class and place; what libraries say may quote a person (P35)."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from libs.runtime import log
from libs.runtime.trouble import Damaged, told
from tests import logging_config

NAME = "Kanarienvogel"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Return what is written while the log is set up as in a container."""
    lines = io.StringIO()
    root = logging.getLogger()
    kept = root.handlers[:]
    root.handlers[:] = []
    monkeypatch.setattr(sys, "stderr", lines)
    log.configure("info", "dunning")
    logging_config.forgotten()
    yield lines
    root.handlers[:] = kept
    logging_config.as_at_first()


def refused_by_the_database() -> IntegrityError:
    engine = create_engine("sqlite://")
    with engine.begin() as db:
        db.execute(text("create table people (name text primary key)"))
        for _ in range(2):
            try:
                db.execute(text("insert into people values (:name)"), {"name": NAME})
            except IntegrityError as error:
                return error
    raise AssertionError


def misread() -> ValueError:
    try:
        int(NAME)
    except ValueError as error:
        return error
    raise AssertionError


def test_what_a_library_says_is_not_told_and_its_class_place_and_constraint_are() -> None:
    refused = refused_by_the_database()
    assert NAME in str(refused)
    assert told(refused).startswith("IntegrityError SQLITE_CONSTRAINT_PRIMARYKEY at ")
    assert told(misread()).startswith("ValueError at tests/unit/runtime/test_log.py:")
    assert NAME not in told(refused) + told(misread())


def test_what_is_said_in_our_own_words_is_told() -> None:
    assert told(Damaged("billing.dunning/3/7 header 'ce_id' is missing")) == (
        "Damaged: billing.dunning/3/7 header 'ce_id' is missing"
    )


def test_a_logged_error_names_where_it_came_through_and_nobody(written: io.StringIO) -> None:
    try:
        try:
            raise misread()
        except ValueError as error:
            raise KeyError(NAME) from error
    except KeyError:
        structlog.get_logger().exception("request_failed")
        logging.getLogger("library").exception("task failed")
    first, *rest = written.getvalue().splitlines()
    line: dict[str, Any] = json.loads(first)
    assert (line["event"], line["service"], line["level"]) == ("request_failed", "dunning", "error")
    for shown in (line["exception"], "\n".join(rest)):
        assert "KeyError at tests/unit/runtime/test_log.py:" in shown
        assert "ValueError at tests/unit/runtime/test_log.py:" in shown
    assert NAME not in written.getvalue()
