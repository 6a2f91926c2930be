"""The file in a multipart body, read as it comes, within limits (B41, B42, practice-upload 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from typing_extensions import override

from libs.runtime.web import Problem

PARTS_MAX = 20
AROUND_BYTES_MAX = 100_000
"""What boundaries, headers and other parts may take besides the file."""
BOUNDARY_BYTES_MAX = 200
NAME_CHARACTERS_MAX = 200


@dataclass
class Part:
    """One part of a body; data is kept of the wanted ones only."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    filename: str = ""
    data: bytearray = field(default_factory=bytearray)


class FileReader:
    """Takes a body piece by piece and keeps the parts of one name."""

    def __init__(self, boundary: bytes, wanted: str, bytes_max: int) -> None:
        self.files: list[Part] = []
        self._wanted = wanted
        self._bytes_max = bytes_max
        self._taken = 0
        self._parts = 0
        self._part = Part()
        self._name = self._value = b""
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
        )

    def feed(self, piece: bytes) -> None:
        """Take the next piece; a 400 or 413 problem for what is broken or too much."""
        self._taken += len(piece)
        if self._taken > self._bytes_max + AROUND_BYTES_MAX:
            raise _too_large(self._bytes_max)
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _broken() from None

    def finish(self) -> list[Part]:
        """Return the wanted parts; a 400 problem if the body ended before its last boundary."""
        if not self._ended:
            raise _broken()
        return self.files

    def _begin(self) -> None:
        self._part = Part()
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise Problem(400, "too_many_parts", f"A body may have {PARTS_MAX} parts.")

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._part.headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_end(self) -> None:
        given = self._part.headers.get(b"content-disposition", b"")
        _, options = parse_options_header(given)
        self._part.name = _text(options.get(b"name", b""))
        self._part.filename = clean_name(_text(options.get(b"filename", b"")))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.name != self._wanted:
            return
        self._part.data += data[start:end]
        if len(self._part.data) > self._bytes_max:
            raise _too_large(self._bytes_max)

    def _part_end(self) -> None:
        if self._part.name == self._wanted:
            self.files.append(self._part)

    def _end(self) -> None:
        self._ended = True


async def read_files(request: Request, wanted: str, bytes_max: int) -> list[Part]:
    """Return the parts of one name of a multipart request."""
    reader = FileReader(boundary_of(request), wanted, bytes_max)
    async for piece in request.stream():
        if piece:
            reader.feed(piece)
    return reader.finish()


class NamedReader(FileReader):
    """Keeps what stands in parts of several names, each once and within a limit of its own."""

    def __init__(self, boundary: bytes, limits: Mapping[str, int]) -> None:
        super().__init__(boundary, "", sum(limits.values()))
        self.found: dict[str, bytes] = {}
        self._limits = limits

    @override
    def _data(self, data: bytes, start: int, end: int) -> None:
        limit = self._limits.get(self._part.name)
        if limit is None:
            return
        self._part.data += data[start:end]
        if len(self._part.data) > limit:
            raise _too_large(limit)

    @override
    def _part_end(self) -> None:
        name = self._part.name
        if name in self.found:
            raise Problem(422, "part_repeated", "Each part may come once.", part=name)
        if name in self._limits:
            self.found[name] = bytes(self._part.data)


async def read_parts(request: Request, limits: Mapping[str, int]) -> dict[str, bytes]:
    """Return what stands in the parts of these names; a part that is not there is missing."""
    reader = NamedReader(boundary_of(request), limits)
    async for piece in request.stream():
        if piece:
            reader.feed(piece)
    reader.finish()
    return reader.found


def boundary_of(request: Request) -> bytes:
    """Return what stands between the parts of a request; a 400 or 415 problem without it."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary: Any = options.get(b"boundary", b"")
    if kind != b"multipart/form-data":
        raise Problem(415, "unsupported_media_type", "Send the file as multipart/form-data.")
    if not 0 < len(boundary) <= BOUNDARY_BYTES_MAX:
        raise _broken()
    found: bytes = boundary
    return found


def clean_name(name: str) -> str:
    """Return the last part of a file name without what is no sign to print (B29)."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[:NAME_CHARACTERS_MAX]


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _broken() -> Problem:
    return Problem(400, "multipart_malformed", "The multipart body is broken or incomplete.")


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"A file may hold {limit} bytes.", bytes_max=limit)
