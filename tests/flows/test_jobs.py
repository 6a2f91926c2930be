"""Many messages at once: archives and forms of files become jobs with a receipt for each (F6)."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, func, select

from libs.runtime.ids import derived
from libs.runtime.tables import EVENTS
from services.ingest.decider.job import JobId, ReceiveJob
from tests import cast
from tests.archives import form, gzipped, zipped
from tests.cast import xml
from tests.system import MONDAY, Cooperative, Member, play

JOBS = "/v1/submission-jobs"
MANY = 300
DOCTOR = cast.doctor(MONDAY)


def messages(many: int) -> list[bytes]:
    """Return messages of the doctor, each another invoice."""
    found = [xml(one) for one in cast.invoices(DOCTOR, MONDAY)]
    assert len(found) >= many
    return found[:many]


async def send(
    made: Cooperative, member: Member, content: Any, kind: str = "application/zip", path: str = JOBS
) -> httpx.Response:
    """Hand an archive in, and wait until it is worked off."""
    headers = {"Authorization": f"Bearer {member.token}", "Content-Type": kind}
    answer = await made.door.post(path, content=content, headers=headers)
    await made.system.settle(effects=True)
    return answer


async def items(made: Cooperative, member: Member, job_id: str, **query: str) -> list[Any]:
    """Return all receipts of a job, page by page."""
    found: list[Any] = []
    query = {"limit": "7", **query}
    while True:
        page = await made.get(member, f"{JOBS}/{job_id}/items", **query)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def counts(job: Any) -> tuple[Any, ...]:
    return tuple(job[n] for n in ("state", "count", "done", "accepted", "rejected", "repeated"))


def test_an_archive_becomes_a_job_with_a_receipt_for_each_of_its_messages(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        good = messages(12)
        await made.submit(member, good[0])
        bad = [b"<nothing/>", good[1], zipped([good[2]])]
        answer = await send(made, member, zipped([*good, *bad]))
        assert answer.status_code == 202, answer.text
        job = answer.json()
        assert answer.headers["location"] == f"{JOBS}/{job['job_id']}"
        assert counts(job) == ("running", 15, 0, 0, 0, 0)
        job = await made.get(member, f"{JOBS}/{job['job_id']}")
        assert counts(job) == ("finished", 15, 15, 11, 2, 2)
        found = await items(made, member, job["job_id"])
        assert [one["number"] for one in found] == list(range(1, 16))
        assert [one["repeated"] for one in found] == [True, *[False] * 12, True, False]
        assert [one["problem"] for one in found[12:]] == ["unknown_message_type", "", "not_xml"]
        assert found[12]["findings"][0]["message"]
        assert found[13]["submission_id"] == found[1]["submission_id"]
        assert all(one["request_id"] and one["invoice_id"] for one in found[:12])
        refused = await items(made, member, job["job_id"], state="rejected")
        assert [one["number"] for one in refused] == [13, 15]
        listed = await made.get(member, "/v1/submissions", limit="200")
        assert len(listed["items"]) == 14
        assert (await made.get(member, JOBS))["items"] == [job]

    play(tmp_path, scene)


def test_p10_the_same_archive_again_is_the_same_job_and_its_archive_is_gone(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        archive = zipped(messages(3))
        first = await send(made, member, archive)
        before = await events(made)
        again = await send(made, member, archive)
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json()["job_id"] == first.json()["job_id"]
        assert counts(again.json()) == ("finished", 3, 3, 3, 0, 0)
        assert await events(made) == before
        assert kept_by(made) == []

    play(tmp_path, scene)


async def events(made: Cooperative) -> int:
    def count(db: Connection) -> int:
        return db.execute(select(func.count()).select_from(EVENTS)).scalar_one()

    return sum([await host.read(count) for host in made.system.hosts.values()])


def kept_by(made: Cooperative) -> list[str]:
    """Return the names of archives that still lie there."""
    return [one.name for one in (made.system.settings.data / "documents" / "transit").glob("*")]


def test_a_gzip_is_one_message_and_a_form_of_files_is_a_job(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        good = messages(6)
        answer = await send(made, member, gzipped(good[0]), "application/gzip")
        assert answer.status_code == 202, answer.text
        assert (answer.json()["kind"], answer.json()["count"]) == ("gzip", 1)
        files = [(f"{number}.xml", one) for number, one in enumerate(good[:4])]
        for path in (JOBS, "/v1/submissions"):
            answer = await send(made, member, *form(*files), path=path)
            assert answer.status_code == (202 if path == JOBS else 201), answer.text
            job = await made.get(member, answer.headers["location"])
            assert counts(job) == ("finished", 4, 4, 3, 0, 1)
        packed = await send(made, member, *form(("a.zip", zipped(good[4:]))))
        job = await made.get(member, packed.headers["location"])
        assert counts(job) == ("finished", 2, 2, 2, 0, 0)
        same = await send(made, member, zipped(good[4:]))
        assert (same.status_code, same.json()["job_id"]) == (200, job["job_id"])

    play(tmp_path, scene)


def test_a_form_with_one_message_is_answered_like_the_message(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        (one,) = messages(1)
        answer = await send(made, member, *form(("a.xml", one)), path="/v1/submissions")
        assert answer.status_code == 202, answer.text
        assert answer.json()["state"] == "accepted"
        empty = await send(made, member, *form(), path="/v1/submissions")
        assert empty.status_code in {400, 422}

    play(tmp_path, scene)


def test_p22_what_is_no_archive_is_refused_recorded_and_shown(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        for content, status, code in (
            (b"<a/>", 415, "archive_unreadable"),
            (zipped([]), 422, "archive_empty"),
            (zipped([b"\0" * 5_000_000] * 10), 413, "archive_too_large"),
        ):
            answer = await send(made, member, content)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert answer.json()["findings"][0]["remedy"]
            again = await send(made, member, content)
            assert again.json()["repeated"]
        jobs = (await made.get(member, JOBS))["items"]
        assert [one["state"] for one in jobs] == ["refused"] * 3
        assert kept_by(made) == []
        await send(made, member, zipped(messages(1)))
        among = await send(made, member, *form(("a.zip", zipped([b"x"])), ("b.xml", b"<a/>")))
        assert (among.status_code, among.json()["code"]) == (422, "archive_among_files")
        wrong = await send(made, member, b"<a/>", "application/xml")
        assert wrong.status_code == 415

    play(tmp_path, scene)


def test_b54_another_practice_finds_no_job_and_may_send_the_same_archive(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        other = await cast.join(made, cast.doctor(MONDAY, 2))
        archive = zipped(messages(2))
        answer = await send(made, member, archive)
        path = answer.headers["location"]
        headers = {"Authorization": f"Bearer {other.token}"}
        for one in (path, f"{path}/items", f"{JOBS}/x", f"{JOBS}/x/items"):
            assert (await made.door.get(one, headers=headers)).status_code == 404
        theirs = await send(made, other, archive)
        assert theirs.json()["job_id"] != answer.json()["job_id"]
        found = await items(made, other, theirs.json()["job_id"])
        assert {one["problem"] for one in found} == {"biller_not_yours"}

    play(tmp_path, scene)


def test_b12_a_body_that_is_longer_than_an_archive_may_be_leaves_nothing(tmp_path: Path) -> None:
    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(200):
                yield b"\0" * 1_000_000

        answer = await send(made, member, endless())
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert kept_by(made) == []
        assert (await made.get(member, JOBS))["items"] == []

    play(tmp_path, scene)


def test_a_huge_job_keeps_nobody_waiting(tmp_path: Path) -> None:
    """A small archive and a message by itself have their receipts long before a large one ends."""

    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        other = await cast.join(made, cast.doctor(MONDAY, 2))
        huge = zipped([b"<nothing number='%d'/>" % number for number in range(MANY)])
        small = zipped([b"<something/>"])
        sent = {"Authorization": f"Bearer {member.token}", "Content-Type": "application/zip"}
        theirs = {**sent, "Authorization": f"Bearer {other.token}"}
        large = await made.door.post(JOBS, content=huge, headers=sent)
        little = await made.door.post(JOBS, content=small, headers=theirs)
        while (await made.get(other, little.headers["location"]))["state"] != "finished":
            assert (await made.get(member, JOBS, limit="1"))["items"]
        job = await made.get(member, large.headers["location"])
        assert job["state"] == "running"
        assert job["done"] < MANY // 2
        await made.system.settle(effects=True)
        job = await made.get(member, large.headers["location"])
        assert counts(job) == ("finished", MANY, MANY, 0, MANY, 0)

    play(tmp_path, scene)


def test_a_restored_job_without_its_archive_goes_on_when_the_archive_comes_again(
    tmp_path: Path,
) -> None:
    """P44: the databases of a backup are of one moment, an archive may be gone a moment later."""

    async def scene(made: Cooperative) -> None:
        member = await cast.join(made, DOCTOR)
        archive, ingest = zipped(messages(2)), made.system.hosts["ingest"]
        digest = hashlib.sha256(archive).hexdigest()
        restored = ReceiveJob(
            practice_id=member.practice_id,
            job_id=JobId(derived("job", member.practice_id, digest)),
            archive=digest,
            kind="zip",
            count=2,
            size_bytes=len(archive),
            received_at=made.clock.now(),
        )
        await ingest.handle(restored)
        await made.system.settle(effects=True)
        answer = await send(made, member, archive)
        assert (answer.status_code, answer.json()["state"]) == (200, "running")
        made.clock.set_day(MONDAY + timedelta(days=1))
        assert await ingest.redrive() == 1
        await made.system.settle(effects=True)
        member.token = await made.token(member.client_id, member.secret)
        job = await made.get(member, answer.headers["location"])
        assert counts(job) == ("finished", 2, 2, 2, 0, 0)
        assert kept_by(made) == []

    play(tmp_path, scene)
