"""What refuses to start, because it could lose what it took (P2, P36)."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from libs.events.values import SubjectId
from libs.runtime.clock import Clock
from libs.runtime.engines import UnsafeSetUp, check_durable, open_engine
from libs.runtime.serve import check_address
from libs.runtime.settings import Settings
from libs.runtime.system import System, open_vault
from services.command import serving


def test_sqlite_below_full_is_refused(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'log.db'}", poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _loosen(connection: object, _: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined]

    with pytest.raises(UnsafeSetUp, match="FULL"):
        check_durable(engine)
    engine.dispose()
    safe = open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    check_durable(safe)
    safe.dispose()


@pytest.mark.postgres
def test_postgresql_that_answers_before_the_disk_has_it_is_refused(
    postgres_database: Callable[[], str],
) -> None:
    url = postgres_database()
    safe = open_engine(url)
    check_durable(safe)
    safe.dispose()
    joint = "&" if "?" in url else "?"
    loose = open_engine(f"{url}{joint}options=-csynchronous_commit%3Doff")
    with pytest.raises(UnsafeSetUp, match="synchronous_commit"):
        check_durable(loose)
    loose.dispose()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - refused, that is
def test_plain_http_where_others_can_listen_is_refused(host: str) -> None:
    with pytest.raises(UnsafeSetUp, match="plain HTTP"):
        check_address(Settings(host=host))
    check_address(Settings(host=host, behind_proxy=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_plain_http_on_the_own_machine_is_allowed(host: str) -> None:
    check_address(Settings(host=host))


def test_demo_data_has_no_place_in_the_distributed_shape() -> None:
    settings = Settings(database="postgresql://db/{service}", kafka="broker:9092", demo=True)
    with pytest.raises(UnsafeSetUp, match="demo"):
        serving.distributed(settings, "dunning")


def test_a_second_system_on_a_data_folder_is_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, demo=False)
    first = System(settings, {}, Clock())
    with pytest.raises(UnsafeSetUp, match="in use by another process"):
        System(settings, {}, Clock())
    first.close()
    System(settings, {}, Clock()).close()


def test_a_distributed_service_without_its_master_key_is_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database="postgresql://db/{service}", kafka="b:9092")
    with pytest.raises(UnsafeSetUp, match="QUITTANCE_MASTER_KEY"):
        open_vault(settings, Clock())


def test_a_master_key_that_does_not_fit_its_key_store_is_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, demo=False)
    first = open_vault(settings, Clock())
    first.ensure([SubjectId("somebody")])
    first.close()
    (tmp_path / "master.key").write_bytes(b64encode(b"x" * 32))
    with pytest.raises(UnsafeSetUp, match="one backup"):
        open_vault(settings, Clock())
    (tmp_path / "master.key").write_bytes(b"c2hvcnQ=")
    with pytest.raises(UnsafeSetUp, match="32 bytes"):
        open_vault(settings, Clock())
