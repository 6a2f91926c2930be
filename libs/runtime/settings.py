"""Every setting of the program, read once, from variables that begin with QUITTANCE_."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults are right for the embedded shape. Secrets are files, never variables."""

    model_config = SettingsConfigDict(env_prefix="QUITTANCE_", frozen=True, extra="ignore")

    data: Path = Field(default=Path("data"), description="Folder of databases, documents and keys.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, description="Port to listen on.")
    demo: bool = Field(
        default=True, description="Play the demo cooperative on the first embedded start."
    )
    demo_seed: int = Field(default=1, description="Seed of the demo cooperative.")
    demo_days: int = Field(default=182, description="Days that the demo plays.")
    tls_certificate: Path | None = Field(
        default=None, description="PEM file; serves HTTPS with tls_key."
    )
    tls_key: Path | None = Field(default=None, description="PEM file of the certificate's key.")
    behind_proxy: bool = Field(
        default=False,
        description="TLS ends at a proxy in front; allows plain HTTP on a public address.",
    )
    database: str = Field(
        default="",
        description="PostgreSQL URL with {service} in it, e.g. postgresql://{service}@db/{service};"
        " empty: SQLite files in the data folder.",
    )
    database_password: Path | None = Field(
        default=None, description="File with the database password."
    )
    database_owner: str = Field(
        default="", description="The same for the owner role; only `quittance migrate` uses it."
    )
    database_owner_password: Path | None = Field(
        default=None, description="File with its password."
    )
    kafka: str = Field(default="", description="Bootstrap servers; set together with `database`.")
    kafka_authority: Path | None = Field(
        default=None, description="PEM file of the authority that signed the brokers' certificates."
    )
    kafka_user: str = Field(
        default="", description="User at the brokers (SCRAM-SHA-512); empty: none."
    )
    kafka_password: Path | None = Field(default=None, description="File with the user's password.")
    peers: str = Field(
        default="http://{service}:8000",
        description="URL of another service, with {service} in it; or several on one machine:"
        " ingest=http://127.0.0.1:8001,dunning=http://127.0.0.1:8002.",
    )
    metrics_port: int = Field(
        default=0, description="Port of /metrics alone; 0: beside the rest of the interface."
    )
    master_key: Path | None = Field(
        default=None,
        description="File with the 32-byte key that wraps the subject keys; default in data.",
    )
    body_bytes_max: int = Field(default=20_000_000, description="Largest request body taken (B12).")
    archive_bytes_max: int = Field(
        default=100_000_000,
        description="Largest archive of messages taken, packed; it may take as much longer to come"
        " than another body as it may be larger.",
    )
    paper_bytes_max: int = Field(
        default=10_000_000, description="Largest scan or finished invoice taken (B12)."
    )
    paper_pages_max: int = Field(
        default=50, description="Pages that a scan or a finished invoice may have."
    )
    sheet_twice_from_rappen: int = Field(
        default=100_000,
        description="From this amount on a second clerk keys a sheet blind, in rappen.",
    )
    paper_pixels_max: int = Field(
        default=40_000_000, description="Dots that one page of a scan may have: A4 at 600 an inch."
    )
    request_seconds_max: float = Field(
        default=30.0, description="Longest time for a request's head, and for its body (B48)."
    )
    idle_seconds_max: int = Field(
        default=30, description="Longest time that a connection may be open and ask for nothing."
    )
    connections_max: int = Field(
        default=4_000,
        description="Open connections; the one idle longest makes room for a new one.",
    )
    requests_max: int = Field(
        default=64,
        description="Requests worked on at a time before 503 is answered (P41); bank files may use"
        " a quarter more.",
    )
    requests_each_max: int = Field(
        default=16, description="The same for one practice, before 429 is answered."
    )
    names: str = Field(
        default="",
        description="Host names that are answered, separated by commas, others get 421 (B46);"
        " empty: all.",
    )
    webhook_networks: str = Field(
        default="",
        description="Networks (CIDR, separated by commas) that webhooks may be sent to although"
        " they are not public, over http too; for tests and development.",
    )
    queue_max: int = Field(
        default=2_000, description="Commands that may wait before 503 is answered."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Log level."
    )
    creditor_name: str = Field(
        default="Quittance Genossenschaft", description="Name of the account holder on the QR-bill."
    )
    creditor_street: str = Field(default="Bahnhofstrasse", description="Its street.")
    creditor_house_no: str = Field(default="12", description="Its house number.")
    creditor_zip: str = Field(default="6003", description="Its postal code.")
    creditor_city: str = Field(default="Luzern", description="Its town.")
    creditor_phone: str = Field(
        default="041 555 00 00", description="Telephone that letters name for questions (BR-130)."
    )
    creditor_email: str = Field(
        default="fragen@quittance.example", description="E-mail address that letters name."
    )
    creditor_iban: str = Field(
        default="CH4431999123000889012", description="QR-IBAN to which debtors pay (payments 1.1)."
    )

    @property
    def distributed(self) -> bool:
        """Whether services are processes of their own on PostgreSQL and Kafka."""
        return bool(self.database)

    def peer(self, service: str) -> str:
        """Return the URL of another service's internal HTTP interface."""
        named = dict(part.split("=", 1) for part in self.peers.split(",") if "=" in part)
        return named[service] if named else self.peers.format(service=service)


class Rehearsal(BaseSettings):
    """What a test of crashes tells a process: without the prefix, so that it is no setting."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    crashpoint: str = Field(default="", description="Point at which the process kills itself.")
    crashpoint_data: Path | None = Field(
        default=None, description="The data folder once more: the one that may be hurt."
    )
