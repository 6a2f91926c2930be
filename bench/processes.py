"""Core time and memory of processes, from /proc: what a figure costs on all sides."""

import os
from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PARENT, USER, WAITED_SYSTEM = 1, 11, 14
"""Where these fields stand in a line of /proc/<pid>/stat behind the command's name; from USER to
WAITED_SYSTEM: user, system, and both of children that have ended."""


def _stat(pid: int) -> list[str]:
    try:
        line = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return line.rpartition(")")[2].split()


def tree(pid: int) -> list[int]:
    """Return a process and all that it started, as far as they live."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children[int(fields[PARENT])].append(int(entry.name))
    found = [pid]
    for one in found:
        found += children[one]
    return found


def core_seconds(pid: int) -> float:
    """Return the core time of a process and all that it started, also of those that ended."""
    spent = 0
    for one in tree(pid):
        if fields := _stat(one):
            spent += sum(map(int, fields[USER : WAITED_SYSTEM + 1]))
    return spent / TICKS


def started(command: str) -> int:
    """Return the process of a command that this process started, itself or through others."""
    for pid in tree(os.getpid()):
        words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        if Path(words[0].decode()).name == command:
            return pid
    raise LookupError(command)


def memory(pid: int | str = "self", field: str = "VmRSS") -> float:
    """Return the megabytes that a process holds now, or held at most ("VmHWM")."""
    status = (PROC / str(pid) / "status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """Let this process's "VmHWM" begin anew."""
    (PROC / "self" / "clear_refs").write_text("5", encoding="utf-8")
