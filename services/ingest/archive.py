"""What a ZIP or gzip holds, found out without trusting it (B12 to B15, B44). Pure.

A ZIP is read by the directory at its end alone, so that there is one reading of it: what stands
between its entries is nobody's, and a directory that does not describe the file exactly makes it
unreadable. Names are looked at to leave out folders and what operating systems add, and for
nothing else: nothing is ever written under a name that came in. Source: APPNOTE 6.3.10, RFC 1952.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from libs.events.handed import Finding
from services.ingest.findings import broken

ENTRIES_MAX: Final = 20_000
DIRECTORY_BYTES_MAX: Final = 6_000_000
UNPACKED_BYTES_MAX: Final = 2_000_000_000
RATIO_MAX: Final = 200
"""How many times larger than packed an archive may be: XML of many lines shrinks to a fiftieth."""
RATIO_BYTES_MIN: Final = 20_000_000
"""Below this nobody asks for the ratio."""
READ_BYTES: Final = 65_536

ENTRY, END, END64, PLACE64 = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
LOCAL: Final = b"PK\x03\x04"
GZIP: Final = b"\x1f\x8b"
STORED, DEFLATED, GZIPPED = 0, 8, -1
ALL_16, ALL_32 = 0xFFFF, 0xFFFFFFFF
ENCRYPTED: Final = 0x2041
"""Flags of an entry of which not everything lies open: encrypted, strongly, or masked."""
PLACE64_BYTES: Final = 20
UNIX: Final = (3, 19)
REGULAR, FOLDER = 0o10, 0o04
"""Kinds of files as the upper digits of a Unix mode say them."""
ADDED: Final = frozenset((b".DS_Store", b"Thumbs.db", b"desktop.ini"))


class Stored(Protocol):
    """An archive that is read from any place and never held as a whole."""

    size_bytes: int

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes from a place; fewer where it ends before."""


class Entry(NamedTuple):
    """Where one message lies, and what is said of it."""

    offset: int
    packed_bytes: int
    end: int
    """Where the next one begins: behind it nothing is read."""
    size_bytes: int
    crc: int
    method: int


@dataclass(frozen=True)
class Archive:
    """The messages of an archive in the order of its directory."""

    entries: tuple[Entry, ...]

    @property
    def kind(self) -> str:
        """Return how it is packed."""
        return "gzip" if self.entries[0].method == GZIPPED else "zip"


class _Broken(Exception):
    """The bytes are no archive, or not the one that they say."""


class _Listed(NamedTuple):
    """An entry as the directory has it."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    kind: int
    offset: int


def opened(file: Stored) -> Archive | Finding:
    """Return what an archive holds, or why none of it is taken. Raises nothing."""
    if file.read_at(0, 2) == GZIP:
        return Archive((Entry(0, file.size_bytes, file.size_bytes, 0, 0, GZIPPED),))
    try:
        listed, start = _directory(file)
    except (_Broken, struct.error):
        return broken("archive_unreadable")
    if isinstance(listed, Finding):
        return listed
    refused = _refused(listed, file.size_bytes)
    if refused is not None:
        return refused
    if not _apart(listed, start):
        return broken("archive_unreadable")
    ends = dict(pairwise(sorted({one.offset for one in listed} | {start})))
    kept = tuple(
        Entry(one.offset, one.packed_bytes, ends[one.offset], one.size_bytes, one.crc, one.method)
        for one in listed
        if _message(one.name)
    )
    return Archive(kept) if kept else broken("archive_empty")


def unpacked(file: Stored, entry: Entry, bytes_max: int) -> bytes | Finding:
    """Return one message, or why it cannot be taken. Holds no more than the message may have."""
    if entry.size_bytes > bytes_max:
        return _too_large(bytes_max)
    try:
        start = 0 if entry.method == GZIPPED else _content(file, entry)
        packed = _pieces(file, start, start + entry.packed_bytes)
        data = b"".join(packed) if entry.method == STORED else _inflated(packed, entry, bytes_max)
    except (_Broken, struct.error, zlib.error):
        return broken("archive_item_damaged")
    if data is None:
        return _too_large(bytes_max)
    if entry.method != GZIPPED and (len(data) != entry.size_bytes or zlib.crc32(data) != entry.crc):
        return broken("archive_item_damaged")
    return data


def _directory(file: Stored) -> tuple[Sequence[_Listed] | Finding, int]:
    """Return all entries and where the directory begins."""
    if file.read_at(0, 4) not in (LOCAL, END):
        raise _Broken
    tail_at = max(0, file.size_bytes - 22 - ALL_16)
    tail = file.read_at(tail_at, 22 + ALL_16)
    at = len(tail)
    while (at := tail.rfind(END, 0, at)) >= 0:
        if len(tail) >= at + 22 and len(tail) == at + 22 + int.from_bytes(
            tail[at + 20 : at + 22], "little"
        ):
            break
    else:
        raise _Broken
    count, size, start = struct.unpack("<8xHHLLH", tail[at : at + 22])[1:4]
    if count == ALL_16 or ALL_32 in (size, start):
        count, size, start, ends_at = _end64(file, tail_at + at)
    else:
        ends_at = tail_at + at
    if count > ENTRIES_MAX or size > DIRECTORY_BYTES_MAX:
        return broken("archive_too_many", params={"limit": str(ENTRIES_MAX)}), start
    if start + size != ends_at:
        raise _Broken
    listed = list(_listed(file.read_at(start, size)))
    if len(listed) != count:
        raise _Broken
    return listed, start


def _end64(file: Stored, end_at: int) -> tuple[int, int, int, int]:
    """Return count, size and place of the directory from the longer end, and where that lies."""
    place = file.read_at(max(0, end_at - PLACE64_BYTES), PLACE64_BYTES)
    if not place.startswith(PLACE64):
        raise _Broken
    at = struct.unpack("<8xQ4x", place)[0]
    record = file.read_at(at, 56)
    if not record.startswith(END64) or at + 56 > end_at - PLACE64_BYTES:
        raise _Broken
    count, size, start = struct.unpack("<32xQQQ", record)
    return count, size, start, at


def _listed(directory: bytes) -> Iterator[_Listed]:
    at = 0
    while at < len(directory):
        if directory[at : at + 4] != ENTRY:
            raise _Broken
        fields = struct.unpack_from("<4xBBHHH4xLLLHHH4xLL", directory, at)
        _, system, _, flags, method, crc, packed, size, named, extra, said, mode, offset = fields
        name = directory[at + 46 : at + 46 + named]
        more = directory[at + 46 + named : at + 46 + named + extra]
        if ALL_32 in (packed, size, offset):
            size, packed, offset = _wide(more, size, packed, offset)
        at += 46 + named + extra + said
        if at > len(directory):
            raise _Broken
        kind = mode >> 28 if system in UNIX else 0
        yield _Listed(name, flags, method, crc, packed, size, kind, offset)


def _wide(extra: bytes, *narrow: int) -> list[int]:
    """Return sizes and place, with those that need 64 bits from the field that holds them."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            field = extra[at + 4 : at + 4 + length]
            values = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            try:
                return [next(values) if one == ALL_32 else one for one in narrow]
            except StopIteration:
                raise _Broken from None
        at += 4 + length
    raise _Broken


