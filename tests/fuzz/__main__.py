"""Fuzzes readers of bytes from outside with atheris, each for some seconds.

What makes one fail is written to a file and named; `python -m tests.fuzz TARGET FILE` tries it
again. An input that takes longer than five seconds, or half a gigabyte, counts as a failure.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

NAMES = ("answer", "archive", "bank_file", "body", "document", "form", "invoice")
FOLLOWED = [
    "services.ingest",
    "services.gateway.api.multipart",
    "services.gateway.api.packing",
    "libs.records",
    "libs.runtime.problems",
]
"""Packages whose branches atheris sees, so that it finds its way into them."""
HANG_SECONDS = 5
MEMORY_MB = 500
INPUT_BYTES_MAX = 20_000


def main() -> int:
    """Fuzz what was asked for; 1 if something failed."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=NAMES, help="all, if none is named")
    parser.add_argument("again", nargs="?", type=Path, help="an input that failed before")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.again is not None:
        try_again(asked.target, asked.again.read_bytes())
        return 0
    if asked.within:
        fuzz(asked.target, asked.seconds)
    names = [asked.target] if asked.target else NAMES
    failed = [name for name in names if not fuzzed(name, asked.seconds)]
    return 1 if failed else 0


def try_again(name: str, data: bytes) -> None:
    """Give a target one input; what it raised before it raises again."""
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - see `fuzz`

    TARGETS[name].try_(data)


def fuzzed(name: str, seconds: int) -> bool:
    """Return whether a target held; libFuzzer ends its process, so it gets one of its own."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(seconds), "--within"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    told = [line for line in lines if line.startswith(("Done ", "#", "SUMMARY"))]
    held = done.returncode == 0
    sys.stdout.write(f"{name}: {'held' if held else 'FAILED'}; {told[-1] if told else 'no word'}\n")
    if not held:
        sys.stdout.write(done.stderr[-4_000:])
    return held


def fuzz(name: str, seconds: int) -> None:
    """Fuzz a target in this process; does not return."""
    import atheris  # noqa: PLC0415 - it changes how a process ends, so only this one has it

    with atheris.instrument_imports(include=FOLLOWED):  # what is imported is followed from now on
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415
    target = TARGETS[name]
    with TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds):
            (Path(folder) / f"seed-{number}").write_bytes(seed)
        limits = [
            f"-max_total_time={seconds}",
            f"-timeout={HANG_SECONDS}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-max_len={INPUT_BYTES_MAX}",
            f"-artifact_prefix={Path.cwd()}/fuzz-{name}-",
        ]
        atheris.Setup([name, folder, *limits], target.try_)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
