"""`quittance restore`: a backup laid out where there is nothing, proved on the way.

Keys are as new as the data, or newer. Whoever was erased in between stays erased: the keys are
gone, and tables that show names are made again without them.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, inspect, select

from libs.runtime import backup, migrate, relay, snapshot
from libs.runtime.backup import Manifest
from libs.runtime.engines import KEYS, UnsafeSetUp, connect
from libs.runtime.settings import Settings
from libs.runtime.system import DataFolder
from libs.runtime.tables import LOG_HEAD
from libs.runtime.verify.reached import positions
from services.command.backing import DOCUMENTS, EXTRAS, copy_secret, destroyed, master_key_of
from services.command.builds import BUILDS
from services.command.opening import Opened, opened
from services.command.repairing import rebuild_opened


def restore(
    settings: Settings, source: Path | None, keys: Path, master_key: Path | None
) -> dict[str, Any]:
    """Lay a backup out where there is nothing; return where each log ends now.

    Without a source the keys alone: after data went back in time by itself. Raises UnsafeSetUp for
    a damaged backup, one of a later release, keys that are older than the data, and a place that is
    not empty.
    """
    data, secrets = backup.opened(source) if source else None, backup.opened(keys)
    _check(settings, secrets, keys, [KEYS])
    names = [KEYS]
    if data is not None and source is not None:
        _check(settings, data, source, [*BUILDS])
        names += BUILDS
        if secrets.taken_at < data.taken_at:
            raise UnsafeSetUp(
                f"{keys} is older than {source}: keys would be missing, and erased ones come back."
                " Take the newest backup of the keys."
            )
    if master_key is None and not master_key_of(settings).exists():
        raise UnsafeSetUp("Say --master-key: without it the keys open nothing.")
    found: dict[str, int] = {}
    with _empty(settings, names):
        if master_key is not None:
            copy_secret(master_key, master_key_of(settings))
        _lay_out(settings, secrets, keys)
        changed: set[str] = set()
        if data is not None and source is not None:
            changed = _lay_out(settings, data, source)
            found = _proved(settings, data)
        gone = _forgotten(settings, data.erased if data else None, changed)
    return {"positions": found, "erased_since": gone}


def _check(settings: Settings, manifest: Manifest, folder: Path, wanted: Sequence[str]) -> None:
    engine = "postgresql" if settings.distributed else "sqlite"
    if manifest.engine != engine:
        raise UnsafeSetUp(f"{folder} was taken of {manifest.engine}, this is {engine}.")
    if set(manifest.databases) != set(wanted):
        raise UnsafeSetUp(f"{folder} does not hold {', '.join(sorted(wanted))}.")
    for name, one in manifest.databases.items():
        _known(settings, name, one.revisions, folder, manifest.release)


def _known(settings: Settings, name: str, revisions: Any, folder: Path, release: str) -> None:
    engine = connect(settings, name, owner=True)
    scripts = ScriptDirectory.from_config(migrate.config(name, engine))
    try:
        for revision in revisions:
            scripts.get_revision(revision)
    except CommandError:
        raise UnsafeSetUp(
            f"{folder} was made by a later release ({release}); restore it with that one."
        ) from None
    finally:
        engine.dispose()


@contextmanager
def _empty(settings: Settings, names: Sequence[str]) -> Iterator[None]:
    """See that nothing is there, and nobody comes while it is filled.

    Documents of the distributed shape may be there: none is ever changed, and their names say what
    they hold.
    """
    if not settings.distributed:
        folder = DataFolder(settings.data)
        try:
            with _filled(settings, names):
                yield
        finally:
            folder.release()
        return
    for name in names:
        engine = connect(settings, name, owner=True)
        with engine.connect() as db:
            if inspect(db).get_table_names():
                raise UnsafeSetUp(f"The database of {name} is not empty; restore into new ones.")
        engine.dispose()
    yield


@contextmanager
def _filled(settings: Settings, names: Sequence[str]) -> Iterator[None]:
    """Fill a data folder; what was begun must not be taken for a whole restore."""
    there = {*settings.data.iterdir()}
    allowed = {settings.data / "lock", master_key_of(settings)}
    if names == [KEYS]:
        allowed |= {path for path in there if path.name.partition(".")[0] != KEYS}
    if there - allowed:
        raise UnsafeSetUp(f"{settings.data} is not empty; restore into another folder.")
    try:
        yield
    except BaseException:
        for path in {*settings.data.iterdir()} - there - {settings.data / "lock"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def _lay_out(settings: Settings, manifest: Manifest, source: Path) -> set[str]:
    """Put everything in its place; return whose read tables this release has otherwise."""
    changed = set()
    for name in manifest.files:
        target = settings.data / name
        beside = name.startswith(DOCUMENTS + "/") or name in EXTRAS or name.endswith(".db")
        if beside and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target)
            target.chmod(0o600)
    for name, saved in manifest.databases.items():
        engine = connect(settings, name, owner=True)
        role = connect(settings, name).url.username or ""
        if settings.distributed:
            for revision in saved.revisions:
                migrate.upgrade(name, engine, to=revision)
            with engine.begin() as db:
                snapshot.load(name, db, source, saved)
        if migrate.upgrade(name, engine, role if settings.database_owner else ""):
            changed.add(name)
        engine.dispose()
    return changed - {KEYS}


def _proved(settings: Settings, data: Manifest) -> dict[str, int]:
    """See that each log ends where it did; `quittance verify` proves the rest."""
    found = {}
    for name, saved in data.databases.items():
        engine: Engine = connect(settings, name)
        with engine.connect() as db:
            head = db.execute(select(LOG_HEAD.c.position, LOG_HEAD.c.chain)).one()
        engine.dispose()
        if (head.position, bytes(head.chain).hex()) != (saved.position, saved.chain):
            raise UnsafeSetUp(f"The log of {name} does not end where it was saved.")
        found[name] = saved.position
    return found


def _forgotten(settings: Settings, erased: int | None, changed: set[str]) -> int:
    """Make tables again: what changed, and what shows names where keys were destroyed since.

    Return how many keys that were.
    """
    engine = connect(settings, KEYS)
    with engine.connect() as db:
        now = destroyed(db)
    engine.dispose()
    fewer = now > (erased or 0) or erased is None
    with opened(settings) as services:
        relayed = any(_relayed(one) for one in services.values())
        for name, one in services.items():
            if name in changed or (fewer and one.service.shows):
                rebuild_opened(services, name, over_kafka=relayed)
    return now - (erased or 0)


def _relayed(one: Opened) -> bool:
    """Whether others heard this service over its topic, or read its log."""
    with one.store.reading() as db:
        return bool(positions(db, relay.CONSUMER, relay.LOG))
