"""What a ZIP or gzip holds is found out without trusting it (B12 to B15, B44)."""

import gzip
import io
import struct
import zipfile
import zlib

import pytest
from typing_extensions import override

from libs.events.handed import Finding
from services.ingest import archive
from services.ingest.archive import Archive, opened, unpacked
from services.ingest.job_intake import CHUNK_BYTES, CHUNK_ITEMS, chunk
from tests.archives import (
    CENTRAL,
    END,
    Bytes,
    declaring,
    gzipped,
    patched,
    sharing,
    with_mode,
    zipped,
)

MESSAGE_MAX = 20_000_000


def code_of(data: bytes) -> str:
    found = opened(Bytes(data))
    assert isinstance(found, Finding), found
    return found.code


def contents(data: bytes, bytes_max: int = MESSAGE_MAX) -> list[bytes | str]:
    """Return each message of an archive, or the code of why it is none."""
    file = Bytes(data)
    found = opened(file)
    assert isinstance(found, Archive), found
    taken = [unpacked(file, entry, bytes_max) for entry in found.entries]
    return [one.code if isinstance(one, Finding) else one for one in taken]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_file_of_a_zip_comes_out_in_the_order_of_the_directory(method: int) -> None:
    files = [b"<a/>", b"", b"<b/>" * 50_000]
    assert contents(zipped(files, method)) == files


def test_a_zip_written_without_knowing_its_sizes_is_read_by_its_directory() -> None:
    class Pipe(io.BytesIO):
        @override
        def seekable(self) -> bool:
            return False

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(3):
            with made.open(f"{number}", "w", force_zip64=True) as file:
                file.write(b"<a/>" * number)
    assert contents(out.getvalue()) == [b"", b"<a/>", b"<a/>" * 2]


def test_folders_and_what_operating_systems_add_are_no_messages() -> None:
    files = {"in/": b"", "__MACOSX/in/._a.xml": b"x", "in/.DS_Store": b"x", "in/a.xml": b"<a/>"}
    assert contents(zipped(files)) == [b"<a/>"]
    assert code_of(zipped({"in/": b""})) == "archive_empty"
    assert code_of(zipped([])) == "archive_empty"


def test_b43_files_of_one_name_are_files_of_their_own() -> None:
    two = zipped({"a.xml": b"<a/>", "b.xml": b"<b/>"})
    assert contents(two.replace(b"b.xml", b"a.xml")) == [b"<a/>", b"<b/>"]


def test_b44_names_that_leave_the_folder_are_content_and_nothing_else() -> None:
    names = (
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\a.xml",
        "a\x00b.xml",
        "\u202elmx.a",
        "x" * 5000,
    )
    files = {name: str(number).encode() for number, name in enumerate(names)}
    assert contents(zipped(files)) == list(files.values())


@pytest.mark.parametrize("mode", [0o120777, 0o060600, 0o010600])
def test_b44_links_devices_and_pipes_are_refused(mode: int) -> None:
    assert code_of(with_mode("a.xml", mode)) == "archive_special_files"


def test_ordinary_modes_are_taken() -> None:
    assert contents(with_mode("a.xml", 0o100644)) == [b"x"]
    assert contents(with_mode("a.xml", 0)) == [b"x"]


def test_b15_encrypted_entries_are_refused_with_their_own_word() -> None:
    assert code_of(patched(zipped([b"<a/>"]), CENTRAL, 8, b"\x01\x00")) == "archive_encrypted"
    assert code_of(patched(zipped([b"<a/>"]), CENTRAL, 8, b"\x40\x00")) == "archive_encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_b15_other_ways_of_packing_are_refused(method: int) -> None:
    assert code_of(zipped([b"<a/>"], method)) == "archive_compression_unsupported"


def test_b15_what_is_no_archive_or_not_whole_is_unreadable() -> None:
    good = zipped([b"<a/>" * 100, b"<b/>"])
    for data in (
        b"",
        b"<a/>",
        b"PK",
        b"PK\x03\x04",
        b"%PDF-1.7",
        good[:-1],
        good[:100],
        good + b"x",
    ):
        assert code_of(data) == "archive_unreadable", data[:20]
    assert code_of(b"MZ" + good) == "archive_unreadable"


def test_b12_a_directory_of_too_many_is_refused_before_it_is_read() -> None:
    many = patched(zipped([b"<a/>"]), END, 10, struct.pack("<H", 20_001))
    file = Bytes(many)
    found = opened(file)
    assert isinstance(found, Finding)
    assert found.code == "archive_too_many"
    large = patched(zipped([b"<a/>"]), END, 12, struct.pack("<L", 50_000_000))
    assert code_of(large) == "archive_too_many"


