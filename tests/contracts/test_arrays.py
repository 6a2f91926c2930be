"""Columns laid out by us are what PostgreSQL reads."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from libs.runtime.arrays import blobs, integers, texts
from libs.runtime.engines import open_engine

pytestmark = pytest.mark.postgres

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=300)
ROWS = st.lists(st.tuples(WORDS, st.integers(-(2**31), 2**31 - 1), st.binary(max_size=300)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=ROWS)
def test_a_column_comes_back_as_it_was_given(
    postgres_url: str, rows: list[tuple[str, int, bytes]]
) -> None:
    engine = open_engine(postgres_url)
    with engine.connect() as db:
        found = db.execute(
            text("SELECT CAST(:words AS text[]), CAST(:numbers AS int[]), CAST(:bytes AS bytea[])"),
            {
                "words": texts([row[0] for row in rows]),
                "numbers": integers(row[1] for row in rows),
                "bytes": blobs([row[2] for row in rows]),
            },
        ).one()
    engine.dispose()
    assert list(zip(*found, strict=True)) == rows
