"""Archives with bytes lost, added and changed: never an error of ours, never more than allowed."""

import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events.handed import Finding
from services.ingest.archive import Archive, Entry, opened, unpacked
from tests.archives import CHANGES, Bytes, bent, gzipped, zipped

MESSAGE_MAX = 50_000
MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b")
GOOD = (
    zipped([b"<a/>" * 200, b"<b/>", b"<c/>" * 3_000]),
    zipped([b"<a/>" * 50, b"<b/>"], zipfile.ZIP_STORED),
    gzipped(b"<a/>" * 5_000),
)


def looked_through(data: bytes) -> None:
    """Read whatever an archive holds, as a job does."""
    file = Bytes(data)
    found = opened(file)
    if isinstance(found, Finding):
        return
    assert isinstance(found, Archive)
    for entry in found.entries:
        taken = unpacked(file, entry, MESSAGE_MAX)
        assert isinstance(taken, Finding) or len(taken) <= MESSAGE_MAX


@settings(max_examples=600, deadline=None)
@given(which=st.sampled_from(GOOD), changes=CHANGES)
def test_p20_a_mutated_archive_gives_findings_or_messages_and_nothing_else(
    which: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    looked_through(bent(which, *changes))


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(max_size=400), mark=st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"])
)
def test_p20_what_only_begins_like_an_archive_does_no_harm(data: bytes, mark: bytes) -> None:
    looked_through(mark + data)


@settings(max_examples=300, deadline=None)
@given(
    offset=st.integers(0, 2**64 - 1),
    packed=st.integers(0, 2**64 - 1),
    size=st.integers(0, MESSAGE_MAX),
    method=st.sampled_from([0, 8]),
)
def test_p20_an_entry_that_lies_about_its_place_is_damaged(
    offset: int, packed: int, size: int, method: int
) -> None:
    file = Bytes(GOOD[0])
    taken = unpacked(file, Entry(offset, packed, 2**64, size, 1, method), MESSAGE_MAX)
    assert isinstance(taken, Finding)
    assert file.largest <= len(GOOD[0])
