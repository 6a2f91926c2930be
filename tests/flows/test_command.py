"""The command `quittance` as newcomers and operators use it: processes, signals, exit codes."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from services.command import demo_desk
from tests import cast
from tests.engines import free_port
from tests.system import MONDAY

ROOT = Path(__file__).parents[2]
READY_SECONDS = 120
QUITTANCE = [sys.executable, "-m", "services"]


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process with a data folder of its own."""
    return os.environ | {  # noqa: TID251 - a process inherits what the test has
        "QUITTANCE_DATA": str(data),
        "QUITTANCE_DEMO_DAYS": "9",
        "QUITTANCE_LOG_LEVEL": "warning",
        **more,
    }


def run(data: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*QUITTANCE, *words],
        env=environment(data, **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )


class Served:
    """A running `quittance serve`."""

    def __init__(self, data: Path, **more: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            [*QUITTANCE, "serve"],
            env=environment(data, QUITTANCE_PORT=str(self.port), **more),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(READY_SECONDS), "\n".join(self.lines)
        assert self.process.poll() is None, "\n".join(self.lines)

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                self.lines.append(line)
                if "Ctrl-C" in line:
                    self._ready.set()
        self._ready.set()

    def end(self, how: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(how)
        code = self.process.wait(60)
        self._reader.join(10)
        return code


@contextmanager
def served(data: Path, **more: str) -> Iterator[Served]:
    """Serve until the end of the block, then press Ctrl-C."""
    one = Served(data, **more)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            assert one.end(signal.SIGINT) == 0, "".join(one.lines)


def access(data: Path) -> Any:
    """Return what `quittance demo access --json` prints."""
    return json.loads(run(data, "demo", "access", "--json").stdout)


def lies_before_clerks(url: str, known: dict[str, str]) -> None:
    """See as a clerk that sheets wait, and that their pictures can be read."""
    with httpx.Client(base_url=url, follow_redirects=True) as clerk:
        given = {name: known[name] for name in ("login", "password")}
        assert clerk.post("/login", data=given | {"back": "/keying"}).status_code == 200
        sheets = re.findall(r'href="(/keying/[0-9a-f-]{36})"', clerk.get("/keying").text)
        assert len(set(sheets)) == 2 * demo_desk.SHEETS, "two practices write by hand"
        picture = clerk.get(f"{sheets[0]}/picture?page=1")
        assert picture.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(picture.content)) as page:
            assert page.convert("L").point(lambda grey: 255 * (grey < 100)).getbbox(), (
                "it is written on"
            )


def test_first_start_plays_the_demo_and_the_second_keeps_what_is_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(data) as first:
        assert any(first.url in line for line in first.lines)
        known = access(data)
        assert len(known["logins"]) == 6 + len(demo_desk.CLERKS)
        lies_before_clerks(first.url, known["logins"][-1])
        second = run(data, "serve", QUITTANCE_PORT=str(free_port()))
        assert second.returncode == 2
        assert "in use by another process" in second.stderr
        before = json.loads(run(data, "verify", "--json").stdout)
        assert before["ok"], before["failed"]
        assert before["logs"]["invoicing"]["events"] > 20
    with served(data) as again:
        assert access(data) == known
        page = httpx.get(f"{again.url}/login")
        assert page.status_code == 200
        assert again.end(signal.SIGKILL) == -signal.SIGKILL
    found = json.loads(run(data, "verify", "--json").stdout)
    assert found["ok"], found["failed"]
    assert found["logs"]["invoicing"]["events"] >= before["logs"]["invoicing"]["events"]
    assert "row changes written" in run(data, "rebuild", "gateway").stdout
    assert run(data, "verify").returncode == 0
    assert run(data, "parked", "list").stdout == "0 parked\n"


def test_a_demo_that_was_interrupted_is_played_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "demo.json").write_text('{"state": "playing", "logins": [], "clients": []}')
    (data / "gateway.db").write_text("half of something")
    with served(data, QUITTANCE_DEMO_DAYS="2"):
        assert len(access(data)["logins"]) == 6 + len(demo_desk.CLERKS)


def test_a_cooperative_that_starts_empty_gets_its_first_practice_program_and_user(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    empty = {"QUITTANCE_DEMO": "0"}
    practice = cast.doctor(MONDAY)
    words = ["--name", practice.name, "--kind", "general_practice", "--gln", practice.gln]
    words += ["--canton", "ZH", "--zip", "8002", "--city", "Zürich", "--iban", practice.iban]
    added = run(data, "practice", "add", "--account", "40112", *words, **empty)
    assert added.returncode == 0, added.stderr
    member = json.loads(added.stdout)["practice_id"]
    secret = run(data, "client", "add", "--practice", member, "--name", "software", **empty)
    program = json.loads(secret.stdout)
    person = run(
        data, "user", "add", "--login", "muster", "--name", "M", "--practice", member, **empty
    )
    assert json.loads(person.stdout)["password"]
    message = tmp_path / "invoice.xml"
    message.write_bytes(cast.xml(cast.invoices(practice, MONDAY, "TG")[0]))
    (tmp_path / "secret").write_text(program["client_secret"])
    with served(data, **empty) as running:
        words = ["--url", running.url, "--client-id", program["client_id"]]
        words += ["--secret-file", str(tmp_path / "secret")]
        taken = run(data, "upload", str(message), *words, **empty)
        assert taken.returncode == 0, taken.stdout + taken.stderr
        assert "accepted" in taken.stdout
    assert run(data, "verify", **empty).returncode == 0


def test_inspect_says_what_would_be_said_and_its_exit_code_is_the_worst(tmp_path: Path) -> None:
    practice = cast.doctor(MONDAY)
    good = cast.xml(cast.invoices(practice, MONDAY, "TG")[0])
    for name, content in {
        "good.xml": good,
        "wrong.xml": good.replace(b' amount_due="', b' amount_due="9', 1),
        "broken.xml": good[:500],
    }.items():
        (tmp_path / name).write_bytes(content)
    for names, code, verdicts in [
        (["good.xml"], 0, ["usable"]),
        (["good.xml", "wrong.xml"], 1, ["usable", "refused"]),
        (["wrong.xml", "broken.xml", "none.xml"], 2, ["refused", "unreadable", "unreadable"]),
    ]:
        found = run(tmp_path / "data", "inspect", *(str(tmp_path / name) for name in names))
        assert found.returncode == code, found.stderr
        documents = [json.loads(line) for line in found.stdout.splitlines()]
        assert [one["verdict"] for one in documents] == verdicts
    assert not (tmp_path / "data").exists(), "a dry run leaves nothing behind"


def test_an_unsafe_set_up_does_not_start_and_says_what_to_change(tmp_path: Path) -> None:
    found = run(tmp_path / "data", "serve", QUITTANCE_HOST="0.0.0.0")  # noqa: S104 - the point
    assert found.returncode == 2
    assert "plain HTTP" in found.stderr
    assert "QUITTANCE_TLS_CERTIFICATE" in found.stderr


def test_a_service_on_its_own_needs_its_engines(tmp_path: Path) -> None:
    found = run(tmp_path / "data", "serve", "dunning")
    assert found.returncode == 2
    assert "QUITTANCE_DATABASE" in found.stderr
    assert run(tmp_path / "data", "serve", "nothing").returncode == 2
