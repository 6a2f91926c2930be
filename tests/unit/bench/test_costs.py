"""What a bench says of core time is what the system spent: by thread and part, by process."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from time import thread_time

import pytest

from bench.processes import core_seconds, memory, started, tree
from bench.sampler import REST, Sampler, part_of

BURN = """
def burn(seconds):
    end = thread_time() + seconds
    while thread_time() < end:
        sum(range(100))
"""


def burning(module: str, seconds: float) -> threading.Thread:
    """Return a thread that works as if it were in a module."""
    names = {"__name__": module, "thread_time": thread_time}
    exec(BURN, names)  # noqa: S102 - a function that says it lives elsewhere
    thread = threading.Thread(target=names["burn"], args=[seconds])  # type: ignore[arg-type]
    thread.start()
    return thread


def test_the_sampler_books_core_time_on_the_part_that_works() -> None:
    waits = threading.Event()
    waiting = threading.Thread(target=waits.wait)
    waiting.start()
    sampler = Sampler()
    before = sys.getswitchinterval()
    sampler.start()
    checks = burning("services.ingest.message.arithmetic", 1.0)
    appends = burning("libs.runtime.store", 0.5)
    checks.join()
    appends.join()
    sampler.stop()
    waits.set()
    waiting.join()
    checked, appended = (
        part_of("services.ingest.message.arithmetic", ""),
        part_of("libs.runtime.store", ""),
    )
    assert checked is not None
    assert appended is not None
    assert 0.5 < sampler.seconds[checked] < 1.1
    assert 0.2 < sampler.seconds[appended] < 0.6
    assert sampler.seconds[REST] < 0.3
    assert sum(sampler.shares().values()) == pytest.approx(1)
    assert sys.getswitchinterval() == before


def test_the_core_time_of_a_process_counts_its_children_alive_and_ended() -> None:
    burn = "from time import process_time as t\nwhile t() < 0.3: pass\n"
    again = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\n"
    run = [sys.executable, "-c", f"{again}print('done', flush=True)\ninput()"]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        assert process.pid in tree(os.getpid())
        assert core_seconds(process.pid) >= 0.3
        assert 1 < memory(process.pid) <= memory(process.pid, "VmHWM")
        process.communicate(b"\n")
    assert core_seconds(process.pid) == 0


def test_a_process_is_found_by_its_command_among_those_started_here(tmp_path: Path) -> None:
    (tmp_path / "scribe").symlink_to("/bin/cat")
    with subprocess.Popen([str(tmp_path / "scribe")], stdin=subprocess.PIPE) as process:
        assert started("scribe") == process.pid
        process.communicate(b"")
    with pytest.raises(LookupError):
        started("scribe")
