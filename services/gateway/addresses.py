"""Which addresses a webhook may name, and which machines may be reached by it (P25, B59).

A name is resolved once, each address that it has is checked, and the connection goes to the checked
one: what a name stands for a moment later does not matter. Spellings of addresses that only the
resolver understands (`127.1`, `2130706433`) are judged by what it makes of them.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

import httpx

from libs.runtime.engines import UnsafeSetUp

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses; raises OSError for a name that there is not."""

URL_LENGTH_MAX: Final = 500
PORT_MAX: Final = 65_535
_NAMES = ThreadPoolExecutor(16, "names")
_STRANGE = re.compile(r"[^!-~]|[\\<>\"^`{|}]")

FORBIDDEN_4: Final = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
"""Not public, by the registry of special addresses (RFC 6890): private, of the link, of groups."""

PUBLIC_6: Final = IPv6Network("2000::/3")
FORBIDDEN_6: Final = tuple(
    IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""Inside of the public range: tunnels that end at an address of version 4, and examples."""


class Forbidden(Exception):
    """This address must not be called; `why` is a word for logs and lists."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def networks(setting: str) -> tuple[Network, ...]:
    """Return the networks of the setting. Raises UnsafeSetUp for what is none."""
    try:
        return tuple(ip_network(part.strip()) for part in setting.split(",") if part.strip())
    except ValueError:
        raise UnsafeSetUp(
            "QUITTANCE_WEBHOOK_NETWORKS holds networks like 10.1.0.0/16, separated by commas."
        ) from None


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public network."""
    if isinstance(address, IPv4Address):
        return not any(address in net for net in FORBIDDEN_4)
    return address in PUBLIC_6 and not any(address in net for net in FORBIDDEN_6)


def parsed(url: str) -> httpx.URL:
    """Return an address as it is called. Raises Forbidden for what is no plain web address."""
    if len(url) > URL_LENGTH_MAX or _STRANGE.search(url):
        raise Forbidden("malformed")
    try:
        found = httpx.URL(url)
        port = found.port
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise Forbidden("malformed") from None
    if found.scheme not in {"https", "http"}:
        raise Forbidden("scheme")
    if found.userinfo or found.fragment or "@" in found.netloc.decode():
        raise Forbidden("userinfo")
    if not found.host or (port is not None and not 0 < port <= PORT_MAX):
        raise Forbidden("host")
    return found


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host. Slow answers keep threads of their own busy, no others."""

    def ask() -> Sequence[str]:
        return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

    return await asyncio.get_running_loop().run_in_executor(_NAMES, ask)


async def checked(
    url: httpx.URL, allowed: Sequence[Network], resolve: Resolve = resolved
) -> Address:
    """Return the one address to connect to; raises Forbidden if any of the name's is forbidden."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = [ip_address(one.partition("%")[0]) for one in await resolve(url.host, port)]
    except (OSError, UnicodeError, ValueError):
        raise Forbidden("unknown_host") from None
    if not found:
        raise Forbidden("unknown_host")
    ours = [any(one in net for net in allowed) for one in found]
    if url.scheme != "https" and not all(ours):
        raise Forbidden("scheme")
    if not all(own or is_public(one) for one, own in zip(found, ours, strict=True)):
        raise Forbidden("address")
    return found[0]
