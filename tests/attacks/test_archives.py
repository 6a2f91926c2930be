"""Mutated archives and forms of files against the running system: no 5xx, no hang (P20)."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.archives import CHANGES, bent, form, gzipped, zipped
from tests.attacks.target import CANARY, Target, attacked, told

JOBS = "/v1/submission-jobs"
ZIP = "application/zip"
SECONDS_MAX = 5
MESSAGE = f"<nothing>{CANARY}</nothing>".encode()
FILES = form(("a.xml", MESSAGE), ("b.xml", b"<nothing/>"), ("c.zip", zipped([MESSAGE])))
BODIES = (
    (zipped([MESSAGE, b"<nothing/>" * 50]), ZIP),
    (gzipped(MESSAGE), "application/gzip"),
    FILES,
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with attacked(tmp_path_factory.mktemp("archives")) as running:
        yield running


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(which=st.sampled_from(BODIES), changes=CHANGES)
def test_p20_a_mutated_archive_or_form_is_a_job_or_a_refusal_and_every_job_ends(
    target: Target, which: tuple[bytes, str], changes: list[tuple[int, int, bytes]]
) -> None:
    body, kind = which
    with target.client() as client:
        answer = client.post(JOBS, content=bent(body, *changes), headers={"Content-Type": kind})
        assert answer.elapsed.total_seconds() < SECONDS_MAX
        if not answer.is_success:
            assert answer.status_code in {400, 413, 415, 422}
            told(answer, answer.status_code, answer.json()["code"])
            return
        target.wait(target.made.system.settle(effects=True))
        job = client.get(answer.headers["location"]).json()
        assert (job["state"], job["done"]) == ("finished", job["count"])
        items = client.get(answer.headers["location"] + "/items").json()["items"]
        assert len(items) == job["count"]
        assert CANARY not in str(items)


def test_b15_an_archive_that_breaks_off_leaves_nothing_and_the_next_one_is_taken(
    target: Target,
) -> None:
    before = target.events()
    whole = zipped([target.usable(), target.usable()])

    def broken() -> Iterator[bytes]:
        yield whole[: len(whole) // 2]
        raise ConnectionError

    with target.client() as client:
        headers = {"Content-Type": ZIP}
        with pytest.raises(ConnectionError):
            client.post(JOBS, content=broken(), headers=headers)
        assert target.events() == before
        folder = target.made.system.settings.data / "documents" / "transit"
        answer = client.post(JOBS, content=whole, headers=headers)
        assert answer.status_code == 202, answer.text
        target.wait(target.made.system.settle(effects=True))
        assert client.get(answer.headers["location"]).json()["accepted"] == 2
        assert list(folder.iterdir()) == []
    target.still_works()
