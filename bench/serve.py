"""Serves one service as `quittance serve` does, without documents, which have figures of their own.

python -m bench.serve dunning FILE: on SIGUSR1 it begins to sample where its core time goes, and at
the end it writes into FILE how many core seconds went where.
"""

import signal
import sys
from pathlib import Path

import msgspec

from bench.sampler import Sampler
from bench.world import without_effects
from libs.runtime.settings import Settings
from services.command import serving
from services.command.builds import BUILDS


def main() -> None:
    name, file = sys.argv[1], Path(sys.argv[2])
    sampler = Sampler()
    signal.signal(signal.SIGUSR1, lambda *_: sampler.start())
    plain = {service: without_effects(build) for service, build in BUILDS.items()}
    vars(serving)["BUILDS"] = plain
    try:
        serving.distributed(Settings(), name)
    finally:
        file.write_bytes(msgspec.json.encode(dict(sampler.seconds)))


if __name__ == "__main__":
    main()
