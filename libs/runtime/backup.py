"""What a backup is: a folder of files and a manifest that proves each of them.

A folder is written under another name and gets its own only when it is whole, so that an
interrupted backup is never taken for one. The manifest says what was taken when, by which release,
where each log ended, and the digest of every file.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from libs.runtime.engines import UnsafeSetUp

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20


PARTS = ("data", "keys")
"""What is saved, each to a place of its own."""


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One database of a backup."""

    revisions: Sequence[str]
    """Alembic's: what a release must know to restore it."""
    position: int = 0
    """Where the log ended, and the link of the chain there."""
    chain: str = ""
    tables: Mapping[str, Sequence[str]] = {}
    """Columns of each table as its file has them; empty where the database is one file."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup folder holds."""

    format: int = FORMAT
    release: str
    engine: str
    taken_at: datetime
    databases: Mapping[str, Database]
    files: Mapping[str, str]
    """sha256 of each file, by its path in the folder."""
    erased: int = 0
    """Keys that were destroyed by then: with more of them, tables name whom they may not."""


class Folder:
    """A backup being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, str] = {}

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Let a file be written, then make it durable and remember its digest."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
        path.chmod(0o600)
        _sync(path)
        self.files[name] = digest(path)

    def copy(self, source: Path, name: str) -> None:
        """Take a file as it is."""
        with self.file(name) as path:
            shutil.copyfile(source, path)


@contextmanager
def written(target: Path) -> Iterator[Folder]:
    """Write a backup; it appears under its name when all of it is on disk, or not at all."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UnsafeSetUp(f"{target} is not empty; each backup gets a folder of its own.")
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        yield Folder(part)
        for folder in {path.parent for path in part.rglob("*")} | {part}:
            _sync(folder)
        if target.exists():
            target.rmdir()
        part.rename(target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def finish(folder: Folder, manifest: Manifest) -> None:
    """Write the manifest, the last file of a backup."""
    path = folder.path / MANIFEST
    path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    _sync(path)


def note(data: Path, what: str, taken_at: datetime) -> None:
    """Leave in the data folder when a part was saved, so that a missing backup shows (P46)."""
    stamp = data / f"saved-{what}"
    stamp.touch(mode=0o600)
    os.utime(stamp, (taken_at.timestamp(), taken_at.timestamp()))


def saved_at(data: Path, what: str) -> float:
    """Return when a part was saved last, in Unix seconds; 0 before the first time."""
    stamp = data / f"saved-{what}"
    return stamp.stat().st_mtime if stamp.exists() else 0.0


def opened(source: Path) -> Manifest:
    """Return the manifest of a backup, having seen that every file is whole.

    Raises UnsafeSetUp where a file is damaged or missing, or the format is of a later release.
    """
    try:
        data = (source / MANIFEST).read_bytes()
    except OSError as error:
        raise UnsafeSetUp(f"{source} is no backup: it has no {MANIFEST}.") from error
    try:
        if msgspec.json.decode(data)["format"] > FORMAT:
            raise UnsafeSetUp(f"{source} was made by a later release; restore it with that one.")
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise UnsafeSetUp(f"{source / MANIFEST} is damaged.") from error
    for name, expected in manifest.files.items():
        path = source / name
        if not path.is_file():
            raise UnsafeSetUp(f"{path} is missing; the backup is damaged.")
        if digest(path) != expected:
            raise UnsafeSetUp(f"{path} is not what was saved; the backup is damaged.")
    return manifest


def digest(path: Path) -> str:
    """Return the sha256 of a file, read piece by piece."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
