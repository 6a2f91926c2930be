"""`quittance backup`: data, keys and master key, each for a place of its own.

Keys are kept apart from data, since a backup of data must not bring an erased key back: keys only
grow, and what was destroyed stays destroyed, so the newest backup of the keys fits all older data.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from libs.runtime import backup, snapshot
from libs.runtime.backup import Folder, Manifest
from libs.runtime.clock import Clock
from libs.runtime.engines import KEYS, UnsafeSetUp, connect
from libs.runtime.settings import Settings
from libs.runtime.vault import SUBJECT_KEYS
from services.command.builds import BUILDS

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
            of = taken_at, destroyed(cut[KEYS])
            if target:
                data = {name: db for name, db in cut.items() if name != KEYS}
                found |= _written(settings, target, data, *of)
                backup.note(settings.data, "data", taken_at)
            if keys:
                found |= _written(settings, keys, {KEYS: cut[KEYS]}, *of)
                backup.note(settings.data, "keys", taken_at)
    finally:
        for engine in engines.values():
            engine.dispose()
    if master_key:
        copy_secret(master_key_of(settings), master_key)
    return found


def destroyed(db: Connection) -> int:
    """Return how many keys were destroyed for ever."""
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
            with suppress(FileNotFoundError):  # an archive goes when all of it was taken
                folder.copy(path, str(path.relative_to(data)))
    for name in EXTRAS:
        if (data / name).exists():
            folder.copy(data / name, name)


def master_key_of(settings: Settings) -> Path:
    """Return the file that holds the master key."""
    return settings.master_key or settings.data / "master.key"


def copy_secret(source: Path, target: Path) -> None:
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
