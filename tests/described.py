"""All deciders of all services, found by themselves: described, not run."""

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from libs.runtime.clock import Clock
from libs.runtime.engines import open_engine
from libs.runtime.service import Decider
from libs.runtime.settings import Settings
from libs.runtime.system import parts_of
from libs.runtime.vault import SUBJECT_KEYS, Vault
from services.command.builds import BUILDS


def _found() -> dict[str, Decider[Any, Any, Any]]:
    folder = Path(mkdtemp())
    engine = open_engine("sqlite://")
    SUBJECT_KEYS.metadata.create_all(engine)
    clock = Clock()
    vault = Vault(engine, b"k" * 32, clock.now)
    parts = parts_of(Settings(data=folder), clock, vault)
    return {
        f"{name}:{decider.name}": decider
        for name, build in BUILDS.items()
        for decider in build(parts).deciders
    }


DECIDERS = _found()
"""By service and aggregate."""
