"""Seeds by the hundred, and bugs put in on purpose: the machinery finds them and shows them short.

`make simulate seeds=20000` plays more of them at night.
"""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from libs.events import PUBLIC
from tests.simulation.planted import BUGS
from tests.simulation.runner import runner, told
from tests.simulation.steps import POINTS, plan

ROOT = Path(__file__).parents[2]
SEEDS = 500
FOUND_WITHIN = 40
STEPS_MAX = 8
PATIENCE_SECONDS = 1_500
SELDOM = {"CallRecorded"}
"""Comes late on a long ladder, in few seeds of thousands; its own tests show it."""
REACHED = {*PUBLIC, "died", "failed", "parked"} - SELDOM
"""What a few hundred seeds must have led to, or they prove little."""


def simulate(*arguments: str, hash_seed: str = "random") -> subprocess.CompletedProcess[str]:
    """Run the command that `make simulate` runs."""
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},  # noqa: TID251 - what the test has
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_seeds_of_all_faults_find_no_broken_promise_p11_p12_p17_p19_f19_f20() -> None:
    done = simulate("--seeds", str(SEEDS), "--from", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    facts = dict(re.findall(r"(\w+) (\d+)(?:,|\n)", done.stdout))
    missing = {kind for kind in REACHED if not int(facts.get(kind, 0))}
    assert not missing, f"no seed came to {missing}"


def test_the_same_seed_gives_the_same_logs_in_every_process_p19() -> None:
    first, second = (
        simulate(
            "--seeds", "10", "--from", "7", "--processes", "1", "--fingerprints", hash_seed=one
        )
        for one in ("1", "2")
    )
    prints = re.findall(r"^\d+ [0-9a-f]{64}$", first.stdout, re.MULTILINE)
    assert prints == re.findall(r"^\d+ [0-9a-f]{64}$", second.stdout, re.MULTILINE)
    assert len(set(prints)) == 10


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_shown_in_few_steps_and_seen_again_p19(bug: str) -> None:
    with runner(BUGS[bug]()) as wrong:
        found = wrong.first_failing(range(1, FOUND_WITHIN + 1))
        assert found is not None, "no seed found it"
        again = wrong.play(plan(found.plan.seed))
        assert again.failure == found.failure
        shortest = wrong.shrunk(found)
    assert shortest.failure is not None
    assert len(shortest.plan.steps) <= STEPS_MAX
    shown = told(found, shortest)
    assert f"make simulate seeds=1 from={found.plan.seed}" in shown
    assert shown.count("\n") == len(shortest.plan.steps) + 3
    with runner() as right:
        assert right.play(shortest.plan).failure is None
        assert right.play(replace(found.plan)).failure is None


def test_every_point_at_which_a_step_may_die_is_one_of_the_products_p3() -> None:
    sources = [
        path.read_text() for part in ("libs", "services") for path in (ROOT / part).rglob("*.py")
    ]
    points = {point for text in sources for point in re.findall(r'crash\.point\("([^"]+)"', text)}
    assert set(POINTS) <= points
