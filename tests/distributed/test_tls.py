"""Kafka as production has it: TLS, a principal for each service, rights by deploy/kafka/acls.sh.

P36. A real broker with SASL_SSL and SCRAM, its certificate signed by an authority of the test's.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.runtime.kafka import Cluster, KafkaSender, MirroredTopic, NotSent
from libs.runtime.records import Record, parked_topic_of, topic_of
from services.command.builds import BUILDS
from tests.authority import Authority
from tests.engines import ROOT, JavaBroker, Unavailable, environment, missing
from tests.kafka_tools import KafkaTools

pytestmark = [pytest.mark.anyio, pytest.mark.kafka]

SECURE = """
process.roles=broker,controller
node.id=1
listeners=CLIENTS://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{broker}
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
listener.security.protocol.map=CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=JAAS
ssl.keystore.type=PEM
ssl.keystore.location=KEYSTORE
ssl.truststore.type=PEM
ssl.truststore.location=AUTHORITY
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker;User:ANONYMOUS
log.dirs={folder}/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.index.size.max.bytes=1048576
log.cleaner.dedupe.buffer.size=4194304
"""
"""ANONYMOUS is the controller's listener, which only the broker itself uses."""
JAAS = (
    "org.apache.kafka.common.security.scram.ScramLoginModule required"
    ' username="{user}" password="{password}";'
)
RECORD = Record(0, b"practice", b"{}", (("pseq", b"1"),), 0)


@dataclass
class Secure:
    """A broker that lets in only whom it knows, and what its users are told."""

    folder: Path
    authority: Authority
    passwords: dict[str, str]
    broker: JavaBroker
    printed: str = field(default="")

    def cluster(self, user: str) -> Cluster:
        """Return where the broker is for a user, its password in a file."""
        password = self.folder / f"{user}_kafka_password"
        password.write_text(self.passwords[user])
        return Cluster(
            bootstrap=self.broker.address,
            authority=self.authority.path,
            user=user,
            password=password,
        )

    def quittance(self, user: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the command with the settings of production.yml."""
        where = self.cluster(user)
        return subprocess.run(
            [sys.executable, "-m", "services", *arguments],
            cwd=ROOT,
            env={
                "PATH": environment("PATH") or "",
                "QUITTANCE_KAFKA": where.bootstrap,
                "QUITTANCE_KAFKA_AUTHORITY": str(where.authority),
                "QUITTANCE_KAFKA_USER": user,
                "QUITTANCE_KAFKA_PASSWORD": str(where.password),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def grant(self, tools: KafkaTools) -> str:
        """Run deploy/kafka/acls.sh as the owner of the brokers does; return what it printed."""
        properties = self.folder / "owner.properties"
        jaas = JAAS.format(user="broker", password=self.passwords["broker"])
        properties.write_text(
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
            f"sasl.jaas.config={jaas}\n"
            f"ssl.truststore.type=PEM\nssl.truststore.location={self.authority.path}\n"
        )
        where = ["--bootstrap-server", self.broker.address, "--command-config", str(properties)]
        done = subprocess.run(
            ["sh", str(ROOT / "deploy" / "kafka" / "acls.sh"), *where],
            env={"PATH": f"{tools.folder}{os.pathsep}{environment('PATH')}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder, "authority")
    passwords = {name: secrets.token_hex(16) for name in ("broker", "owner", *BUILDS)}
    properties = (
        SECURE.replace("JAAS", JAAS.format(user="broker", password=passwords["broker"]))
        .replace("KEYSTORE", str(authority.keystore(folder)))
        .replace("AUTHORITY", str(authority.path))
    )
    users: list[str] = []
    for name, password in passwords.items():
        users += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
    try:
        broker = JavaBroker(properties, format_with=users)
        tools = KafkaTools(folder / "kafka-tools")
    except Unavailable as error:
        missing(error)
    made = Secure(folder, authority, passwords, broker)
    try:
        made.printed = made.grant(tools)
        yield made
    finally:
        broker.close()


async def send(cluster: Cluster, topic: str) -> None:
    """Send one record and let go of the broker."""
    sender = KafkaSender(cluster, "test")
    try:
        await sender.send(topic, [RECORD])
    finally:
        await sender.stop()


async def seen_and_read(cluster: Cluster, topic: str) -> tuple[set[str], int]:
    """Return all topics that a user is shown, and how many records it finds on one of them."""
    place = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(**cluster.options(client="test"))
    await consumer.start()
    try:
        shown = set(await consumer.topics())
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        record = await consumer.getone(place)
        return shown, int(record.offset) + 1
    finally:
        await consumer.stop()


def test_the_owner_makes_the_topics_over_tls_and_no_service_may(secure: Secure) -> None:
    """P37 too: the password is in a file, and nothing that is printed holds it."""
    refused = secure.quittance("dunning", "topics", "apply")
    assert refused.returncode != 0
    done = secure.quittance("owner", "topics", "apply")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("created=True") == 2 * len(BUILDS)
    printed = refused.stdout + refused.stderr + done.stdout + done.stderr + secure.printed
    assert not [user for user, word in secure.passwords.items() if word in printed]


async def test_a_service_writes_its_own_topics_and_no_other(secure: Secure) -> None:
    for service in BUILDS:
        await send(secure.cluster(service), topic_of(service))
        mirrored = MirroredTopic(secure.cluster(service), service)
        await mirrored.send([replace_key(RECORD, service)])
        assert list(await mirrored.read()) == [service.encode()]
        await mirrored.stop()
    with pytest.raises(NotSent, match="TopicAuthorizationFailed"):
        await send(secure.cluster("dunning"), topic_of("factoring"))
    with pytest.raises(NotSent, match="TopicAuthorizationFailed"):
        await send(secure.cluster("gateway"), topic_of("ingest"))


def replace_key(record: Record, key: str) -> Record:
    """Return the record under another key."""
    return record._replace(key=key.encode())


async def test_a_service_reads_what_it_hears_and_sees_nothing_else(secure: Secure) -> None:
    """Whoever may not read a topic is not even told that it is there."""
    for service, heard in {
        "ingest": {"gateway"},
        "dunning": {"invoicing", "gateway"},
        "gateway": {"ingest", "invoicing", "dunning", "factoring"},
    }.items():
        own = {topic_of(service), parked_topic_of(service)}
        one = topic_of(min(heard))
        shown, count = await seen_and_read(secure.cluster(service), one)
        assert shown == own | {topic_of(other) for other in heard}
        assert count == 1


async def test_nobody_gets_in_with_a_wrong_password_without_tls_or_by_another_authority(
    secure: Secure, tmp_path: Path
) -> None:
    known = secure.cluster("dunning")
    wrong = tmp_path / "password"
    wrong.write_text("wrong")
    stranger = Authority(tmp_path, "stranger")
    for cluster in (
        replace(known, password=wrong),
        replace(known, authority=stranger.path),
        replace(known, authority=None),
        Cluster(bootstrap=known.bootstrap),
    ):
        with pytest.raises(NotSent):
            await send(cluster, topic_of("dunning"))
