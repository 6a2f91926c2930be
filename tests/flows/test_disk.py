"""A disk that is full: nothing is taken, nothing is half stored, what is there can be read (P42).

On a small file system in memory, filled to the last byte by a file that is not ours.
"""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import structs
from sqlalchemy.exc import OperationalError

from libs.runtime.engines import open_engine
from libs.runtime.parked import retry
from libs.runtime.store import Store
from tests import cast
from tests.distributed.cluster import PostgresServer
from tests.engines import Unavailable, missing
from tests.logs import create_log, practice, recorded
from tests.system import MONDAY, Cooperative, Member, play

KIND = "InvoiceIssued"
SQLITE_MB, POSTGRES_MB = 48, 160
ROOM = 64 * 1024
"""Bytes left on the full disk: for a message, not for what it leads to."""


class Disk:
    """A small file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, room: int = 0) -> None:
        """Leave no more than so many bytes."""
        size = 1 << 20
        with self._ballast.open("ab", buffering=0) as file:
            while size >= 4096:
                try:
                    file.write(b"\0" * size)
                except OSError as error:
                    assert error.errno == errno.ENOSPC  # noqa: PT017 - this is what is aimed at
                    size //= 2
        kept = self._ballast.stat().st_size - room
        with self._ballast.open("r+b") as file:
            file.truncate(max(0, kept))

    def clear(self) -> None:
        self._ballast.unlink()


def mounted(folder: Path, megabytes: int) -> Iterator[Disk]:
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        missing(Unavailable("a small disk: there is no mount"))
    if done.returncode:
        missing(Unavailable(f"a small disk: {done.stderr.strip()}"))
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    yield from mounted(tmp_path, SQLITE_MB)


@pytest.fixture
def large_disk(tmp_path: Path) -> Iterator[Disk]:
    yield from mounted(tmp_path, POSTGRES_MB)


async def hand_in(made: Cooperative, member: Member, xml: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {member.token}", "Content-Type": "application/xml"}
    return await made.door.post("/v1/submissions", content=xml, headers=headers)


async def until_full(made: Cooperative, member: Member, messages: list[bytes]) -> int:
    """Hand in until one is not taken; return how many were."""
    for number, xml in enumerate(messages):
        answer = await hand_in(made, member, xml)
        if answer.status_code != 202:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["code"] in {"unavailable", "storage_full", "busy"}
            return number
    raise AssertionError("the disk never was full")


async def submissions(made: Cooperative, member: Member) -> int:
    return len((await made.get(member, "/v1/submissions", limit="200"))["items"])


@pytest.mark.parametrize("room", [0, ROOM])
def test_on_a_full_disk_uploads_get_503_reads_go_on_and_nothing_is_half_stored(
    disk: Disk, room: int
) -> None:
    """F32, P42: and once there is room the same bytes are taken, each invoice once."""

    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, who := cast.doctor(MONDAY))
        messages = [cast.xml(one) for one in cast.invoices(who, MONDAY)]
        first = await made.submit(member, messages[0])
        assert first.status_code == 202
        await made.system.settle(effects=True)
        disk.fill(room)
        taken = 1 + await until_full(made, member, messages[1:])
        (issued, *_) = (await made.get(member, "/v1/invoices"))["items"]
        await made.get(member, f"/v1/invoices/{issued['invoice_id']}/timeline")
        receipt = first.json()["submission_id"]
        assert (await made.get(member, f"/v1/submissions/{receipt}"))["state"] == "accepted"
        assert not list(disk.folder.rglob("*.part"))
        disk.clear()
        later = taken + 5
        for xml in messages[taken:later]:
            assert (await hand_in(made, member, xml)).status_code == 202
        await at_work_again(made)
        assert await submissions(made, member) == later
        assert len((await made.get(member, "/v1/invoices", limit="200"))["items"]) == later

    play(disk.folder, scene)


async def at_work_again(made: Cooperative) -> None:
    """Wait until all have heard; letters that could not be kept are made now."""
    await made.system.settle(effects=True)
    for host in made.system.hosts.values():
        await host.write(retry, None, made.clock.now())
        await host.redrive()
    await made.system.settle(effects=True)


@pytest.mark.postgres
def test_a_database_whose_disk_is_full_keeps_what_it_has_and_takes_more_once_there_is_room(
    large_disk: Disk,
) -> None:
    """F32 on PostgreSQL, which may end itself when it cannot write ahead: nothing is half there."""
    try:
        server = PostgresServer(large_disk.folder, ["max_wal_size=32MB", "min_wal_size=32MB"])
    except Unavailable as error:
        missing(error)
    with server.connect() as db:
        db.execute("CREATE DATABASE owner")
    store = Store("owner", open_engine(server.url("owner")))
    create_log(store.engine)
    append(store, 1)
    large_disk.fill()
    number = append_until_full(store, 1)
    large_disk.clear()
    if not server.answers():
        server.kill()
        server.start()
    append(store, number + 1)
    with store.reading() as db:
        events, _ = store.read(db, 0, 100_000)
    assert [event.version for event in events] == list(range(1, number + 2))
    store.engine.dispose()
    server.close()


def append_until_full(store: Store, number: int) -> int:
    """Record events behind a number; return the last one that was."""
    try:
        while True:
            append(store, number + 1)
            number += 1
    except OperationalError:
        return number


def append(store: Store, number: int) -> None:
    """Record an event that is as large as an invoice of some pages."""
    event = recorded(practice(1), number, KIND, store.service)
    with store.writing() as db:
        store.append(db, [structs.replace(event, data=b"x" * 100_000)])
