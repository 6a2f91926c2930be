"""Where Kafka is and how we show who we are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.helpers import create_ssl_context


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Address and credentials. With an authority it speaks TLS, with a user SASL (P36)."""

    bootstrap: str
    authority: Path | None = None
    """PEM file of the authority that signed the brokers' certificates."""
    user: str = ""
    password: Path | None = None
    """File with the user's password."""

    def options(self, *, client: str) -> dict[str, Any]:
        """Return the arguments that every aiokafka client takes."""
        tls, login = self.authority is not None, bool(self.user)
        protocol = {
            (False, False): "PLAINTEXT",
            (True, False): "SSL",
            (False, True): "SASL_PLAINTEXT",
            (True, True): "SASL_SSL",
        }[tls, login]
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "client_id": f"quittance-{client}",
            "security_protocol": protocol,
        }
        if tls:
            options["ssl_context"] = create_ssl_context(cafile=self.authority)
        if login:
            assert self.password is not None, "a Kafka user without a password file"
            options["sasl_mechanism"] = "SCRAM-SHA-512"
            options["sasl_plain_username"] = self.user
            options["sasl_plain_password"] = self.password.read_text(encoding="utf-8").strip()
        return options
