"""The file in a multipart body, read as it comes, within limits (B41, B42, practice-upload 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from typing_extensions import override

from libs.runtime.web import Problem

MULTIPART = b"multipart/form-data"
PARTS_MAX = 20
AROUND_BYTES_MAX = 100_000
"""What boundaries, headers and other parts may take besides the file, for so many parts."""
BOUNDARY_BYTES_MAX = 200
NAME_CHARACTERS_MAX = 200


@dataclass
class Part:
    """One part of a body; data is kept of the wanted ones only."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    filename: str = ""
    data: bytearray = field(default_factory=bytearray)


class PartReader:
    """Takes a body piece by piece; what comes of its parts is said by whoever inherits it."""

    def __init__(self, boundary: bytes, bytes_max: int, parts_max: int = PARTS_MAX) -> None:
        self._bytes_max = bytes_max
        self._around_bytes_max = AROUND_BYTES_MAX * max(1, parts_max // PARTS_MAX)
        self._parts_max = parts_max
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
        if self._taken > self._bytes_max + self._around_bytes_max:
            raise too_large(self._bytes_max)
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _broken() from None

    def complete(self) -> None:
        """See that the body has come to its last boundary; a 400 problem if it has not."""
        if not self._ended:
            raise _broken()

    def begun(self, part: Part) -> None:
        """Hear that a part begins; its headers are known."""

    def came(self, part: Part, data: bytes) -> None:
        """Hear of the next bytes of a part."""

    def ended(self, part: Part) -> None:
        """Hear that a part has come whole."""

    def _begin(self) -> None:
        self._part = Part()
        self._parts += 1
        if self._parts > self._parts_max:
            raise Problem(400, "too_many_parts", f"A body may have {self._parts_max} parts.")

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
        self.begun(self._part)

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.came(self._part, data[start:end])

    def _part_end(self) -> None:
        self.ended(self._part)

    def _end(self) -> None:
        self._ended = True


class FileReader(PartReader):
    """Keeps the parts of one name, or every file where no name is wanted."""

    def __init__(
        self, boundary: bytes, wanted: str, bytes_max: int, parts_max: int = PARTS_MAX
    ) -> None:
        super().__init__(boundary, bytes_max, parts_max)
        self.files: list[Part] = []
        self._wanted = wanted

    def finish(self) -> list[Part]:
        """Return the wanted parts; a 400 problem if the body ended before its last boundary."""
        self.complete()
        return self.files

    @override
    def came(self, part: Part, data: bytes) -> None:
        if not self._wants(part):
            return
        part.data += data
        if len(part.data) > self._bytes_max:
            raise too_large(self._bytes_max)

    @override
    def ended(self, part: Part) -> None:
        if self._wants(part):
            self.files.append(part)

    def _wants(self, part: Part) -> bool:
        return part.name == self._wanted if self._wanted else bool(part.filename)


class NamedReader(PartReader):
    """Keeps what stands in parts of several names, each once and within a limit of its own."""

    def __init__(self, boundary: bytes, limits: Mapping[str, int]) -> None:
        super().__init__(boundary, sum(limits.values()))
        self.found: dict[str, bytes] = {}
        self._limits = limits

    @override
    def came(self, part: Part, data: bytes) -> None:
        limit = self._limits.get(part.name)
        if limit is None:
            return
        part.data += data
        if len(part.data) > limit:
            raise too_large(limit)

    @override
    def ended(self, part: Part) -> None:
        if part.name in self.found:
            raise Problem(422, "part_repeated", "Each part may come once.", part=part.name)
        if part.name in self._limits:
            self.found[part.name] = bytes(part.data)


def is_multipart(request: Request) -> bool:
    """Whether a request says that it brings files of a form."""
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    return kind == MULTIPART


def boundary_of(request: Request) -> bytes:
    """Return what stands between the parts of a request; a 400 or 415 problem without it."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary: Any = options.get(b"boundary", b"")
    if kind != MULTIPART:
        raise Problem(415, "unsupported_media_type", "Send the file as multipart/form-data.")
    if not 0 < len(boundary) <= BOUNDARY_BYTES_MAX:
        raise _broken()
    found: bytes = boundary
    return found


async def read_files(
    request: Request, wanted: str, bytes_max: int, parts_max: int = PARTS_MAX
) -> list[Part]:
    """Return the parts of one name of a multipart request; every file where none is wanted."""
    reader = FileReader(boundary_of(request), wanted, bytes_max, parts_max)
    async for piece in request.stream():
        if piece:
            reader.feed(piece)
    return reader.finish()


async def read_parts(request: Request, limits: Mapping[str, int]) -> dict[str, bytes]:
    """Return what stands in the parts of these names; a part that is not there is missing."""
    reader = NamedReader(boundary_of(request), limits)
    async for piece in request.stream():
        if piece:
            reader.feed(piece)
    reader.complete()
    return reader.found


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


def too_large(limit: int) -> Problem:
    """Return the refusal of a file that is longer than allowed."""
    return Problem(413, "too_large", f"A file may hold {limit} bytes.", bytes_max=limit)
