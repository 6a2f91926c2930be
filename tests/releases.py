"""Keeps a small data folder of a release, so that every later one is tested on opening it.

`python -m tests.releases` plays the scene below with the code as it is and writes the folder to
`tests/data/releases/<version>.tar.gz`. It is done once for each release, before its number changes,
and never again: what a release wrote is what it wrote. The master key in it guards nothing.
"""

import asyncio
import io
import sqlite3
import tarfile
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from libs.runtime.settings import Settings
from libs.runtime.vault import master_key
from services.simulator.camt054 import Receipt
from tests import cast
from tests.system import MONDAY, Cooperative, cooperative

FOLDER = Path(__file__).parent / "data" / "releases"
LAST_DAY = MONDAY + timedelta(days=60)
"""A reminder has gone out by then; a test that opens the folder goes on behind this day."""


async def scene(made: Cooperative) -> None:
    """One practice, two invoices, one paid and one reminded of; one message refused."""
    doctor = cast.doctor(MONDAY)
    member = await cast.join(made, doctor)
    for invoice in cast.invoices(doctor, MONDAY, "TG")[:2]:
        answer = await made.submit(member, cast.xml(invoice))
        assert answer.status_code == 202, answer.text
    assert (await made.submit(member, b"<nothing/>")).status_code >= 400
    items = (await made.get(member, "/v1/invoices"))["items"]
    paid = Receipt(
        bank_reference="B1",
        amount_rappen=items[0]["open_rappen"],
        reference=items[0]["reference"],
    )
    assert (await made.bank(cast.paid(1, made.clock.today(), paid))).is_success
    await made.days(LAST_DAY)


def play(folder: Path) -> None:
    """Play the scene in a folder of its own, under a key that is the same for every release."""
    folder.mkdir()
    (folder / "master.key").write_text("cmVsZWFzZXMta2VwdC1mb3ItdGVzdHMtb25seS0wMDE=\n")
    assert len(master_key(folder / "master.key")) == 32

    async def run() -> None:
        async with cooperative(folder) as made:
            await scene(made)

    asyncio.run(run())
    for database in folder.glob("*.db"):
        with sqlite3.connect(database) as db:  # one file each, as small as it gets
            db.execute("PRAGMA page_size=4096")
            db.execute("PRAGMA journal_mode=DELETE")
            db.execute("VACUUM")
        db.close()


def pack(folder: Path, target: Path) -> None:
    """Write a folder as an archive in which nothing depends on when or by whom it was packed."""
    with tarfile.open(target, "w:gz", compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != "lock":
                entry = tarfile.TarInfo(str(path.relative_to(folder)))
                data = path.read_bytes()
                entry.size, entry.mode = len(data), 0o600
                archive.addfile(entry, io.BytesIO(data))


def unpack(release: str, folder: Path) -> Settings:
    """Lay a release's data folder out; return the settings that open it."""
    with tarfile.open(FOLDER / f"{release}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return Settings(data=folder, demo=False)


def releases() -> list[str]:
    """Return the releases whose folder is kept, oldest first."""
    found = [path.name.removesuffix(".tar.gz") for path in FOLDER.glob("*.tar.gz")]
    return sorted(found, key=lambda name: [int(part) for part in name.split(".")])


if __name__ == "__main__":
    kept = FOLDER / f"{version('quittance')}.tar.gz"
    assert not kept.exists(), f"{kept} is kept as it is"
    with TemporaryDirectory() as name:
        play(Path(name) / "data")
        pack(Path(name) / "data", kept)
    print(kept, kept.stat().st_size)  # noqa: T201 - a command says what it made
