"""Points at which a test lets the process die as a failing machine does: by SIGKILL (P3).

`CRASHPOINT=relay.after_send` kills it at that point, `relay.after_send:3` the third time that it
gets there, `append.after_commit@dunning` in that service only. docs/faults.md says what each point
is for; a test finds all of them and fails where one is not walked.
"""

import os
import signal
from pathlib import Path

from libs.runtime.engines import UnsafeSetUp
from libs.runtime.settings import Rehearsal

SAYS = "crashpoint"
"""Word before the point's name in the last line that a process writes."""


class _Trap:
    """The one point that kills, as long as a process lives; none outside of tests."""

    name = ""
    where = ""
    times = 1


_TRAP = _Trap()


def arm(data: Path) -> None:
    """Read once, at the start, where this process shall die.

    The variable alone is not enough: CRASHPOINT_DATA must name the data folder that may be hurt, so
    that a variable which strays into another environment stops the start and kills nothing.
    """
    told = Rehearsal()
    if not told.crashpoint:
        return
    if told.crashpoint_data is None or told.crashpoint_data.resolve() != data.resolve():
        raise UnsafeSetUp(
            "CRASHPOINT kills this process on purpose and is for tests. Unset it, or name the data"
            f" folder that may be hurt: CRASHPOINT_DATA={data}."
        )
    place, _, times = told.crashpoint.partition(":")
    _TRAP.name, _, _TRAP.where = place.partition("@")
    _TRAP.times = int(times or 1)


def point(name: str, where: str = "") -> None:
    """Die here if that is what was asked for; costs a comparison otherwise.

    `name` is a literal that stands at one place only; `where` is the service at work.
    """
    if name == _TRAP.name and _TRAP.where in ("", where):
        _TRAP.times -= 1
        if _TRAP.times == 0:
            os.write(2, f"{SAYS} {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
