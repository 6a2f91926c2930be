"""More than can be done (P20, P41): told to wait, nothing accepted lost, soon quick again."""

import resource
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from bench.load import run
from bench.open_loop import BUSY, CUT, TAKEN
from libs.runtime.log import configure
from tests.attacks.target import attacked

RATE, SECONDS, OVER_SECONDS = 15, 4, 5
PLACES = 4
LOUD = 24
"""Connections of the practice that sends without end."""
QUIET = 15
PATIENT = 10
"""Seconds that a quiet practice's upload may take on a machine that others use."""


def test_p20_p41_ten_times_too_much_is_told_to_wait_and_nothing_accepted_is_lost(
    tmp_path: Path,
) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    configure("error")
    found = run(tmp_path, RATE, SECONDS, OVER_SECONDS, requests_max=str(PLACES))
    for part in (found.steady, found.over, found.after):
        assert set(part.counts) <= {*TAKEN, *BUSY}, part.counts
        assert CUT not in part.counts
        assert part.without_retry_after == 0
    assert found.over.counts.get(503), "ten times too much was taken without a word"
    assert any(found.over.counts.get(status) for status in TAKEN), "nothing was taken any more"
    assert found.lost == 0
    assert not found.after.counts.get(503), "the places were not given back"
    assert found.memory_mb[-1] < found.memory_mb[0] + 250


def test_p41_one_loud_practice_does_not_keep_another_waiting(tmp_path: Path) -> None:
    with attacked(tmp_path, requests_each_max=4, requests_max=16) as target:
        done, heard = threading.Event(), Counter[int]()
        body = b"<nothing/>"
        xml = {"Content-Type": "application/xml"}

        def shout() -> None:
            with target.client(target.other.token) as client:
                while not done.is_set():
                    answer = client.post("/v1/submissions", content=body, headers=xml)
                    heard[answer.status_code] += 1
                    assert answer.status_code != 429 or int(answer.headers["retry-after"]) > 0

        threads = [threading.Thread(target=shout) for _ in range(LOUD)]
        for thread in threads:
            thread.start()
        try:
            with target.client() as client:
                for _ in range(QUIET):
                    data, begun = target.usable(), time.monotonic()
                    answer = client.post("/v1/submissions", content=data, headers=xml)
                    assert answer.status_code == 202, answer.text
                    assert time.monotonic() - begun < PATIENT
            for path in ("/health/live", "/health/ready", "/metrics"):
                assert httpx.get(f"{target.url}{path}", timeout=PATIENT).status_code == 200
            bank = {"Authorization": f"Bearer {target.made.bank_token}"} | xml
            answer = httpx.post(f"{target.url}/v1/bank-files", content=body, headers=bank)
            assert answer.status_code == 422, answer.text
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert heard[429], heard
        assert set(heard) <= {422, 429}, heard


@pytest.mark.parametrize("path", ["/v1/oauth/token", "/login"])
def test_p41_slow_clients_without_a_name_take_no_places(tmp_path: Path, path: str) -> None:
    with attacked(tmp_path, requests_max=PLACES) as target:
        clients = [httpx.Client(base_url=target.url) for _ in range(PLACES * 2)]
        going = threading.Event()

        def body() -> object:
            yield b"a=1"
            going.wait()
            yield b"&b=2"

        def drip(client: httpx.Client) -> None:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            client.post(path, content=body(), headers=kind, timeout=60)  # type: ignore[arg-type]  # bytes

        threads = [threading.Thread(target=drip, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        target.still_works()
        going.set()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
