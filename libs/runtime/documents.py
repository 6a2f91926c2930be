"""Documents and raw messages, named by what they hold, encrypted under their subject's key."""

import asyncio
import hashlib
import os
from pathlib import Path

import msgspec

from libs.events.values import DocumentId, SubjectId
from libs.runtime import crash
from libs.runtime.ids import new_id
from libs.runtime.vault import Vault


class _Box(msgspec.Struct, frozen=True, array_like=True):
    subject: SubjectId
    sealed: bytes


class Documents:
    """A folder in which each file's name is the sha256 of what it holds once opened.

    Putting the same content twice is harmless. Erasing the subject makes the content unreadable;
    `get` then answers as if it had never been there.
    """

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    async def put(self, data: bytes, subject: SubjectId) -> DocumentId:
        """Store content durably and return its name."""
        return await asyncio.to_thread(self.put_now, data, subject)

    async def get(self, document: DocumentId) -> bytes | None:
        """Return content by name; None if unknown or erased. Raises if the file was changed."""
        return await asyncio.to_thread(self.get_now, document)

    def put_now(self, data: bytes, subject: SubjectId) -> DocumentId:
        """Do what `put` does, on this thread."""
        document = DocumentId(hashlib.sha256(data).hexdigest())
        path = self._path(document)
        if path.exists() and self.get_now(document) is not None:
            return document
        sealed = self._vault.seal_bytes(data, subject, document)
        if sealed is None:
            return document
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(self._folder)
        part = path.with_suffix(f".{new_id()}.part")
        with part.open("wb") as file:
            file.write(msgspec.msgpack.encode(_Box(subject=subject, sealed=sealed)))
            file.flush()
            os.fsync(file.fileno())
        crash.point("documents.before_rename")
        part.rename(path)
        crash.point("documents.after_rename")
        _sync_folder(path.parent)
        return document

    def get_now(self, document: DocumentId) -> bytes | None:
        """Do what `get` does, on this thread."""
        if len(document) != 64 or not set(document) <= set("0123456789abcdef"):  # noqa: PLR2004
            return None
        try:
            box = msgspec.msgpack.decode(self._path(document).read_bytes(), type=_Box)
        except FileNotFoundError:
            return None
        data = self._vault.open_bytes(box.sealed, box.subject, document)
        if data is not None and hashlib.sha256(data).hexdigest() != document:
            raise RuntimeError(f"Document {document} does not hold what its name says.")
        return data

    def _path(self, document: DocumentId) -> Path:
        return self._folder / document[:2] / document[2:]


def _sync_folder(folder: Path) -> None:
    """Make a renamed file's name as durable as its content."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
