"""docker-compose.yml runs: the main job through its gateway, and what operators are told to type.

The file's own commands, variables, secrets and health checks on this machine's Kafka and
PostgreSQL; only addresses, ports and paths are translated (tests/distributed/composed.py).
"""

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.simulator.camt054 import Receipt, camt054
from services.simulator.invoices import Invoice
from services.simulator.request import message
from tests import cast, privacy
from tests.distributed.composed import Composed, secrets_of, told_to
from tests.distributed.driving import TODAY, Cooperative, bills, issued, steps
from tests.distributed.processes import eventually
from tests.engines import Unavailable, missing
from tests.exported import exported, named_everywhere
from tests.kafka_tools import told_commands

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

SPEAKING = ("ingest", "invoicing", "dunning", "factoring")
SETTLED = {"InvoiceIssued", "CaseOpened", "ClaimTransmitted", "PaymentReceived", "InvoiceSettled"}
SETTLED |= {"DunningStopped", "MemberCredited"}


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """Return what `docker compose up --wait` would have started."""
    try:
        made = Composed(tmp_path_factory.mktemp("composed"))
    except Unavailable as error:
        missing(error)
    try:
        made.up()
        yield made
    except Unavailable as error:
        missing(error)
    finally:
        made.close()
        for log in sorted(made.machine.folder.glob("*.log")):
            print(log.name, log.read_text("utf-8")[-4000:], sep="\n")  # noqa: T201 - if it fails


@pytest.fixture(scope="module")
def cooperative(composed: Composed) -> Cooperative[Composed]:
    return Cooperative.open(composed)


@pytest.fixture(scope="module")
def story(cooperative: Cooperative[Composed]) -> "Story":
    return Story(cooperative)


class Story:
    """The main job once: an invoice for a child that is taken, issued, paid and settled."""

    def __init__(self, cooperative: Cooperative[Composed]) -> None:
        self.cooperative = cooperative
        self.who, self.software = cooperative.join()
        self.sent: Invoice = privacy.of_a_child(bills(self.who, 1)[0])
        self.software.hand_in("/v1/submissions", privacy.xml(self.sent))
        (self.item,) = issued(self.software, 1)
        receipt = Receipt(
            bank_reference=f"B-{self.item['number']}",
            amount_rappen=self.item["open_rappen"],
            reference=self.item["reference"],
            payer=privacy.PAYER,
        )
        cooperative.bank.hand_in("/v1/bank-files", camt054(1, TODAY, cast.ACCOUNT, [receipt]))
        eventually(lambda: set(self.steps()) >= SETTLED)

    def steps(self) -> list[str]:
        return steps(self.software, self.item["invoice_id"])


def test_what_the_file_describes_takes_an_invoice_to_its_settlement(
    composed: Composed, story: Story
) -> None:
    """P12: every health check of the file passes, and operators prove it in their container."""
    for name, service in composed.services.items():
        if "healthcheck" in service:
            assert composed.healthy(name), name
    assert story.software.get(f"/v1/invoices/{story.item['invoice_id']}")["open_rappen"] == 0
    eventually(partial(proved, composed))


def proved(composed: Composed) -> bool:
    """Run the operators' container as the file has it: it proves the invariants."""
    done = composed.run("tools")
    assert not done.stderr.strip() or done.returncode == 0, done.stderr
    return done.returncode == 0


def test_a_service_reads_and_adds_events_with_the_files_role_and_password_and_changes_none(
    composed: Composed, story: Story
) -> None:
    """P15: on the tables that hold the story."""
    postgres = composed.machine.postgres
    assert postgres is not None
    for service in ("invoicing", "dunning"):
        engine = postgres.engine(service, service)
        with engine.connect() as db:
            count = text("select count(*) from events where data like :one")
            found = db.execute(count, {"one": f"%{story.item['invoice_id']}%".encode()})
            assert found.scalar_one() > 0
        for act in ("update events set version = 2", "delete from events", "truncate events"):
            with pytest.raises(ProgrammingError, match="permission denied"), engine.begin() as db:
                db.execute(text(act))


def test_a_health_check_tells_when_its_service_does_not_answer(composed: Composed) -> None:
    port = composed.machine.ports["dunning"]
    composed.machine.ports["dunning"] = 9  # nobody answers there
    try:
        assert not composed.healthy("dunning")
    finally:
        composed.machine.ports["dunning"] = port


def test_no_secret_is_in_what_a_process_was_told_or_wrote(composed: Composed, story: Story) -> None:
    """P37: neither arguments nor environment nor output; the programs' own secrets neither."""
    secrets = secrets_of(composed.machine.folder)
    partners = (story.software, story.cooperative.bank)
    told = {name: told_to(process) for name, process in composed.processes.items()}
    written = {log.name: log.read_bytes() for log in composed.machine.folder.glob("*.log")}
    words = [*secrets.values(), *(p.secret for p in partners), *(p.token for p in partners)]
    assert all(len(word) > 20 for word in words)
    assert all(b"/run/" in one for one in told.values()), "secrets are named by their files"
    assert not privacy.traces(told | written, words)


