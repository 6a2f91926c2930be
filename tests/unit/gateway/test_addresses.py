"""Where webhooks go: to public addresses alone, and to the one that was checked (P25, B59)."""

import asyncio
import base64
import hmac
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from libs.runtime.engines import UnsafeSetUp
from services.gateway import calling
from services.gateway.addresses import Forbidden, checked, is_public, networks, parsed
from services.gateway.calling import Caller
from tests.authority import Authority
from tests.receiver import receiver

FORBIDDEN = (
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/",
    "https://0177.0.0.1/", "https://127.0.0.1:8443/x", "https://localhost/",
    "https://0.0.0.0/", "https://0/", "https://10.0.0.1/", "https://10.255.255.255/",
    "https://172.16.0.1/", "https://172.31.255.1/", "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/", "https://192.0.0.8/",
    "https://192.0.2.1/", "https://192.88.99.1/", "https://198.18.0.1/", "https://198.51.100.1/",
    "https://203.0.113.1/", "https://224.0.0.1/", "https://239.255.255.250/",
    "https://240.0.0.1/", "https://255.255.255.255/",
    "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
    "https://[2001::1]/", "https://[2001:db8::1]/", "https://[fe80::1]/", "https://[fe80::1%251]/",
    "https://[fec0::1]/", "https://[fc00::1]/", "https://[fd12:3456::1]/", "https://[ff02::1]/",
    "https://[3fff::1]/", "https://[100::1]/",
    "http://8.8.8.8/", "ftp://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8/", "//8.8.8.8/",
    "javascript:alert(1)", "unix:///run/x.sock", "8.8.8.8", "",
    "https://user@8.8.8.8/", "https://user:secret@8.8.8.8/", "https://8.8.8.8@127.0.0.1/",
    "https://8.8.8.8/#fragment", "https://8.8.8.8\\@127.0.0.1/", "https://8.8.8.8 /",
    "https://8.8.8.8\t.example/", "https:///path", "https://8.8.8.8:0/", "https://8.8.8.8:99999/",
    "https://[::1", "https://\uff11\uff12\uff17.0.0.1/", "https://nowhere.invalid/",
    "https://8.8.8.8/" + "x" * 500,
)  # fmt: skip
"""Sixty and more: loopback in every spelling, private, of the link, mapped, other schemes."""

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_b59_an_address_that_is_not_public_is_refused_and_never_connected_to(url: str) -> None:
    """At registration and at delivery alike: both ask the same."""

    async def ask() -> None:
        with pytest.raises(Forbidden):
            await Caller().check(url)
        outcome = await Caller().post(url, {}, b"")
        assert outcome.status is None
        assert outcome.outcome.startswith("forbidden_")

    asyncio.run(ask())


@pytest.mark.parametrize("address", ["8.8.8.8", "194.150.245.142", "2001:4860:4860::8888"])
def test_a_public_address_is_taken(address: str) -> None:
    assert is_public(ip_address(address))


def test_b59_a_name_that_stands_for_something_else_a_moment_later_gains_nothing() -> None:
    """It is resolved once for each call; the connection goes to the address that was checked."""

    async def scene() -> None:
        async with receiver() as server:
            asked: list[str] = []

            async def rebinding(host: str, _: int) -> Sequence[str]:
                asked.append(host)
                return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

            caller = Caller(networks("127.0.0.0/8"), rebinding)
            url = f"http://praxis.example:{server.port}/hook?x=1"
            outcome = await caller.post(url, {}, b"{}")
            assert (outcome.outcome, outcome.status) == ("delivered", 204)
            assert asked == ["praxis.example"]
            (got,) = server.got
            assert got.headers["host"] == f"praxis.example:{server.port}"
            assert got.path == "/hook?x=1"
            again = await caller.post(url, {}, b"{}")
            assert again.outcome == "forbidden_scheme", "and the next call asks anew"
            assert len(server.got) == 1

    asyncio.run(scene())


def test_p25_the_server_must_prove_the_name_that_was_given_though_its_address_is_called(
    tmp_path: Path,
) -> None:
    """The certificate is of `localhost` and 127.0.0.1; under another name nobody believes it."""
    authority = Authority(tmp_path, "Webhooks")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(authority.keystore(tmp_path))
    trusting = ssl.create_default_context(cafile=str(authority.path))

    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def scene() -> None:
        async with receiver(served) as server:
            trusted = Caller(networks("127.0.0.0/8"), here, trusting)
            stranger = Caller(networks("127.0.0.0/8"), here)
            for caller, host, outcome in (
                (trusted, "localhost", "delivered"),
                (trusted, "praxis.example", "not_reached"),
                (stranger, "localhost", "not_reached"),
            ):
                found = await caller.post(f"https://{host}:{server.port}/", {}, b"{}")
                assert found.outcome == outcome, host
            assert len(server.got) == 1

    asyncio.run(scene())


def test_b59_one_forbidden_address_among_a_names_is_enough() -> None:
    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["8.8.8.8", "127.0.0.1"]

    async def ask() -> None:
        with pytest.raises(Forbidden, match="address"):
            await checked(parsed("https://praxis.example/"), (), both)

    asyncio.run(ask())


def test_a_setting_that_names_no_network_stops_the_start() -> None:
    with pytest.raises(UnsafeSetUp, match="QUITTANCE_WEBHOOK_NETWORKS"):
        networks("127.0.0.1/8, nonsense")


def test_a_message_is_signed_as_standard_webhooks_says() -> None:
    """The vector of the specification's own libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = calling.signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = calling.headers_of([secret, b"old"], "m", AT, body)
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
    made = hmac.digest(b"old", b"m.%d." % AT.timestamp() + body, "sha256")
    assert headers["webhook-signature"].split()[1] == f"v1,{base64.b64encode(made).decode()}"