def _refused(listed: Sequence[_Listed], archive_bytes: int) -> Finding | None:
    """Return why an archive is not taken, as far as its directory shows it."""
    if any(one.flags & ENCRYPTED for one in listed):
        return broken("archive_encrypted")
    if any(one.kind not in (0, REGULAR, FOLDER) for one in listed):
        return broken("archive_special_files")
    if any(one.method not in (STORED, DEFLATED) for one in listed):
        return broken("archive_compression_unsupported")
    total = sum(one.size_bytes for one in listed)
    limit = min(UNPACKED_BYTES_MAX, max(RATIO_BYTES_MIN, RATIO_MAX * archive_bytes))
    if total > limit:
        return broken("archive_too_large", params={"limit": str(limit // 1_000_000)})
    return None


def _apart(listed: Sequence[_Listed], start: int) -> bool:
    """Whether each entry has its own place: shared ones make a bomb of a small file."""
    places = sorted((one.offset, one.offset + 30 + one.packed_bytes) for one in listed)
    return all(end <= begin for (_, end), (begin, _) in pairwise([*places, (start, start)]))


def _message(name: bytes) -> bool:
    """Whether this is somebody's file, and no folder nor what an operating system adds."""
    last = name.rpartition(b"/")[2]
    return bool(last) and last not in ADDED and not name.startswith(b"__MACOSX/")


def _content(file: Stored, entry: Entry) -> int:
    """Return where the content of an entry begins, by what stands before it."""
    head = file.read_at(entry.offset, 30)
    flags, method, named, extra = struct.unpack("<6xHH16xHH", head)
    start: int = entry.offset + 30 + named + extra
    if not head.startswith(LOCAL) or method != entry.method or flags & ENCRYPTED:
        raise _Broken
    if start + entry.packed_bytes > entry.end:
        raise _Broken
    if method == STORED and entry.packed_bytes != entry.size_bytes:
        raise _Broken
    return start


def _pieces(file: Stored, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        piece = file.read_at(start, min(READ_BYTES, end - start))
        if not piece:
            raise _Broken
        yield piece
        start += len(piece)


def _inflated(packed: Iterator[bytes], entry: Entry, bytes_max: int) -> bytes | None:
    """Return what was packed; None if that is more than a message may have."""
    inflate = zlib.decompressobj(31 if entry.method == GZIPPED else -15)
    found = bytearray()
    for piece in packed:
        rest = piece
        while rest and not inflate.eof:
            found += inflate.decompress(rest, bytes_max + 1 - len(found))
            if len(found) > bytes_max:
                return None
            rest = inflate.unconsumed_tail
        if inflate.eof and (inflate.unused_data or rest):
            raise _Broken
    if not inflate.eof:
        raise _Broken
    return bytes(found)


def _too_large(bytes_max: int) -> Finding:
    return broken("archive_item_too_large", params={"limit": str(bytes_max // 1_000_000)})
