"""Documents and raw messages, named by what they hold, encrypted under their subject's key."""

import asyncio
import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag

from libs.events.values import DocumentId, SubjectId
from libs.runtime import crash
from libs.runtime.ids import new_id
from libs.runtime.vault import Vault
from libs.runtime.worker import Job, Worker

T = TypeVar("T")
R = TypeVar("R")
PUT_MAX = 64
UNNAMED = "unnamed"
"""Folder of what is written and has no name yet: one, so that what is left there is found."""
PART = ".part"
FURTHER = ".also"
"""Ends the name of the folder with the copies of one content for further subjects."""


class _Box(msgspec.Struct, frozen=True, array_like=True):
    subject: SubjectId
    sealed: bytes


class _Part(NamedTuple):
    job: Job
    file: Path
    path: Path
    subject: SubjectId


class Documents:
    """A folder in which each file's name is the sha256 of what it holds once opened.

    Putting the same content twice is harmless. Erasing the subject makes the content unreadable;
    `get` then answers as if it had never been there. Content that belongs to several subjects, a
    leaflet that came with two cases, is kept once for each: forgetting one takes nothing of the
    other. Those who put at the same time share one look into the key store and the syncs.
    """

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._unnamed = folder / UNNAMED
        self._vault = vault
        self._worker = Worker("documents", self._settle, PUT_MAX)

    def sweep(self, before: datetime) -> None:
        """Remove what was written before an instant and never got its name: its process died."""
        for path in self._unnamed.glob(f"*{PART}"):
            with suppress(FileNotFoundError):  # another process sweeps as well
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()

    async def put(
        self, data: bytes, subject: SubjectId, also: Collection[SubjectId] = ()
    ) -> DocumentId:
        """Store content durably and return its name.

        Subjects named besides get their keys in the same commit: whoever records what came with
        the content next finds them, and the key store syncs once for both.
        """
        document: DocumentId = await self._worker.submit((data, subject, also))
        return document

    async def get(self, document: DocumentId, subject: SubjectId | None = None) -> bytes | None:
        """Return content by name; None if unknown or erased. Raises if the file was changed.

        With a subject, only what is kept for it counts: another's copy of the same content is not
        shown in the place of one that was erased.
        """
        return await asyncio.to_thread(self.get_now, document, subject)

    def close(self) -> None:
        """Finish what has queued, then end."""
        self._worker.stop()

    def _settle(self, jobs: Sequence[Job]) -> None:
        """Put all of a batch: the first sync takes most of what the others wrote along."""
        try:
            self._vault.ensure({one for job in jobs for one in (job.task[1], *job.task[2])})
        except Exception as error:  # noqa: BLE001 - the key store is away: nothing can be sealed
            for job in jobs:
                job.error = error
            return
        parts = [part for job in jobs if (part := _tried(job, self._written, job))]
        by_folder = defaultdict(list)
        for part in parts:
            if (path := _tried(part.job, _named, part)) is not None:
                by_folder[path.parent].append(part.job)
        for folder, here in by_folder.items():
            _tried(here[0], sync, folder)
            for job in here:
                job.error = job.error or here[0].error

    def _written(self, job: Job) -> _Part | None:
        """Write a file that is not synced yet; None where there is nothing to do."""
        data, subject, _ = job.task
        job.result = document = DocumentId(hashlib.sha256(data).hexdigest())
        path = self._path_for(document, subject)
        if path.exists() and self.get_now(document, subject) is not None:
            return None
        sealed = self._vault.seal_bytes(data, subject, document)
        if sealed is None:  # an erased subject's document is empty, yet what names it finds a file
            if path.exists():
                return None
            sealed = b""
        _make(path.parent)
        self._unnamed.mkdir(exist_ok=True)
        file = self._unnamed / f"{new_id()}{PART}"
        try:
            file.write_bytes(msgspec.msgpack.encode(_Box(subject=subject, sealed=sealed)))
        except OSError:  # the disk is full; half a file would only make it fuller (F32)
            file.unlink(missing_ok=True)
            raise
        return _Part(job, file, path, subject)

    def get_now(self, document: DocumentId, subject: SubjectId | None = None) -> bytes | None:
        """Do what `get` does, on this thread."""
        if len(document) != 64 or not set(document) <= set("0123456789abcdef"):  # noqa: PLR2004
            return None
        for path in self._copies(document):
            box = _box(path)
            if subject is None or box.subject == subject:
                data = self._whole(document, box)
                if data is not None:
                    return data
        return None

    def examine(self, document: DocumentId) -> str:
        """Return what is wrong with a stored document; empty if it is whole, or erased."""
        try:
            copies = self._copies(document)
            if not copies:
                return "is missing"
            for path in copies:
                box = _box(path)
                if self._whole(document, box) is None and not self._vault.knows(box.subject):
                    return "has lost its key"
        except (OSError, msgspec.DecodeError) as error:
            return f"cannot be read: {type(error).__name__}"
        except (InvalidTag, RuntimeError, ValueError):
            return "does not hold what its name says"
        return ""

    def _whole(self, document: DocumentId, box: _Box) -> bytes | None:
        data = self._vault.open_bytes(box.sealed, box.subject, document)
        if data is not None and hashlib.sha256(data).hexdigest() != document:
            raise RuntimeError(f"Document {document} does not hold what its name says.")
        return data

    def _path(self, document: DocumentId) -> Path:
        return self._folder / document[:2] / document[2:]

    def _path_for(self, document: DocumentId, subject: SubjectId) -> Path:
        """Return where a subject's copy stands: the first one's has the plain name."""
        path = self._path(document)
        return (
            path if not path.exists() or _box(path).subject == subject else _beside(path, subject)
        )

    def _copies(self, document: DocumentId) -> list[Path]:
        """Return where content is kept, the first copy first."""
        path = self._path(document)
        if not path.exists():
            return []
        further = path.with_suffix(FURTHER)
        if not further.exists():
            return [path]
        return [path, *sorted(further.iterdir())]


def _box(path: Path) -> _Box:
    return msgspec.msgpack.decode(path.read_bytes(), type=_Box)


def _tried(job: Job, step: Callable[[T], R], given: T) -> R | None:
    """Do a step of a job; what it raises is the job's error."""
    try:
        return step(given)
    except Exception as error:  # noqa: BLE001 - the caller gets it
        job.error = error
        return None


def _named(part: _Part) -> Path:
    """Sync a written file and give it its name; return the name.

    Where another subject's copy got the plain name meanwhile, by this process or another one, ours
    stands beside it: a name is given once and what has it is never written over.
    """
    sync(part.file)
    crash.point("documents.before_rename")
    path = part.path
    try:
        path.hardlink_to(part.file)
    except FileExistsError:
        if _box(path).subject != part.subject:
            path = _beside(path, part.subject)
            _make(path.parent)
            with suppress(FileExistsError):
                path.hardlink_to(part.file)
    part.file.unlink()
    crash.point("documents.after_rename")
    return path


def _beside(path: Path, subject: SubjectId) -> Path:
    """Return where a further subject's copy of what has a name stands."""
    return path.with_suffix(FURTHER) / hashlib.sha256(subject.encode()).hexdigest()[:32]


def _make(folder: Path) -> None:
    """Make a folder durably."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        sync(folder.parent)


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
