"""Files of one multipart request as one archive, made while they come in.

What is a single archive goes on as it is. Other files go into a plain ZIP in their order, under
numbers: their names may hold a patient's. The same files make the same bytes, hence the same job.
"""

import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import IO, Any, Final

from fastapi import Request
from typing_extensions import override

from libs.runtime.web import Problem
from services.gateway.api.multipart import Part, PartReader, boundary_of

FILES_MAX: Final = 1_000
"""In one multipart request; more go into an archive."""
MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b")
MARK_BYTES: Final = 4

FORM: Final[Mapping[str, Any]] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["files"],
            "properties": {
                "files": {"type": "array", "items": {"type": "string", "format": "binary"}}
            },
        },
        "example": {"files": ["R-2026-000431.xml", "R-2026-000432.xml"]},
    }
}
"""Files of one form, as the OpenAPI document shows them."""


class _Outlet:
    """Takes what a ZIP writes, until it is passed on."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is held open."""

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        found = bytes(self._waiting)
        self._waiting.clear()
        return found


class Packer:
    """Writes files, one after the other, into a ZIP whose bytes can be taken at any time."""

    def __init__(self) -> None:
        self.outlet = _Outlet()
        self.files = 0
        self._zip = zipfile.ZipFile(self.outlet, "w")
        self._file: IO[bytes] | None = None

    def begin(self) -> None:
        """Begin the next file."""
        self.files += 1
        self._file = self._zip.open(zipfile.ZipInfo(f"{self.files:05}.xml"), "w")

    def write(self, data: bytes) -> None:
        """Go on with a file."""
        assert self._file is not None, "a file was begun"
        self._file.write(data)

    def end(self) -> None:
        """End a file."""
        assert self._file is not None, "a file was begun"
        self._file.close()
        self._file = None

    def finish(self) -> None:
        """Write what ends an archive, in the middle of a file too; a repeat does nothing."""
        if self._file is not None:
            self.end()
        self._zip.close()


class Packing(PartReader):
    """Packs the files of a body, or lets a single archive through."""

    def __init__(self, boundary: bytes, bytes_max: int) -> None:
        super().__init__(boundary, bytes_max, FILES_MAX)
        self.files = 0
        self._packer = Packer()
        self._through = False
        self._head: bytearray | None = None
        """The beginning of the first file, until it says what it is."""

    def finish(self) -> None:
        """See that all came, and end the archive; a problem where nothing came."""
        self.complete()
        if not self.files:
            raise Problem(422, "no_file", "Send at least one part with a file name.")
        if not self._through:
            self._packer.finish()

    def taken(self) -> bytes:
        """Return what can be passed on."""
        return self._packer.outlet.taken()

    def close(self) -> None:
        """Let go of what is not finished."""
        self._packer.finish()

    @override
    def begun(self, part: Part) -> None:
        if not part.filename:
            return
        self.files += 1
        if self._through:
            detail = "Send an archive by itself, not among other files."
            raise Problem(422, "archive_among_files", detail)
        if self.files == 1:
            self._head = bytearray()
        else:
            self._packer.begin()

    @override
    def came(self, part: Part, data: bytes) -> None:
        if not part.filename:
            return
        if self._head is not None:
            self._head += data
            if len(self._head) < MARK_BYTES:
                return
            data = self._decide()
        if self._through:
            self._packer.outlet.write(data)
        else:
            self._packer.write(data)

    @override
    def ended(self, part: Part) -> None:
        if not part.filename:
            return
        if self._head is not None:
            self._packer.write(self._decide())
        if not self._through:
            self._packer.end()

    def _decide(self) -> bytes:
        """Say what the first file is; return what was held back of it."""
        assert self._head is not None, "not decided yet"
        head, self._head = bytes(self._head), None
        self._through = head.startswith(MARKS) and len(head) >= MARK_BYTES
        if not self._through:
            self._packer.begin()
        return head


async def as_archive(request: Request, bytes_max: int) -> AsyncIterator[bytes]:
    """Yield the archive that the files of a multipart request make, while they come in."""
    packing = Packing(boundary_of(request), bytes_max)
    try:
        async for piece in request.stream():
            if piece:
                packing.feed(piece)
                if found := packing.taken():
                    yield found
        packing.finish()
        yield packing.taken()
    finally:
        packing.close()


def packed(files: Sequence[bytes]) -> bytes:
    """Return files that are at hand as an archive."""
    packer = Packer()
    for data in files:
        packer.begin()
        packer.write(data)
        packer.end()
    packer.finish()
    return packer.outlet.taken()
