"""Large things on their way: sealed in pieces, kept until they are worked off, then gone for good.

An archive of messages is too large to be held in memory, and holds many persons' data under one
roof. So it is sealed piece by piece while it comes in, under a key of its own; read from any place
while its messages are taken; and when each of them stands by itself, under its own case, the key is
destroyed and the file removed. Nobody's erasure then leaves a copy behind (BR-114).
"""

import asyncio
import hashlib
import os
from collections import OrderedDict
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from libs.events.values import SubjectId
from libs.runtime import crash
from libs.runtime.documents import sync
from libs.runtime.ids import new_id
from libs.runtime.vault import Vault

FOLDER: Final = "transit"
PIECE_BYTES: Final = 1 << 20
SEAL_BYTES: Final = 28
"""What a sealed piece is longer than the open one: nonce and tag."""
SUBJECT_BYTES: Final = 32
"""The head of a file: whose key opens it."""
PIECES_AT_HAND: Final = 2


class Incoming:
    """Something large that is coming in; ends as kept or as discarded."""

    def __init__(self, transit: "Transit", vault: Vault, path: Path) -> None:
        self._transit = transit
        self._vault = vault
        self._path = path
        self._subject = vault.pseudonym(FOLDER, new_id())
        self._rest = bytearray()
        self._digest = hashlib.sha256()
        self._pieces = 0
        self._file: BinaryIO | None = None
        self.size_bytes = 0

    async def write(self, data: bytes) -> None:
        """Take the next bytes; raises OSError where the disk is full."""
        self._rest += data
        self.size_bytes += len(data)
        while len(self._rest) >= PIECE_BYTES:
            piece = bytes(self._rest[:PIECE_BYTES])
            del self._rest[:PIECE_BYTES]
            await asyncio.to_thread(self._seal, piece)

    async def whole(self) -> str:
        """Finish what came in; return its sha256."""
        if self._rest or not self._pieces:
            await asyncio.to_thread(self._seal, bytes(self._rest))
            self._rest.clear()
        assert self._file is not None, "a piece was written"
        self._file.flush()
        return self._digest.hexdigest()

    def opened(self) -> "Kept":
        """Return what came in to be read, before it has a name."""
        return Kept(self._vault, self._path)

    async def keep(self, name: str) -> None:
        """Make it durable under a name, in place of what an interrupted upload left there."""
        await asyncio.to_thread(self._named, self._transit.path(name))

    async def discard(self) -> None:
        """Leave nothing of it. Harmless once it is kept."""
        await asyncio.to_thread(self._gone)

    def _seal(self, piece: bytes) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("xb")
            self._file.write(self._subject.encode())
        self._digest.update(piece)
        sealed = self._vault.seal_bytes(piece, self._subject, _label(self._pieces))
        assert sealed is not None, "a key that nobody knows was destroyed by nobody"
        self._file.write(sealed)
        self._pieces += 1

    def _named(self, path: Path) -> None:
        assert self._file is not None, "it is whole"
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        crash.point("transit.before_rename")
        self._path.rename(path)
        sync(path.parent)
        crash.point("transit.after_rename")

    def _gone(self) -> None:
        if self._file is not None and self._path.exists():
            self._file.close()
            self._vault.destroy(self._subject)
            self._path.unlink()


class Kept:
    """Something large that came in, read from any place; a few opened pieces stay at hand."""

    def __init__(self, vault: Vault, path: Path) -> None:
        self._vault = vault
        self._handle = os.open(path, os.O_RDONLY)
        self._subject = SubjectId(os.pread(self._handle, SUBJECT_BYTES, 0).decode())
        self._pieces: OrderedDict[int, bytes] = OrderedDict()
        sealed = os.fstat(self._handle).st_size - SUBJECT_BYTES
        pieces = -(-sealed // (PIECE_BYTES + SEAL_BYTES))
        self.size_bytes = sealed - pieces * SEAL_BYTES

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes from a place; fewer where it ends before."""
        found = bytearray()
        end = min(offset + length, self.size_bytes)
        while offset < end:
            index, start = divmod(offset, PIECE_BYTES)
            part = self._piece(index)[start : start + end - offset]
            assert part, "a place before the end holds something"
            found += part
            offset += len(part)
        return bytes(found)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._handle)
        self._pieces.clear()

    def _piece(self, index: int) -> bytes:
        if index in self._pieces:
            self._pieces.move_to_end(index)
            return self._pieces[index]
        length = PIECE_BYTES + SEAL_BYTES
        box = os.pread(self._handle, length, SUBJECT_BYTES + index * length)
        piece = self._vault.open_bytes(box, self._subject, _label(index))
        if piece is None:
            raise RuntimeError("What was on its way is gone: its key was destroyed.")
        self._pieces[index] = piece
        if len(self._pieces) > PIECES_AT_HAND:
            self._pieces.popitem(last=False)
        return piece


class Transit:
    """A folder of large things on their way, beside the documents."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder / FOLDER
        self._vault = vault

    def begin(self) -> Incoming:
        """Begin to take something in."""
        return Incoming(self, self._vault, self._folder / f"{new_id()}.part")

    def open(self, name: str) -> Kept:
        """Return what is kept under a name; raises FileNotFoundError if there is nothing."""
        return Kept(self._vault, self.path(name))

    def has(self, name: str) -> bool:
        """Whether something is kept under a name."""
        return self.path(name).exists()

    def drop(self, name: str) -> None:
        """Destroy the key of what is kept under a name, then the file. A repeat is harmless."""
        self._drop(self.path(name))

    def sweep(self, before: datetime) -> None:
        """Drop what was coming in before an instant and never became whole: its process died."""
        for path in self._folder.glob("*.part"):
            if path.stat().st_mtime < before.timestamp():
                self._drop(path)

    def path(self, name: str) -> Path:
        """Return where a thing of this name lies; names are ids of ours."""
        return self._folder / name

    def _drop(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                subject = SubjectId(file.read(SUBJECT_BYTES).decode())
        except FileNotFoundError:
            return
        self._vault.destroy(subject)
        path.unlink(missing_ok=True)


def _label(piece: int) -> str:
    return f"{FOLDER}.{piece}"
