"""The fuzzer runs, follows what it should, and says when a reader fails."""

import subprocess
import sys

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz.targets import TARGETS


def test_every_target_can_be_asked_for_by_name() -> None:
    assert set(fuzz.NAMES) == TARGETS.keys()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_p20_no_seed_makes_a_reader_fail(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].try_(seed)
        TARGETS[name].try_(seed[: len(seed) // 2])


def test_p20_a_reader_of_messages_holds_for_some_seconds() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "invoice", "--seconds", "4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "invoice: held; Done " in done.stdout
