"""Runs the HTTP interface of a process until it is told to stop, then stops cleanly (P40)."""

import gc
import ipaddress
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from libs.runtime.connections import Limits, bounded
from libs.runtime.engines import UnsafeSetUp
from libs.runtime.settings import Settings

GRACE_SECONDS = 10
COLLECTED_AFTER = (20_000, 20, 50)
"""New objects until the youngest are looked through, and how often until the older ones are."""
OTHER_FILES = 500
"""Databases, documents, brokers: what is open besides the connections."""


def check_address(settings: Settings) -> None:
    """Refuse plain HTTP where others can listen, unless TLS ends at a proxy in front."""
    if settings.tls_certificate is not None or settings.behind_proxy:
        return
    for *_, address in socket.getaddrinfo(settings.host, settings.port):
        if not ipaddress.ip_address(address[0]).is_loopback:
            raise UnsafeSetUp(
                f"{settings.host} can be reached from outside over plain HTTP. Set"
                " QUITTANCE_TLS_CERTIFICATE and QUITTANCE_TLS_KEY, or QUITTANCE_BEHIND_PROXY=1"
                " where a proxy speaks TLS in front."
            )


def listen(settings: Settings) -> socket.socket:
    """Return a bound socket; port 0 finds a free one."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise UnsafeSetUp(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror});"
            " set QUITTANCE_PORT."
        ) from None
    return bound


def _allow_files(connections_max: int) -> None:
    """Let the process have a file for each connection, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_max + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def keep_what_is_loaded() -> None:
    """Spare the garbage collector what lives as long as the process: code, routes, statements.

    By default it walks all of that again and again under load, in the middle of requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


class Server(uvicorn.Server):
    """A server that says when it answers, and when it was told to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._ready = ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the sockets, then tell."""
        await super().startup(sockets)
        keep_what_is_loaded()
        await self._ready()

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by returning: raised again, the signal would end us before feeds and relay stop."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def server(
    app: FastAPI, settings: Settings, ready: Callable[[], Awaitable[None]]
) -> uvicorn.Server:
    """Return a server for an app; it handles Ctrl-C and SIGTERM itself."""
    limits = Limits(
        request_seconds_max=settings.request_seconds_max,
        idle_seconds_max=settings.idle_seconds_max,
        connections_max=settings.connections_max,
    )
    _allow_files(settings.connections_max)
    config = uvicorn.Config(
        app,
        http=bounded(limits),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.idle_seconds_max,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=512,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    return Server(config, ready)
