"""Archives for tests, good and bad, made by the library and then bent."""

import gzip
import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

CENTRAL, END = b"PK\x01\x02", b"PK\x05\x06"


class Bytes:
    """An archive at hand, read as one that is stored."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size_bytes = len(data)
        self.largest = 0

    def read_at(self, offset: int, length: int) -> bytes:
        found = self.data[offset : offset + length]
        self.largest = max(self.largest, len(found))
        return found


def zipped(
    files: Mapping[str, bytes] | Sequence[bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Return a ZIP of files; without names they are numbered."""
    named = files if isinstance(files, Mapping) else {f"{n}.xml": x for n, x in enumerate(files, 1)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in named.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 5, 8, 0, 0)), data, method)
    return out.getvalue()


def gzipped(data: bytes) -> bytes:
    """Return one file as gzip."""
    return gzip.compress(data, mtime=0)


def with_mode(name: str, mode: int, data: bytes = b"x") -> bytes:
    """Return a ZIP of one entry that says to be a file of this Unix mode."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(info, data)
    return out.getvalue()


def patched(data: bytes, sign: bytes, offset: int, value: bytes, nth: int = 0) -> bytes:
    """Return an archive with bytes of one of its records overwritten."""
    at = -1
    for _ in range(nth + 1):
        at = data.index(sign, at + 1)
    return data[: at + offset] + value + data[at + offset + len(value) :]


def declaring(data: bytes, size: int, nth: int = 0) -> bytes:
    """Return an archive whose directory says another unpacked size of an entry."""
    return patched(data, CENTRAL, 24, struct.pack("<L", size), nth)


def sharing(files: int, data: bytes) -> bytes:
    """Return a ZIP in which many entries of the directory share the place of one."""
    one = zipped([data])
    start = one.index(CENTRAL)
    end = one.index(END)
    entry = one[start:end]
    tail = struct.pack("<4s4xHHLLH", END, files, files, len(entry) * files, start, 0)
    return one[:start] + entry * files + tail


def form(
    *files: tuple[str, bytes], name: str = "files", boundary: bytes = b"grenze"
) -> tuple[bytes, str]:
    """Return a multipart body of files and its content type."""
    out = bytearray()
    for filename, data in files:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
        out += b"--" + boundary + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"
    return bytes(out) + b"--" + boundary + b"--\r\n", (
        f"multipart/form-data; boundary={boundary.decode()}"
    )


def bent(data: bytes, *changes: tuple[int, int, bytes]) -> bytes:
    """Return bytes with pieces cut out and others put in; places count around the whole."""
    for place, cut, more in changes:
        at = place % (len(data) + 1)
        data = data[:at] + more + data[at + cut :]
    return data


CHANGES = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=8)),
    min_size=1,
    max_size=6,
)
"""What `bent` does: bytes lost, added and changed anywhere."""
