"""Every point of the embedded shape: one process on SQLite dies there by SIGKILL, and begins again.

The points of one kind follow each other in one data folder: each life but the last recovers from
one death on its way to the next (P1, P3; F1, F2, F5 to F8, F50).
"""

import asyncio
from collections.abc import Iterator

import pytest

from libs.runtime.clock import MovableClock
from libs.runtime.system import System
from services.command.builds import BUILDS
from services.command.repairing import list_parked, retry_parked
from tests import cast
from tests.crashes.job import Job, happened
from tests.crashes.mortal import Alone
from tests.distributed.driving import TODAY, Partner
from tests.system import Cooperative

DOOR = "gateway"
UPLOAD = (
    "keys.before_commit",
    "keys.after_commit",
    "documents.before_rename",
    "documents.after_rename",
    "upload.after_storing",
    "append.before_head@ingest",
    "append.before_commit@ingest",
    "append.after_commit@ingest",
    "append.before_answer@ingest",
    "consume.before_store@invoicing",
    "consume.after_commit@invoicing",
    "effect.before@invoicing",
    "effect.before_record@invoicing",
    "effect.after_record@invoicing",
)
BANK_FILE = ("bank_file.after_storing", "bank_file.after_booking")
ARCHIVE = (
    "transit.before_rename",
    "transit.after_rename",
    "job.after_storing",
    "append.after_commit@ingest:2",
    "job.after_chunk",
)
DAY = (
    "calendar.after_page@dunning",
    "calendar.before_mark@dunning",
    "calendar.after_mark@dunning",
    "parking.before_commit@dunning",
)
REPAIR = ("redrive.before_commit@dunning",)
MIGRATE = "migrate.before_commit:4"
REBUILD = "rebuild.before_commit"
WEBHOOK = "webhook.after_send"
ERASURE = "effect.before_record@gateway"
WALKED = {*UPLOAD, *BANK_FILE, *ARCHIVE, *DAY, *REPAIR, MIGRATE, REBUILD, WEBHOOK, ERASURE}
MEMBER = cast.doctor(TODAY)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    made = Alone(tmp_path_factory.mktemp("alone"))
    yield made
    died = made.died()
    made.close()
    assert not died, "the process ended, and nobody had told it to"


@pytest.fixture(scope="module")
def job(alone: Alone) -> Job:
    """Return a cooperative of one practice in the folder whose first migration was killed."""
    alone.dies_of(MIGRATE, "serve")

    async def join() -> tuple[str, str, str, str]:
        clock = MovableClock()
        system = System(alone.settings, BUILDS, clock)
        await system.start()
        made = Cooperative(system, clock, system.call("gateway"))
        await made.open()
        member = await cast.join(made, MEMBER)
        await system.stop()
        return (*made.bank_access, member.client_id, member.secret)

    bank, word, software, secret = asyncio.run(join())
    alone.start(DOOR)
    made = Job(
        alone, MEMBER, Partner(alone.door, software, secret), Partner(alone.door, bank, word)
    )
    made.software.get("/v1/invoices")  # both have a token before the first death
    made.bank.ask("GET", "/v1/bank-files")
    return made


def test_an_upload_is_taken_once_wherever_the_process_is_killed(job: Job) -> None:
    """F1, F2, F5, F7: from the first key to the recorded document."""
    job.shape.again(DOOR, *UPLOAD)
    job.hand_in_until_dead()
    job.proven()


def test_a_bank_file_is_booked_once_though_the_process_is_killed_in_its_middle(job: Job) -> None:
    """F6: what was booked before the end stays, the rest follows when the file comes again."""
    job.shape.again(DOOR, *BANK_FILE)
    job.pay(job.issued()[0])
    job.shape.until_dead()
    job.proven()


def test_a_due_day_makes_one_letter_wherever_the_process_is_killed(job: Job) -> None:
    """F36, F37, P43: between step and mark, while a letter that fails is parked, and redriven."""
    alone = job.shape
    days_ahead = job.due_in()
    documents, aside = alone.folder / "documents", alone.folder / "aside"
    alone.stop(DOOR)
    documents.rename(aside)
    documents.write_text("no folder, so no letter can be stored")
    alone.again(DOOR, *DAY, days_ahead=days_ahead)
    alone.until_dead()
    job.wanted["ReminderEscalated"] = job.unpaid
    job.come_true()
    alone.until(lambda: len(list_parked(alone.settings)) == job.unpaid)
    alone.stop(DOOR)
    documents.unlink()
    aside.rename(documents)
    retry_parked(alone.settings, None)
    alone.again(DOOR, *REPAIR)
    alone.until_dead()
    job.wanted["ReminderDispatched"] = job.unpaid
    job.come_true()
    assert not list_parked(alone.settings)
    job.proven()


def test_a_webhook_message_is_sent_again_under_its_id_when_the_process_dies_before_noting_it(
    job: Job,
) -> None:
    """P25, F41: at least once, so that nothing is left out."""
    job.tell(DOOR, job.bank, WEBHOOK)
    job.proven()


def test_the_old_rows_serve_until_a_rebuild_is_whole(job: Job) -> None:
    """F8: a rebuild killed in its middle has changed nothing."""
    alone = job.shape
    alone.stop(DOOR)
    alone.dies_of(REBUILD, "rebuild", "dunning")
    job.proven()
    assert "row changes written" in alone.command("rebuild", "dunning")
    assert "All invariants hold" in alone.command("verify")


def test_an_archive_is_worked_off_once_wherever_the_process_is_killed(job: Job) -> None:
    """F6: kept, in the middle of a chunk, and at its end; it resumes by itself."""
    job.shape.again(DOOR, *ARCHIVE)
    job.hand_in_archive()
    job.proven()


def test_an_erasure_killed_when_the_keys_are_gone_is_recorded_by_the_next_start(job: Job) -> None:
    """F48: the request stands in the log, so the effect begins again; it is told once."""
    alone = job.shape
    alone.stop(DOOR)
    alone.dies_of(ERASURE, "erase", job.payer(), "--order", "court order 7")
    assert happened(alone.settings)["SubjectErased"] == 0
    alone.start(DOOR)
    job.wanted["SubjectErased"] = 1
    job.come_true()
    assert "All invariants hold" in alone.command("verify")
