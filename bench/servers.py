"""The engines that figures are taken on: PostgreSQL over TCP, Kafka, SQLite files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.distributed.cluster import PostgresServer
from tests.engines import Databases, JavaBroker

Create = Callable[[str], str]
"""Makes an empty database of a name and returns its URL."""


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Run a server for one bench, as it is configured by itself.

    Over TCP: batches of the library that is the anchor hang on a Unix socket.
    """
    server = PostgresServer()
    try:
        yield server
    finally:
        server.close()


@contextmanager
def kafka() -> Iterator[JavaBroker]:
    """Run one broker for one bench."""
    broker = JavaBroker()
    try:
        yield broker
    finally:
        broker.close()


@contextmanager
def on_postgres() -> Iterator[Create]:
    """Run a server and yield what makes databases on it."""
    with postgres() as server:
        databases = Databases(server.url("postgres"))
        yield lambda _: databases.create()
        databases.drop()


@contextmanager
def on_sqlite() -> Iterator[Create]:
    """Yield what makes databases in a folder that goes with the bench."""
    with TemporaryDirectory() as folder:
        yield lambda name: f"sqlite:///{Path(folder) / name}.db"


ENGINES = (("PostgreSQL", on_postgres), ("SQLite", on_sqlite))
