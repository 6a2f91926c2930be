"""The three walks over Kafka and PostgreSQL, services as processes, driven through the gateway.

On the way a service is killed, and everything is delivered twice. Each walk has a practice of its
own; the last one moves dunning's clock.
"""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from libs.runtime.kafka import Cluster, group_lag
from services.simulator.request import message
from tests.distributed.driving import (
    TODAY,
    Cooperative,
    bills,
    issued,
    steps,
    wait_for_steps,
)
from tests.distributed.processes import SERVICES, Shape, eventually, forget_topics
from tests.engines import Databases

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def lies_on(shape: Shape, service: str, events: Mapping[tuple[str, str], int]) -> bool:
    """Say whether these events lie on a topic so many times, and no others."""
    return Counter(shape.said_on(service)) == events


def heard_all(shape: Shape, service: str) -> bool:
    """Say whether a service has heard all that lies on the topics it follows."""
    followed = {"invoicing": ["ingest"], "gateway": ["ingest", "invoicing"]}
    cluster = Cluster(bootstrap=shape.bootstrap)
    lag = asyncio.run(group_lag(cluster, service, followed.get(service, ["invoicing"])))
    return not any(lag.values())


def at_rest(shape: Shape) -> dict[str, Any]:
    """Return what `quittance verify` finds once nothing changes any more."""
    found: list[dict[str, Any]] = [{}]

    def still() -> bool:
        found.append(sums(shape))
        return found[-1] == found[-2]

    eventually(still)
    return found[-1]


@pytest.fixture(scope="module")
def shape(
    postgres_server: str,
    kafka_bootstrap: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Shape]:
    """Return the running shape: databases migrated, topics made, five services ready."""
    folder = tmp_path_factory.mktemp("quittance")
    (folder / "master.key").write_bytes(base64.b64encode(b"a key for tests, 32 bytes long.."))
    databases = Databases(postgres_server)
    made = Shape(folder, databases.create("keys", *SERVICES), kafka_bootstrap)
    try:
        forget_topics(kafka_bootstrap)
        made.command("migrate")
        made.command("topics", "apply")
        made.start(*SERVICES)
        yield made
    finally:
        died = made.died()
        made.close()
        databases.drop()
        if request.session.testsfailed:
            for name in SERVICES:
                print(name, made.log(name), sep="\n")  # noqa: T201 - shown with the failure
        assert not died, "processes ended that nobody had told to"


@pytest.fixture(scope="module")
def cooperative(shape: Shape) -> Cooperative[Shape]:
    return Cooperative.open(shape)


def test_what_was_taken_is_issued_once_though_services_die_on_the_way(
    cooperative: Cooperative[Shape],
) -> None:
    """Walk 1: XML → InvoiceIssued, heard by all. P1, F1 to F5: kill -9 of two services midway."""
    shape = cooperative.shape
    who, software = cooperative.join()
    sent = bills(who, 24)
    receipts = set()
    for number, one in enumerate(sent):
        if number == 8:
            shape.kill("invoicing")
        if number == 12:
            shape.kill("ingest")
            shape.start("ingest")
        answer = software.hand_in("/v1/submissions", message(one))
        receipts.add(answer.json()["submission_id"])
    shape.start("invoicing")
    items = issued(software, len(sent))
    assert len(receipts) == len(sent)
    assert Counter(item["request_id"] for item in items) == Counter(s.request_id for s in sent)
    events = Counter(shape.said_on("ingest")) + Counter(shape.said_on("invoicing"))
    once = Counter(kind for kind, _ in events)
    assert once["SubmissionAccepted"] == once["InvoiceIssued"] == len(sent)
    wait_for_steps(software, items[0], "InvoiceIssued", "CaseOpened", "ClaimTransmitted")


def test_the_same_bytes_again_get_the_same_receipt(cooperative: Cooperative[Shape]) -> None:
    """P10, B22: over all processes there is one submission and one invoice."""
    who, software = cooperative.join()
    (one,) = bills(who, 1)
    receipts = [software.hand_in("/v1/submissions", message(one)) for _ in range(3)]
    assert {answer.json()["submission_id"] for answer in receipts} == {
        receipts[0].json()["submission_id"]
    }
    assert [answer.status_code for answer in receipts] == [202, 200, 200]
    assert len(issued(software, 1)) == 1


