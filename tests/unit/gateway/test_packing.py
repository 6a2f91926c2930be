"""Files of one form become an archive while they come in, whatever pieces they come in."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.runtime.web import Problem
from services.gateway.api.packing import FILES_MAX, as_archive, packed
from services.ingest.archive import Archive, opened, unpacked
from tests.archives import CHANGES, Bytes, bent, form, gzipped, zipped

LIMIT = 100_000


def taken(body: bytes, kind: str, size: int) -> bytes:
    """Return the archive that a body becomes which comes in pieces of a size."""

    def messages() -> Iterable[dict[str, Any]]:
        for start in range(0, len(body), size):
            yield {"type": "http.request", "body": body[start : start + size], "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    coming = iter(messages())

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def collected() -> bytes:
        scope = {"type": "http", "headers": [(b"content-type", kind.encode())]}
        return b"".join([piece async for piece in as_archive(Request(scope, receive), LIMIT)])

    return asyncio.run(collected())


def files_of(archive: bytes) -> list[Any]:
    file = Bytes(archive)
    found = opened(file)
    assert isinstance(found, Archive), found
    return [unpacked(file, entry, LIMIT) for entry in found.entries]


@settings(max_examples=60, deadline=None)
@given(
    files=st.lists(st.binary(max_size=300).map(lambda data: b"<" + data), min_size=1, max_size=5),
    size=st.integers(1, 2_000),
)
def test_files_come_out_as_they_came_in_whatever_the_pieces(files: list[bytes], size: int) -> None:
    named = [(f"Muster Anna {number}.xml", one) for number, one in enumerate(files)]
    body, kind = form(*named, boundary=b"-----a-boundary-that-no-file-holds")
    archive = taken(body, kind, size)
    assert files_of(archive) == files
    assert archive == packed(files), "the same files are the same job (P10)"
    assert b"Muster" not in archive, "a name may hold a patient's"


@pytest.mark.parametrize("archive", [zipped([b"<a/>", b"<b/>"]), gzipped(b"<a/>")])
def test_a_single_archive_goes_through_as_it_is(archive: bytes) -> None:
    assert taken(*form(("a.zip", archive)), 3) == archive


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ([("a.zip", zipped([b"x"])), ("b.xml", b"<a/>")], 422, "archive_among_files"),
        ([("", b"<a/>")], 422, "no_file"),
        ([("a.xml", b"")] * (FILES_MAX + 1), 400, "too_many_parts"),
        ([("a.xml", b"x" * LIMIT * 60)], 413, "too_large"),
    ],
)
def test_what_makes_no_archive_is_refused_with_its_word(
    files: list[tuple[str, bytes]], status: int, code: str
) -> None:
    with pytest.raises(Problem) as refused:
        taken(*form(*files), 50_000)
    assert (refused.value.status, refused.value.code) == (status, code)


def test_an_archive_among_files_comes_out_as_a_file_to_be_refused_by_itself() -> None:
    inner = zipped([b"x"])
    assert files_of(taken(*form(("a.xml", b"<a/>"), ("b.zip", inner)), 100)) == [b"<a/>", inner]


@settings(max_examples=400, deadline=None)
@given(changes=CHANGES, size=st.integers(1, 500))
def test_p20_a_mutated_form_is_an_archive_or_a_refusal(
    changes: list[tuple[int, int, bytes]], size: int
) -> None:
    body, kind = form(("a.xml", b"<a/>" * 20), ("b.xml", b"<b/>"), ("c.xml", b"<c/>" * 9))
    status, archive = 200, b""
    try:
        archive = taken(bent(body, *changes), kind, size)
    except Problem as refused:
        status = refused.status
    assert status in {200, 400, 413, 415, 422}
    assert status != 200 or isinstance(opened(Bytes(archive)), Archive)
