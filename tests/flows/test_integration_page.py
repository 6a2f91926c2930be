"""The page for those who connect practice software: its commands are run as they stand there."""

import json
import re
import subprocess
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.command import importing
from services.simulator.record import record
from tests import cast
from tests.aside import aside
from tests.browser.served import listening
from tests.engines import ROOT, environment
from tests.receiver import Receiver, receiver
from tests.system import MONDAY, Member, cooperative

PAGE = (ROOT / "docs" / "integration.md").read_text("utf-8")
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


@dataclass
class World:
    """A door that listens, a practice, and its server for webhooks."""

    url: str
    member: Member
    server: Receiver


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with receiver() as server, cooperative(folder, webhook_networks="127.0.0.0/8") as made:
        member = await cast.join(made, cast.doctor(MONDAY))
        await importing.take_samples(made.system)
        await made.days(MONDAY + timedelta(days=1))
        async with listening(made) as url:
            yield World(url, member, server)


def messages(folder: Path) -> None:
    """Write the files that the page names."""
    first, services, *more = cast.invoices(cast.doctor(MONDAY), MONDAY, "TG")[:5]
    (folder / "services.json").write_text(json.dumps(record(services)), "utf-8")
    (folder / "invoice.xml").write_bytes(cast.xml(first))
    with zipfile.ZipFile(folder / "month.zip", "w") as archive:
        for number, one in enumerate(more):
            archive.writestr(f"{number}.xml", cast.xml(one))


def test_every_command_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    commands = SHELL.findall(PAGE)
    assert len(commands) >= 6
    messages(tmp_path)
    with aside(lambda: world(tmp_path / "data")) as running:
        member = running.member
        told = {
            "DOOR": running.url,
            "ID": member.client_id,
            "SECRET": member.secret,
            "LOGIN": member.login,
            "PASSWORD": member.password,
            "HOOK": running.server.url,
            "YESTERDAY": MONDAY.isoformat(),
            "PATH": environment("PATH") or "",
        }
        script = "\n".join(["set -euxo pipefail", *commands])
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=told,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "InvoiceIssued" in done.stdout
    (got,) = running.server.got
    secret = re.findall(r'"secret":\s*"(whsec_[^"]+)"', (tmp_path / "webhook.json").read_text())
    assert_signed(secret[0], got.headers, got.body)


def assert_signed(secret: str, headers: dict[str, str], body: bytes) -> None:
    """See that the page's own function knows our message, and no other."""
    (code,) = PYTHON.findall(PAGE)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/integration.md", "exec"), names)  # noqa: S102 - it is our page
    now = int(headers["webhook-timestamp"])
    assert names["is_ours"](secret, headers, body, now)
    assert not names["is_ours"](secret, headers, body + b" ", now)
    assert not names["is_ours"](secret, headers, body, now + 400)
