"""Sends a message to a webhook: signed, to a checked address, within bounds of time and size.

Standard Webhooks: headers webhook-id, webhook-timestamp, webhook-signature; HMAC-SHA256 over
`id.timestamp.body`, in base64 behind `v1,`; several signatures while a secret is replaced.
"""

import asyncio
import base64
import hmac
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from time import perf_counter
from typing import Final

import httpx
import msgspec

from libs.runtime.vault import Vault
from services.gateway.addresses import Forbidden, Network, Resolve, checked, parsed, resolved
from services.gateway.deliveries import DELIVERED, Outcome
from services.gateway.feed import Fact

SECONDS_MAX: Final = 30
"""For a whole call: name, connection, request and answer (F43)."""
ANSWER_BYTES_MAX: Final = 65_536
PREFIX: Final = "whsec_"
AGENT: Final = "Quittance-Webhooks/1"
AT_ONCE: Final = 200


def secret_text(vault: Vault, webhook_id: str, number: int) -> str:
    """Return a webhook's secret as it is shown, once."""
    return PREFIX + base64.b64encode(vault.secret("webhook", webhook_id, str(number))).decode()


def secrets_of(
    vault: Vault, webhook_id: str, number: int, old_until: datetime | None, now: datetime
) -> Sequence[bytes]:
    """Return the secrets that sign now: the newest, and for a while the one before (F46)."""
    numbers = [number]
    if old_until is not None and now < old_until and number > 1:
        numbers.append(number - 1)
    return [vault.secret("webhook", webhook_id, str(one)) for one in numbers]


def signature(secrets: Sequence[bytes], message_id: str, seconds: int, body: bytes) -> str:
    """Return the value of webhook-signature: one signature for each secret."""
    signed = f"{message_id}.{seconds}.".encode() + body
    made = (hmac.digest(secret, signed, "sha256") for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)


def body_of(fact: Fact) -> bytes:
    """Return the message of a fact; the same each time it is sent."""
    told = {"type": fact.type, "timestamp": fact.shown["recorded_at"], "data": fact.shown}
    return msgspec.json.encode(told)


def headers_of(
    secrets: Sequence[bytes], message_id: str, at: datetime, body: bytes
) -> Mapping[str, str]:
    """Return the headers of a message that is sent at an instant."""
    seconds = int(at.timestamp())
    return {
        "content-type": "application/json",
        "user-agent": AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(secrets, message_id, seconds, body),
    }


class Caller:
    """Calls the addresses of webhooks; one for a process, closed with it."""

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        resolve: Resolve = resolved,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tls = tls

    async def check(self, url: str) -> None:
        """Raise Forbidden for an address that must not be called."""
        await checked(parsed(url), self._allowed, self._resolve)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send a message and return what came of it; nothing of the answer but its status."""
        async with self._room:
            begun = perf_counter()
            status, outcome = await self._sent(url, headers, body)
            took_ms = round((perf_counter() - begun) * 1_000)
        return Outcome(status=status, outcome=outcome, took_ms=took_ms)

    async def _sent(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int | None, str]:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                status, whole = await self._asked(url, headers, body)
        except Forbidden as forbidden:
            return None, f"forbidden_{forbidden.why}"
        except (TimeoutError, httpx.TimeoutException):
            return None, "timeout"
        except (httpx.HTTPError, OSError, ssl.SSLError):
            return None, "not_reached"
        if not whole:
            return status, "answer_too_long"
        if 300 <= status < 400:  # noqa: PLR2004 - redirects lead to unchecked addresses
            return status, "redirected"
        return status, DELIVERED if 200 <= status < 300 else "refused"  # noqa: PLR2004

    async def _asked(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bool]:
        """Return the answer's status, and whether it ended within its bounds.

        Each call has a connection of its own: one to the same machine under another name was
        proven to be that other name's, and must not be used again.
        """
        target = parsed(url)
        address = await checked(target, self._allowed, self._resolve)
        named = {**headers, "host": target.netloc.decode()}
        async with (
            httpx.AsyncClient(
                verify=self._context(), trust_env=False, follow_redirects=False, timeout=SECONDS_MAX
            ) as client,
            client.stream(
                "POST",
                target.copy_with(host=str(address)),
                headers=named,
                content=body,
                extensions={"sni_hostname": target.host},
            ) as answer,
        ):
            size = 0
            async for chunk in answer.aiter_raw():
                size += len(chunk)
                if size > ANSWER_BYTES_MAX:
                    return answer.status_code, False
            return answer.status_code, True

    def _context(self) -> ssl.SSLContext:
        """Return what proves the other side's certificate, made at the first call."""
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        return self._tls
