"""The points: each stands once, is walked in every shape that has it, and is asked for twice."""

from collections import Counter
from pathlib import Path

import pytest

from libs.runtime import crash
from libs.runtime.engines import UnsafeSetUp
from tests.crashes import test_alone, test_distributed
from tests.crashes.mortal import bare, points
from tests.engines import ROOT

RELAY = {"relay.after_read", "relay.after_send", "relay.after_checkpoint"}
"""There is no relay where services read each other's logs."""


def test_every_point_stands_once_and_is_walked_in_both_shapes() -> None:
    """P3: a new point without a walk fails here, and so does a walk to a point that is gone."""
    found = Counter(name for name, _ in points())
    assert {name: many for name, many in found.items() if many > 1} == {}
    assert {bare(point) for point in test_alone.WALKED} == set(found) - RELAY
    assert {bare(point) for point in test_distributed.WALKED} == set(found)


def test_the_page_of_faults_says_of_each_point_what_has_happened_by_then() -> None:
    page = (ROOT / "docs" / "faults.md").read_text()
    assert not [name for name, _ in points() if f"`{name}`" not in page]


def test_a_point_without_the_folder_that_may_be_hurt_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A variable that strays into another environment kills nothing there."""
    monkeypatch.setenv("CRASHPOINT", "append.before_commit")
    for elsewhere in ("", str(tmp_path / "elsewhere")):
        monkeypatch.setenv("CRASHPOINT_DATA", elsewhere)
        with pytest.raises(UnsafeSetUp, match="CRASHPOINT_DATA"):
            crash.arm(tmp_path)
    crash.point("append.before_commit", "ingest")