def test_kcat_and_kafkas_own_tools_do_what_the_operations_page_says(
    composed: Composed, story: Story
) -> None:
    """P47: each command as it stands there, on this broker."""
    tools, bootstrap = composed.machine.tools, composed.machine.bootstrap
    invoice_id = story.item["invoice_id"]
    printed = {}
    for program in ("kcat", "for", "kafka-topics.sh", "kafka-consumer-groups.sh"):
        for command in told_commands("operations.md", program):
            if ".parked" not in command:
                here = command.replace("<invoice id>", invoice_id)
                printed[command] = tools.run(here, bootstrap)
    assert len(printed) == 5
    headers, of_one, story_of_one, topics, lag = printed.values()
    for header in ("ce_id", "ce_type", "ce_subject", "position", "pseq"):
        assert f"{header}=" in headers
    assert all(invoice_id in line for line in of_one.splitlines())
    told = [json.loads(line.split(" ", 2)[2])["type"] for line in story_of_one.splitlines()]
    assert told[0] == "SubmissionAccepted"
    assert set(told) >= SETTLED
    assert "Topic: billing.invoicing\t" in topics
    assert "cleanup.policy=compact" in topics
    rows = [line.split() for line in lag.splitlines() if line.startswith("invoicing")]
    assert {row[1] for row in rows} >= {"billing.ingest"}
    (console,) = told_commands("operations.md", "docker compose exec kafka")
    console = console.removeprefix("docker compose exec kafka ")
    eventually(lambda: "ce_type:InvoiceIssued" in tools.run(console, bootstrap))


def test_lag_as_kafka_sees_it_comes_to_nothing_at_rest(composed: Composed, story: Story) -> None:
    """P46: offsets are committed behind what is stored."""
    (command,) = told_commands("operations.md", "kafka-consumer-groups.sh")

    def nothing_left() -> bool:
        """Read the column LAG of every partition."""
        here = command.replace("--group invoicing", "--group dunning")
        shown = composed.machine.tools.run(here, composed.machine.bootstrap)
        rows = [line.split() for line in shown.splitlines() if line.startswith("dunning")]
        filled = [row for row in rows if row[4] != "0"]
        return bool(filled) and all(row[5] == "0" for row in filled)

    assert story.item
    eventually(nothing_left)


def test_what_is_parked_lies_on_a_topic_until_it_is_worked_off_or_given_up(
    composed: Composed, story: Story
) -> None:
    """P43: origin, error, attempts; redriven by the command of the page once the cause is gone."""
    postgres = composed.machine.postgres
    assert postgres is not None
    owner = postgres.engine("owner", "dunning")
    with owner.begin() as db:
        db.execute(text("alter table cases add constraint broken check (false) not valid"))
    second = bills(story.who, 2)[1]
    story.software.hand_in("/v1/submissions", message(second))
    (key,) = eventually(lambda: mirrored(composed, "dunning"))
    record = mirrored(composed, "dunning")[key]
    origin = {name: record[name] for name in ("origin_topic", "ce_type", "consumer", "error")}
    assert origin == {
        "origin_topic": "billing.invoicing",
        "ce_type": "InvoiceIssued",
        "consumer": "dunning",
        "error": "IntegrityError",
    }
    assert record["attempts"] == "1"
    assert record["first_failed_at"] == record["last_failed_at"]
    assert record["ce_id"] == key.partition("/")[2]
    place = f"-t billing.invoicing -p {record['origin_partition']} -o {int(record['pseq']) - 1}"
    found = composed.machine.tools.run(
        f"kcat -b localhost:9092 {place} -C -e -q -f '%h\\n'", composed.machine.bootstrap
    )
    assert f"ce_id={record['ce_id']}" in found
    for command in told_commands("operations.md", "kcat"):
        if ".parked" in command:
            assert key in composed.machine.tools.run(command, composed.machine.bootstrap)
    (console,) = told_commands("operations.md", "kafka-console-consumer.sh")
    tools, bootstrap = composed.machine.tools, composed.machine.bootstrap
    eventually(lambda: record["ce_id"] in tools.run(console, bootstrap))

    listed = composed.run("tools", "parked", "list").stdout
    assert record["ce_id"] in listed
    assert listed.strip().endswith("1 parked")
    composed.run("tools", "parked", "retry", record["ce_id"])
    again: dict[str, Any] = eventually(lambda: tried_again(composed, key))
    assert again["first_failed_at"] == record["first_failed_at"]
    assert again["last_failed_at"] > record["last_failed_at"]

    with owner.begin() as db:
        db.execute(text("alter table cases drop constraint broken"))
    assert composed.run("tools", "parked", "retry", "all").stdout.strip() == "1 due"
    eventually(lambda: not mirrored(composed, "dunning"))
    assert composed.run("tools", "parked", "list").stdout.strip() == "0 parked"
    eventually(lambda: "CaseOpened" in steps(story.software, newest(story)))