def test_b14_a_bomb_is_refused_by_what_it_says_or_where_it_says_less() -> None:
    assert code_of(zipped([b"\0" * 5_000_000] * 10)) == "archive_too_large"
    assert contents(zipped([b"\0" * 3_000_000]), 2_000_000) == ["archive_item_too_large"]
    lying = declaring(zipped([b"\0" * 3_000_000]), 1_000)
    assert contents(lying, 2_000_000) == ["archive_item_too_large"]
    assert contents(declaring(zipped([b"\0" * 30_000]), 1_000)) == ["archive_item_damaged"]


def test_b14_a_packed_piece_that_says_to_be_as_it_is_holds_no_more_than_it_says() -> None:
    stored = zipped([b"x" * 3_000_000], zipfile.ZIP_STORED)
    file = Bytes(declaring(stored, 10))
    found = opened(file)
    assert isinstance(found, Archive)
    file.largest = 0
    assert unpacked(file, found.entries[0], MESSAGE_MAX) == Finding(
        code="archive_item_damaged", severity="error", rule="B15"
    )
    assert file.largest < 100


def test_b14_entries_that_share_their_place_are_refused() -> None:
    assert code_of(sharing(100, b"<a/>" * 1_000)) == "archive_unreadable"


def test_b14_a_gzip_bomb_is_given_up_at_the_size_of_a_message() -> None:
    file = Bytes(gzipped(b"\0" * 30_000_000))
    found = opened(file)
    assert isinstance(found, Archive)
    assert found.kind == "gzip"
    taken = unpacked(file, found.entries[0], MESSAGE_MAX)
    assert isinstance(taken, Finding)
    assert taken.code == "archive_item_too_large"


def test_a_gzip_is_one_message_whole_and_nothing_behind_it() -> None:
    good = gzipped(b"<a/>" * 100_000)
    assert contents(good) == [b"<a/>" * 100_000]
    for bad in (good[:-1], good[:20], good + b"x", gzip.compress(b"a") * 2, good[:50] + good[51:]):
        assert contents(bad) == ["archive_item_damaged"]


def test_b15_a_damaged_file_fails_alone_and_the_others_come_out() -> None:
    files = [b"<a/>" * 100, b"<b/>" * 100, b"<c/>" * 100]
    wrong_crc = patched(zipped(files), CENTRAL, 16, b"\0\0\0\0", nth=1)
    assert contents(wrong_crc) == [files[0], "archive_item_damaged", files[2]]
    other_method = patched(zipped(files), b"PK\x03\x04", 8, b"\0\0", nth=1)
    assert contents(other_method) == [files[0], "archive_item_damaged", files[2]]
    long_name = patched(zipped(files), b"PK\x03\x04", 26, b"\xff\xff", nth=2)
    assert contents(long_name) == [files[0], files[1], "archive_item_damaged"]


def test_sizes_of_64_bits_are_read_and_believed_as_far_as_the_file_reaches() -> None:
    def wide(size: int, packed: int, offset: int) -> bytes:
        data = b"<a/>"
        head = struct.pack(
            "<4sHHHHHLLLHH", b"PK\x03\x04", 45, 0, 0, 0, 0, zlib.crc32(data), 4, 4, 1, 0
        )
        local = head + b"a" + data
        extra = struct.pack("<HHQQQ", 1, 24, size, packed, offset)
        entry = struct.pack(
            "<4sBBHHHHHLLLHHHHHLL",
            *(CENTRAL, 45, 0, 45, 0, 0, 0, 0, zlib.crc32(data)),
            *(0xFFFFFFFF, 0xFFFFFFFF, 1, len(extra), 0, 0, 0, 0, 0xFFFFFFFF),
        )
        directory = entry + b"a" + extra
        end = struct.pack(
            "<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), len(local)
        )
        place = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(local) + len(directory), 1)
        tail = struct.pack("<4sHHHHLLH", END, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        return local + directory + end + place + tail

    assert contents(wide(4, 4, 0)) == [b"<a/>"]
    assert code_of(wide(2**62, 4, 0)) == "archive_too_large"
    assert code_of(wide(4, 2**62, 0)) == "archive_unreadable"
    assert code_of(wide(4, 4, 2**62)) == "archive_unreadable"


def test_a_chunk_is_some_messages_or_one_that_is_large() -> None:
    entry = archive.Entry(0, 1, 1, 1_000, 0, archive.DEFLATED)
    large = entry._replace(size_bytes=CHUNK_BYTES)
    assert len(chunk([entry] * 1_000, 0)) == CHUNK_ITEMS
    assert len(chunk([entry] * 60, CHUNK_ITEMS)) == 60 - CHUNK_ITEMS
    assert chunk([entry, large, large], 0) == [entry]
    assert chunk([entry, large, large], 1) == [large]
    assert chunk([entry] * 3, 3) == []