def test_money_from_the_bank_stops_the_dunning_and_reaches_the_member(
    cooperative: Cooperative[Shape],
) -> None:
    """Walk 2: camt.054 → PaymentReceived → DunningStopped, MemberCredited; the file comes twice."""
    who, software = cooperative.join()
    for one in bills(who, 3):
        software.hand_in("/v1/submissions", message(one))
    items = issued(software, 3)
    file = cooperative.pay(items[:2])
    for _ in range(2):
        cooperative.bank.hand_in("/v1/bank-files", file)
    for item in items[:2]:
        wait_for_steps(software, item, "InvoiceSettled", "DunningStopped", "MemberCredited")
        happened = Counter(steps(software, item["invoice_id"]))
        assert happened["PaymentReceived"] == happened["MemberCredited"] == 1
        assert software.get(f"/v1/invoices/{item['invoice_id']}")["open_rappen"] == 0
    still = software.get(f"/v1/invoices/{items[2]['invoice_id']}")
    assert still["open_rappen"] == items[2]["open_rappen"]


def test_a_topic_delivered_twice_changes_nothing(cooperative: Cooperative[Shape]) -> None:
    """P6, F20: as after a restore, the relays know of nothing sent and send all of it again."""
    shape = cooperative.shape
    state = at_rest(shape)
    assert state["failed"] == []
    before = {name: Counter(shape.said_on(name)) for name in ("ingest", "invoicing")}
    for name in before:
        shape.stop(name)
        engine = create_engine(shape.database(name))
        with engine.begin() as db:
            db.execute(text("delete from positions where consumer = 'relay'"))
        engine.dispose()
        shape.start(name)
    for name, events in before.items():
        again = {event: many + 1 for event, many in events.items()}
        eventually(partial(lies_on, shape, name, again))
    for name in ("invoicing", "dunning", "factoring", "gateway"):
        eventually(partial(heard_all, shape, name))
    after, twice = at_rest(shape), sum(len(events) for events in before.values())
    assert after.pop("records") == state.pop("records") + twice
    assert after == state


def test_an_unpaid_invoice_is_reminded_by_letter_and_ends_at_the_agency(
    cooperative: Cooperative[Shape],
) -> None:
    """Walk 3: reminders with their letters, then collection; dunning's days pass one jump a time.

    The process is killed in the middle of the ladder: each stage comes once (F36, F37).
    """
    shape = cooperative.shape
    who, software = cooperative.join()
    software.hand_in("/v1/submissions", message(bills(who, 1)[0]))
    (item,) = issued(software, 1)
    path = f"/v1/invoices/{item['invoice_id']}"
    eventually(lambda: software.get(f"{path}/timeline")["next"])
    shape.stop("dunning")
    reminders = 0
    while "CollectionRequested" not in steps(software, item["invoice_id"]):
        next_on = date.fromisoformat(software.get(f"{path}/timeline")["next"]["on"])
        shape.start("dunning", days_ahead=(next_on - TODAY).days + 1)
        reminders += 1

        def went_on(reminders: int = reminders) -> bool:
            """See a further letter, or the end of the ladder."""
            happened = steps(software, item["invoice_id"])
            letters = happened.count("ReminderDispatched")
            return "CollectionRequested" in happened or letters == reminders

        eventually(went_on)
        shape.kill("dunning")
    happened = Counter(steps(software, item["invoice_id"]))
    assert happened["ReminderEscalated"] == happened["ReminderDispatched"] == 3
    assert happened["CollectionRequested"] == 1
    shape.start("dunning", days_ahead=365)
    documents = software.get(f"{path}/documents")["items"]
    letter = next(one for one in documents if one["kind"] == "third_reminder")
    answer = software.ask("GET", f"{path}/documents/{letter['document_id']}")
    assert answer.content.startswith(b"%PDF")
    assert len(shape.topic("dunning")) >= 3


def test_topics_name_nobody(cooperative: Cooperative[Shape]) -> None:
    """P35: a patient is sealed in every key, header and value."""
    shape = cooperative.shape
    who, software = cooperative.join()
    sent = bills(who, 5)
    for one in sent:
        software.hand_in("/v1/submissions", message(one))
    issued(software, len(sent))
    said = [row for name in SERVICES if name != "gateway" for row in shape.topic(name)]
    everything = "\n".join(f"{row['key']} {row['headers']} {row['payload']}" for row in said)
    assert everything.count('"sealed":"') >= len(sent)
    for one in sent:
        person = one.patient.person
        assert one.patient.ahv not in everything
        assert f'"{person.name}"' not in everything
        assert f'"{person.given_name}"' not in everything


def test_at_the_end_all_invariants_hold_and_every_process_ends_well(
    cooperative: Cooperative[Shape],
) -> None:
    """P12, P40."""
    shape = cooperative.shape
    assert at_rest(shape)["failed"] == []
    assert shape.command("parked", "list").strip().endswith("0 parked")
    for name in SERVICES:
        shape.stop(name)


def sums(shape: Shape) -> dict[str, Any]:
    """Return what `quittance verify` finds, whatever it is."""
    done = shape.run("verify", "--json")
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
