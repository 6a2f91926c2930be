"""`quittance backup` and `quittance restore`: data, keys, master key, each for a place of its own.

Keys are kept apart from data, since a backup of data must not bring an erased key back: keys only
grow, and what was destroyed stays destroyed, so the newest backup of the keys fits all older data.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, func, inspect, select

from libs.runtime import backup, migrate, relay, snapshot
from libs.runtime.backup import Folder, Manifest
from libs.runtime.clock import Clock
from libs.runtime.engines import KEYS, UnsafeSetUp, connect
from libs.runtime.settings import Settings
from libs.runtime.system import DataFolder
from libs.runtime.tables import LOG_HEAD
from libs.runtime.vault import SUBJECT_KEYS
from libs.runtime.verify.reached import positions
from services.command.builds import BUILDS
from services.command.opening import Opened, opened
from services.command.repairing import rebuild_opened

DOCUMENTS = "documents"
EXTRAS = ("demo.json",)


def save(
    settings: Settings, target: Path | None, keys: Path | None, master_key: Path | None
) -> dict[str, Any]:
    """Take a backup of one moment, while services work; return where each log ended."""
    if not settings.distributed and not (settings.data / f"{KEYS}.db").exists():
        raise UnsafeSetUp(f"There is nothing to save in {settings.data}.")
    engines = {name: connect(settings, name) for name in (*BUILDS, KEYS)}
    taken_at = Clock().now()
    try:
        with snapshot.snapshots(engines) as cut:
            found: dict[str, Any] = {}
            of = taken_at, _destroyed(cut[KEYS])
            if target:
                data = {name: db for name, db in cut.items() if name != KEYS}
                found |= _written(settings, target, data, *of)
            if keys:
                found |= _written(settings, keys, {KEYS: cut[KEYS]}, *of)
    finally:
        for engine in engines.values():
            engine.dispose()
    if master_key:
        _copy_secret(_master_key(settings), master_key)
    return found


def _destroyed(db: Connection) -> int:
    gone = select(func.count()).where(SUBJECT_KEYS.c.destroyed_at.is_not(None))
    return int(db.execute(gone).scalar_one())


def _written(
    settings: Settings,
    target: Path,
    cut: Mapping[str, Connection],
    taken_at: datetime,
    erased: int,
) -> dict[str, Any]:
    with backup.written(target) as folder:
        databases = {name: snapshot.save(name, db, folder) for name, db in cut.items()}
        if KEYS not in cut:  # a document is stored before the event that names it: all are here
            _save_documents(settings.data, folder)
        manifest = Manifest(
            release=version("quittance"),
            engine=next(iter(cut.values())).dialect.name,
            taken_at=taken_at,
            databases=databases,
            files=folder.files,
            erased=erased,
        )
        backup.finish(folder, manifest)
    return {name: one.position for name, one in databases.items() if name != KEYS}


def _save_documents(data: Path, folder: Folder) -> None:
    for path in sorted((data / DOCUMENTS).rglob("*")):
        if path.is_file() and not path.name.endswith(".part"):
            folder.copy(path, str(path.relative_to(data)))
    for name in EXTRAS:
        if (data / name).exists():
            folder.copy(data / name, name)


def _master_key(settings: Settings) -> Path:
    return settings.master_key or settings.data / "master.key"


def _copy_secret(source: Path, target: Path) -> None:
    """Copy a key for its owner's eyes alone; never over another one."""
    if target.exists():
        if target.read_bytes() == source.read_bytes():
            return
        raise UnsafeSetUp(f"{target} holds another key; choose another file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())


def restore(
    settings: Settings, source: Path, keys: Path, master_key: Path | None
) -> dict[str, Any]:
    """Lay a backup out where there is nothing; return where each log ends now.

    Raises UnsafeSetUp for a damaged backup, one of a later release, keys that are older than the
    data, and a place that is not empty.
    """
    data, secrets = backup.opened(source), backup.opened(keys)
    _check(settings, data, secrets, source, keys)
    if master_key is None and not _master_key(settings).exists():
        raise UnsafeSetUp("Say --master-key: without it the keys open nothing.")
    with _empty(settings):
        if master_key is not None:
            _copy_secret(master_key, _master_key(settings))
        for manifest, folder in ((secrets, keys), (data, source)):
            _lay_out(settings, manifest, folder)
        found = _proved(settings, data)
        gone = _forgotten(settings, data.erased)
    return {"positions": found, "erased_since": gone}


def _check(settings: Settings, data: Manifest, secrets: Manifest, source: Path, keys: Path) -> None:
    engine = "postgresql" if settings.distributed else "sqlite"
    for manifest, folder, wanted in ((data, source, {*BUILDS}), (secrets, keys, {KEYS})):
        if manifest.engine != engine:
            raise UnsafeSetUp(f"{folder} was taken of {manifest.engine}, this is {engine}.")
        if set(manifest.databases) != wanted:
            raise UnsafeSetUp(f"{folder} does not hold {', '.join(sorted(wanted))}.")
        for name, one in manifest.databases.items():
            _known(settings, name, one.revisions, folder, manifest.release)
    if secrets.taken_at < data.taken_at:
        raise UnsafeSetUp(
            f"{keys} is older than {source}: keys would be missing, and erased ones come back."
            " Take the newest backup of the keys."
        )


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
def _empty(settings: Settings) -> Iterator[None]:
    """See that nothing is there and nobody comes while it is filled."""
    if not settings.distributed:
        folder = DataFolder(settings.data)
        try:
            there = [path for path in settings.data.iterdir() if path.name != "lock"]
            allowed = {_master_key(settings).resolve()}
            if any(path.resolve() not in allowed for path in there):
                raise UnsafeSetUp(f"{settings.data} is not empty; restore into another folder.")
            try:
                yield
            except BaseException:  # what was begun must not be taken for a whole restore
                for path in {*settings.data.iterdir()} - {*there, settings.data / "lock"}:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                raise
        finally:
            folder.release()
        return
    if (settings.data / DOCUMENTS).exists() and any((settings.data / DOCUMENTS).iterdir()):
        raise UnsafeSetUp(f"{settings.data / DOCUMENTS} is not empty.")
    for name in (KEYS, *BUILDS):
        engine = connect(settings, name, owner=True)
        with engine.connect() as db:
            if inspect(db).get_table_names():
                raise UnsafeSetUp(f"The database of {name} is not empty; restore into new ones.")
        engine.dispose()
    yield


def _lay_out(settings: Settings, manifest: Manifest, source: Path) -> None:
    for name in manifest.files:
        beside = name.startswith(DOCUMENTS + "/") or name in EXTRAS or name.endswith(".db")
        if beside:
            target = settings.data / name
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
        migrate.upgrade(name, engine, role if settings.database_owner else "")
        engine.dispose()


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


def _forgotten(settings: Settings, erased: int) -> int:
    """Make tables that show names again, where keys were destroyed since; return how many were."""
    engine = connect(settings, KEYS)
    with engine.connect() as db:
        gone = _destroyed(db) - erased
    engine.dispose()
    if gone > 0:
        with opened(settings) as services:
            relayed = any(_relayed(one) for one in services.values())
            for name in [name for name, one in services.items() if one.service.shows]:
                rebuild_opened(services, name, over_kafka=relayed)
    return gone


def _relayed(one: Opened) -> bool:
    """Whether others heard this service over its topic, or read its log."""
    with one.store.reading() as db:
        return bool(positions(db, relay.CONSUMER, relay.LOG))
