"""The databases of the distributed shape, made by the script that production runs."""

import subprocess
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from libs.runtime import migrate
from tests.distributed.postgres import RolesServer
from tests.engines import ROOT, Unavailable, missing

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RolesServer]:
    """Return a server on which init.sql was run by psql, as the image of PostgreSQL runs it."""
    folder = tmp_path_factory.mktemp("deploy")
    script = folder / "secrets.sh"
    script.write_bytes((ROOT / "deploy" / "secrets.sh").read_bytes())
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    try:
        made = RolesServer(folder / "secrets")
    except Unavailable as error:
        missing(error)
    made.psql(ROOT / "deploy" / "postgres" / "init.sql")
    yield made
    made.close()


def test_a_service_may_record_events_and_never_change_them(server: RolesServer) -> None:
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


def test_not_even_the_owner_changes_an_event(server: RolesServer) -> None:
    migrate.upgrade("factoring", server.engine("owner", "factoring"), "factoring")
    owner = server.engine("owner", "factoring")
    with pytest.raises(ProgrammingError, match="never changed"), owner.begin() as db:
        db.execute(text("delete from events"))


def test_a_service_cannot_look_into_another_ones_database(server: RolesServer) -> None:
    with pytest.raises(OperationalError, match="permission denied"):
        server.engine("dunning", "factoring").connect()


def test_every_service_works_with_the_key_store(server: RolesServer) -> None:
    migrate.upgrade("keys", server.engine("owner", "keys"), "keys")
    for role in ("ingest", "invoicing", "dunning", "factoring", "gateway"):
        with server.engine(role, "keys").begin() as db:
            assert db.execute(text("select count(*) from subject_keys")).scalar_one() == 0


def test_the_passwords_come_from_the_files(server: RolesServer) -> None:
    with server.engine("postgres", "postgres").connect() as db:
        wanted = text("select rolname, rolpassword from pg_authid where rolcanlogin")
        stored = {row.rolname: row.rolpassword for row in db.execute(wanted)}
    roles = {"postgres", "owner", "ingest", "invoicing", "dunning", "factoring", "gateway"}
    assert {role for role, secret in stored.items() if secret} == roles
    assert len({stored[role] for role in roles}) == len(roles)


def test_nobody_gets_in_with_another_ones_password(server: RolesServer) -> None:
    wrong = server.engine("dunning", "dunning", password=server.password("factoring"))
    with pytest.raises(OperationalError, match="password authentication failed"):
        wrong.connect()