def newest(story: Story) -> str:
    """Return the id of the invoice that was issued last."""
    ids = {str(item["invoice_id"]) for item in issued(story.software, 2)}
    (other,) = ids - {story.item["invoice_id"]}
    return other


def tried_again(composed: Composed, key: str) -> dict[str, str] | None:
    """Return the mirrored record once it tells of a second try."""
    record = mirrored(composed, "dunning").get(key)
    return record if record is not None and record["attempts"] == "2" else None


def mirrored(composed: Composed, service: str) -> dict[str, dict[str, str]]:
    """Return what stands on a service's topic of parked messages as kcat reads it, by key."""
    found: dict[str, dict[str, str]] = {}
    for row in read(composed, f"billing.{service}.parked"):
        found.pop(row["key"], None)
        if row["payload"] is not None:
            names, values = row["headers"][::2], row["headers"][1::2]
            found[row["key"]] = dict(zip(names, values, strict=True))
    return found


def read(composed: Composed, topic: str) -> list[dict[str, Any]]:
    """Return a topic as kcat reads it: key, payload, headers."""
    done = subprocess.run(
        ["kcat", "-b", composed.machine.bootstrap, "-C", "-t", topic, "-e", "-q", "-J"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_strangers_record_is_mirrored_with_its_place_and_given_up_by_command(
    composed: Composed, story: Story
) -> None:
    """B65, P43: it stays parked until somebody says why it may be given up."""
    bootstrap = composed.machine.bootstrap
    subprocess.run(
        ["kcat", "-b", bootstrap, "-P", "-t", "billing.factoring", "-p", "3", "-k", "stranger"],
        input=b"not ours",
        check=True,
        timeout=60,
    )
    (key,) = eventually(lambda: mirrored(composed, "gateway"))
    record = mirrored(composed, "gateway")[key]
    assert (record["origin_topic"], record["origin_partition"]) == ("billing.factoring", "3")
    assert record["error"] == "Damaged"
    done = composed.run("tools", "parked", "discard", record["ce_id"], "--reason", "a stranger's")
    assert done.stdout.strip() == "discarded"
    eventually(lambda: not mirrored(composed, "gateway"))
    assert story.steps()


def test_every_metric_that_pages_rules_and_dashboard_name_is_exported_by_some_service(
    composed: Composed, story: Story
) -> None:
    """P46: by name, with a sample of it and not only its help."""
    assert story.item
    found = set().union(*(exported(page) for page in metrics(composed).values()))
    assert named_everywhere() - found == set()


def metrics(composed: Composed) -> dict[str, bytes]:
    """Return what Prometheus would read of each service."""
    return {
        name: httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).content
        for name, port in composed.machine.ports.items()
    }


def test_no_topic_database_metric_or_log_names_the_people_of_the_story(
    composed: Composed, story: Story
) -> None:
    """P34, P35: as bytes, in any writing; the gateway's table of people is what searching needs."""
    words = [*story_words(story), *secrets_of(composed.machine.folder).values()]
    words += [p.secret for p in (story.software, story.cooperative.bank)]
    topics = [f"billing.{name}" for name in SPEAKING]
    topics += [f"billing.{name}.parked" for name in composed.machine.ports]
    places = {topic: json.dumps(read(composed, topic)).encode() for topic in topics}
    assert b'\\"sealed\\":\\"' in places["billing.ingest"]
    postgres = composed.machine.postgres
    assert postgres is not None
    places |= {name: postgres.dump(name) for name in (*composed.machine.ports, "keys")}
    places |= {f"metrics of {name}": page for name, page in metrics(composed).items()}
    places |= {log.name: log.read_bytes() for log in composed.machine.folder.glob("*.log")}
    places |= privacy.contents(composed.machine.folder / "documents")
    assert len(places) > 25
    people = {privacy.Trace("gateway", word) for word in privacy.OF_CHILD + privacy.OF_PARENT}
    assert privacy.traces(places, words) == people


def story_words(story: Story) -> tuple[str, ...]:
    """Return names, street, numbers, diagnosis and free text that the story used."""
    return (*privacy.OF_BOTH, story.sent.patient.ahv)


def test_everything_stops_as_the_file_says(composed: Composed, story: Story) -> None:
    """P40: SIGTERM, and each process ends well by itself."""
    assert story.item
    composed.down()
