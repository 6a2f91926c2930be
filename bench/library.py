"""The anchor: the library `eventsourcing` 9.5.6, with aggregates of the same content as ours."""

from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from sqlalchemy import make_url
from typing_extensions import override

from bench.facts import TEXT
from bench.servers import Create

CONNECTIONS = 32
"""As many as it has callers at most: nobody waits for a connection."""


class Member(Aggregate):
    """The anchor's aggregate."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def rename(self, name: str) -> None:
        self.trigger_event(self.Renamed, name=name, text=TEXT)

    class Renamed(Aggregate.Event):
        """A further fact of the same size."""

        name: str
        text: str

        @override
        def apply(self, aggregate: Any) -> None:
            aggregate.name = self.name


def library(create: Create, name: str) -> Application[Any]:
    """Return an application of the library on an empty database; it makes its own tables."""
    url = make_url(create(name))
    if url.get_backend_name() == "sqlite":
        return Application(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(url.database),
                "SQLITE_LOCK_TIMEOUT": "30",
            }
        )
    return Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(url.database),
            "POSTGRES_HOST": str(url.host),
            "POSTGRES_PORT": str(url.port),
            "POSTGRES_USER": str(url.username),
            "POSTGRES_PASSWORD": "none",
            "POSTGRES_POOL_SIZE": str(CONNECTIONS),
            "POSTGRES_MAX_OVERFLOW": "0",
        }
    )


def saved(app: Application[Any], count: int) -> int:
    """Save so many new aggregates in one transaction."""
    app.save(*(Member(name=str(number), text=TEXT) for number in range(count)))
    return count
