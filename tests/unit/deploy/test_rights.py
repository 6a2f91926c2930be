"""Each service has on Kafka the rights that its code needs, and no other (P36)."""

import re
from pathlib import Path

from libs.events import SAID_BY
from libs.runtime.clock import Clock
from libs.runtime.engines import open_engine
from libs.runtime.hearing import Hearing
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import parts_of
from libs.runtime.vault import Vault
from services.command.builds import BUILDS
from tests.engines import ROOT


def told() -> dict[str, set[str]]:
    """Return whom each service hears, as the script that gives rights has it."""
    script = (ROOT / "deploy" / "kafka" / "acls.sh").read_text("utf-8")
    (rows,) = re.findall(r"<< 'SERVICES'\n(.*?)SERVICES\n", script, re.DOTALL)
    return {row.split()[0]: set(row.split()[1:]) for row in rows.splitlines()}


def test_rights_follow_what_a_service_declares_that_it_hears(tmp_path: Path) -> None:
    engine = open_engine("sqlite://")
    vault = Vault(engine, b"k" * 32, Clock().now)
    heard = {}
    for name, build in BUILDS.items():
        service = build(parts_of(Settings(data=tmp_path), Clock(), vault))
        kinds = Hearing(service, Store(name, engine), vault).types
        heard[name] = {SAID_BY[kind.__name__] for kind in kinds}
    engine.dispose()
    assert told() == heard
