"""Every point of the distributed shape, on Kafka and PostgreSQL: services die there by SIGKILL.

Each service has a list of points; a process dies at the first, its successor at the second, while
the others go on (P1, P3; F1 to F8, F10, F15, F50). The client and the bank only send again.
"""

import asyncio
import base64
import subprocess
from collections.abc import Iterator

import pytest

from services.command.opening import migrate_all
from services.command.repairing import (
    apply_all_topics,
    discard_parked,
    list_parked,
    retry_parked,
)
from tests.crashes.job import Job
from tests.crashes.mortal import Mortal
from tests.distributed.driving import Cooperative, Partner
from tests.distributed.processes import PATIENCE, SERVICES, forget_topics
from tests.engines import Databases

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

MIGRATE = "migrate.before_commit:3"
REBUILD = "rebuild.before_commit"
UPLOAD = {
    "ingest": (
        "keys.before_commit",
        "keys.after_commit",
        "upload.after_storing",
        "append.before_head",
        "append.before_answer",
        "relay.after_read",
    ),
    "invoicing": (
        "relay.after_send",
        "effect.before",
        "documents.before_rename",
        "documents.after_rename",
        "effect.before_record",
        "effect.after_record",
    ),
    "dunning": ("append.before_commit", "relay.after_checkpoint"),
    "factoring": ("append.after_commit",),
    "gateway": ("consume.before_store", "consume.after_commit"),
}
"""None of them comes to one of its points before the first upload."""
BANK_FILE = ("bank_file.after_storing", "bank_file.after_booking")
ARCHIVE = (
    "transit.before_rename",
    "transit.after_rename",
    "job.after_storing",
    "append.after_commit:2",
    "job.after_chunk",
)
DAY = (
    "calendar.after_page",
    "effect.before_record",
    "calendar.before_mark",
    "calendar.after_mark",
)
WEBHOOK = "webhook.after_send"
POISON = ("parking.before_commit",)
REPAIR = ("redrive.before_commit",)
WALKED = {
    *(point for points in UPLOAD.values() for point in points),
    *BANK_FILE, *ARCHIVE,
    *DAY, *POISON, *REPAIR, MIGRATE, REBUILD, WEBHOOK,
}  # fmt: skip
PLACE = "7"
"""A partition in which no practice of the test is."""
HEAR_INGEST = 2
"""Services that hear ingest, so that each parks a stray record on its topic."""


@pytest.fixture(scope="module")
def shape(
    postgres_server: str, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mortal]:
    """Return the running shape, on databases whose first migration was killed in its middle."""
    folder = tmp_path_factory.mktemp("mortal")
    (folder / "master.key").write_bytes(base64.b64encode(b"a key for tests, 32 bytes long.."))
    databases = Databases(postgres_server)
    made = Mortal(folder, databases.create("keys", *SERVICES), kafka_bootstrap)
    try:
        forget_topics(kafka_bootstrap)
        made.dies_of(MIGRATE, "migrate")
        migrate_all(made.settings, [])
        asyncio.run(apply_all_topics(made.settings))
        for name, points in UPLOAD.items():
            made.to_die[name].extend(points)
        made.start(*SERVICES)
        yield made
    finally:
        died = made.died()
        made.close()
        databases.drop()
        assert not died, "processes ended, and nobody had told them to"


@pytest.fixture(scope="module")
def job(shape: Mortal) -> Job:
    cooperative = Cooperative.open(shape)
    practice, software = cooperative.join()
    cooperative.bank.ask("GET", "/v1/bank-files")  # has a token before the first death
    return Job(shape, practice, software, cooperative.bank)


def test_an_upload_is_taken_once_wherever_its_services_are_killed(job: Job) -> None:
    """F1 to F5, F7, F15: five services die on the way of a few invoices, each several times."""
    job.hand_in_until_dead()
    job.proven()


def test_a_bank_file_is_booked_once_though_its_services_are_killed(job: Job) -> None:
    """F6: what was booked before the end stays, the rest follows when the file comes again."""
    job.shape.again("ingest", *BANK_FILE)
    job.pay(job.issued()[0])
    job.shape.until_dead()
    job.proven()


def test_an_archive_is_worked_off_once_though_its_service_is_killed(job: Job) -> None:
    """F6: kept, in the middle of a chunk, and at its end; it resumes by itself."""
    job.shape.again("ingest", *ARCHIVE)
    job.hand_in_archive()
    job.proven()


def test_a_due_day_makes_one_letter_wherever_dunning_is_killed(job: Job) -> None:
    """F36, F37: between step, letter and mark."""
    job.shape.again("dunning", *DAY, days_ahead=job.due_in())
    job.shape.until_dead()
    job.wanted["ReminderEscalated"] = job.wanted["ReminderDispatched"] = job.unpaid
    job.come_true()
    job.proven()


def test_a_webhook_message_is_sent_again_under_its_id_when_its_sender_dies_before_noting_it(
    job: Job,
) -> None:
    """P25, F41: the next instance has the webhook as soon as its holder's minute is over."""
    operator = job.shape.said("client", "add", "--name=Operator", "--scope=webhooks:write")
    leader = Partner(job.shape.door, operator["client_id"], operator["client_secret"])
    job.tell("gateway", leader, WEBHOOK)
    job.proven()


def test_the_running_service_serves_the_old_rows_until_a_rebuild_is_whole(job: Job) -> None:
    """F8: a rebuild killed in its middle, beside the service, has changed nothing."""
    job.shape.dies_of(REBUILD, "rebuild", "dunning")
    job.proven()
    assert "row changes written" in job.shape.command("rebuild", "dunning")
    assert "All invariants hold" in job.shape.command("verify")


def test_a_record_that_is_none_of_ours_is_parked_once_though_its_reader_is_killed(
    job: Job,
) -> None:
    """F22, F23, B65: parking, trying again and giving up need no broker and lose no position."""
    shape = job.shape
    shape.again("invoicing", *POISON)
    stray = ["kcat", "-b", shape.bootstrap, "-P", "-t", "billing.ingest", "-p", PLACE]
    subprocess.run(stray, input=b"not an event", check=True, timeout=PATIENCE)
    shape.until_dead()
    shape.until(lambda: len(list_parked(shape.settings)) == HEAR_INGEST)
    assert {row["attempts"] for row in list_parked(shape.settings)} == {1}
    shape.stop("invoicing")
    retry_parked(shape.settings, None)
    shape.again("invoicing", *REPAIR)
    shape.until_dead()
    shape.until(lambda: {row["attempts"] for row in list_parked(shape.settings)} == {2})
    for row in list_parked(shape.settings):
        discard_parked(shape.settings, row["event_id"], "nobody knows it")
    assert not list_parked(shape.settings)
    job.proven(f"ingest: billing.ingest/{PLACE}, offset 0 is no record of the relay")


def test_in_the_end_nothing_is_parked_and_every_process_ends_well(job: Job) -> None:
    """P12, P40."""
    assert not list_parked(job.shape.settings)
    for name in SERVICES:
        job.shape.stop(name)
