"""Event logs for tests: the tables that the log's own migrations make, and events to put in."""

from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine

from libs.events import Envelope
from libs.events.values import EventId, PracticeId
from libs.runtime.ids import derived

REVISIONS = Path(__file__).parent.parent / "libs" / "runtime" / "migrations" / "log"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def create_log(engine: Engine) -> None:
    """Run the log's revisions on an empty database, in order."""
    with engine.begin() as db, Operations.context(MigrationContext.configure(db)):
        for file in sorted(REVISIONS.glob("log_*.py")):
            spec = spec_from_file_location(file.stem, file)
            assert spec is not None
            assert spec.loader is not None
            revision = module_from_spec(spec)
            spec.loader.exec_module(revision)
            revision.upgrade()


def practice(number: int) -> PracticeId:
    """Return the id of one of the tests' practices."""
    return PracticeId(derived("practice", str(number)))


def recorded(tenant: PracticeId, number: int, kind: str, source: str) -> Envelope:
    """Return the number-th event of the stream that a practice has for this kind."""
    stream = f"{kind.lower()}-{tenant}"
    return Envelope(
        id=EventId(derived(stream, str(number))),
        source=source,
        type=kind,
        stream=stream,
        version=number,
        tenant=tenant,
        position=0,
        recorded_at=AT,
        correlation_id="correlation",
        causation_id="causation",
        data=b'{"type":"%s","number":%d}' % (kind.encode(), number),
    )
